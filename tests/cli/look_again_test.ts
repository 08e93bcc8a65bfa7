/** What a run says when it has changed a home that cannot be looked at afterwards. */
import type { AbsPath } from "../../lib/core/path.ts";
import { listRecords } from "../../lib/engine/records.ts";
import { type Disk, realDisk } from "../../lib/system/disk.ts";
import { buildHome, NEW, runOn } from "../crash/home.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";

/** A disk on which folders cannot be listed any more once a run is complete. */
function blindAfterwards(home: string, fault: Error): Disk {
  const isComplete = () => listRecords(realDisk, home as AbsPath).some(({ state }) => state === "complete");
  return {
    ...realDisk,
    list: (path) => {
      if (path.endsWith("sessions") && isComplete()) throw fault;
      return realDisk.list(path);
    },
  };
}

Deno.test("a home that cannot be looked at afterwards does not make a finished run a failed one", async () => {
  const root = Deno.makeTempDirSync({ prefix: "codexkeep-look-" });
  try {
    const home = `${root}/home`;
    buildHome(home, NEW);
    const ran = await runOn(home, blindAfterwards(home, new RangeError("odd")), [
      "sync",
      "--apply",
      "--json",
    ]);
    const { errors, result } = JSON.parse(ran.out);
    assertEquals([ran.code, errors[0].code, result.applied, result.verified], [8, "partial", true, null]);
    assertStringIncludes(errors[0].message, "the changes were made");
    assertStringIncludes(errors[0].message, "odd");
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
