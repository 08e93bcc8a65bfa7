/** A file that cannot be read while a restore is planned is left as it is, and so is its thread. */
import { realDisk } from "../../lib/system/disk.ts";
import { fileError } from "../../lib/system/file_error.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { rolloutOf, runOn, threadId } from "./home.ts";
import { openStage, scenarioOf } from "./scenarios.ts";

Deno.test("restore --force does not take a disk that fails for a change that came since", async () => {
  const stage = await openStage(scenarioOf("restore --force"));
  try {
    const path = `${stage.home}/${rolloutOf(7)}`;
    const before = Deno.readFileSync(path);
    let opened = 0;
    const openRead: typeof realDisk.openRead = (name, options) => {
      // The scan opens it first, then whoever compares it with the record.
      if (name === path && ++opened === 2) {
        throw fileError("read", name, Object.assign(new Error("EIO"), { code: "EIO" }));
      }
      return realDisk.openRead(name, options);
    };
    const ran = await runOn(stage.home, { ...realDisk, openRead }, [...stage.argv, "--json"]);
    const { skipped } = JSON.parse(ran.out).result.plan;
    assertEquals([ran.code, skipped.length, skipped[0].subject], [8, 1, threadId(7)]);
    assertStringIncludes(skipped[0].reason, "the disk reports an error");
    assertEquals(Deno.readFileSync(path), before);
  } finally {
    stage.dispose();
  }
});

Deno.test("a home that cannot be listed is not taken for one without a database", async () => {
  const stage = await openStage(scenarioOf("sync"));
  try {
    const list: typeof realDisk.list = (name) => {
      if (name === stage.home) {
        throw fileError("list", name, Object.assign(new Error("EIO"), { code: "EIO" }));
      }
      return realDisk.list(name);
    };
    const ran = await runOn(stage.home, { ...realDisk, list }, ["sync", "--apply", "--json"]);
    const { errors } = JSON.parse(ran.out);
    assertEquals([ran.code, errors[0].code], [1, "failed"]);
    assertStringIncludes(errors[0].message, "the disk reports an error");
  } finally {
    stage.dispose();
  }
});
