/** Every writing command a second time, at once: nothing is left to do, no record is made, no byte is otherwise (G41). */
import type { AbsPath } from "../../lib/core/path.ts";
import { listRecords } from "../../lib/engine/records.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { DatabaseSync } from "node:sqlite";
import { DATABASE, runUndisturbed } from "./home.ts";
import { NAIVE, openStage, type Scenario, SCENARIOS } from "./scenarios.ts";
import { fingerprint } from "./state.ts";

const GROUP = "every command twice";

/** What the second run did; empty: nothing. */
async function second(
  { home, argv, scenario, reset }: Awaited<ReturnType<typeof openStage>>,
): Promise<string[]> {
  reset();
  // "latest" will be another record: the one that takes this one back.
  const taken = listRecords(realDisk, home as AbsPath)[0]?.id ?? "";
  const first = await runUndisturbed(home, argv);
  assertEquals(first.code, scenario.code ?? 0, first.err);
  const records = () =>
    listRecords(realDisk, home as AbsPath).map(({ id, state }) => `${id} ${state}`).join();
  const [before, kept] = [fingerprint(home), records()];
  const same = argv.map((word) => word === "latest" ? taken : word);
  const again = await runUndisturbed(home, [...same, "--json"]);
  const after = fingerprint(home);
  const faults: string[] = [];
  // What was taken back cannot be taken back again, and a plan whose work is done is refused: both change nothing.
  if (![0, 2, 5].includes(again.code)) faults.push(`exit ${again.code}: ${again.err}${again.out}`);
  if (records() !== kept) faults.push("a record was made");
  if (after.join("\n") !== before.join("\n")) {
    faults.push(`otherwise: ${after.find((line) => !before.includes(line)) ?? "something is gone"}`);
  }
  return faults;
}

Deno.test("every writing command has nothing to do the second time", async () => {
  const started = performance.now();
  const faults: string[] = [];
  const scenarios: readonly Scenario[] = SCENARIOS.filter(({ links }) => links !== false);
  for (const scenario of scenarios) {
    const stage = await openStage(scenario);
    try {
      faults.push(...(await second(stage)).map((fault) => `${scenario.name}: ${fault}`));
    } finally {
      stage.dispose();
    }
  }
  report(
    GROUP,
    "on every kind of home",
    { commands: scenarios.length, "changed anything": faults.length },
    started,
  );
  assertEquals(faults, []);
});

Deno.test("a writer that always writes is found guilty", async () => {
  const started = performance.now();
  const stage = await openStage(NAIVE);
  try {
    stage.reset();
    const write = () => {
      const database = new DatabaseSync(`${stage.home}/${DATABASE}`);
      database.exec("update threads set updated_at = updated_at + 1");
      database.close();
    };
    write();
    const before = fingerprint(stage.home).join("\n");
    write();
    const isOtherwise = fingerprint(stage.home).join("\n") !== before;
    report(GROUP, "naive writer", { commands: 1, "changed anything": isOtherwise ? 1 : 0 }, started, {
      control: true,
    });
    assert(isOtherwise, "the fingerprint of a home sees nothing");
  } finally {
    stage.dispose();
  }
});
