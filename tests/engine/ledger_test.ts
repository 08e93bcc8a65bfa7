import type { AbsPath } from "../../lib/core/path.ts";
import type { Change, Plan, RowChange } from "../../lib/core/plan.ts";
import { appendLedger, readLedger } from "../../lib/engine/ledger.ts";
import { recordsDir } from "../../lib/engine/records.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assertEquals } from "../assert.ts";
import { withFolder } from "../home.ts";
import { machineOf } from "./fixture.ts";

const row = (thread: string, before: string | null): RowChange => ({
  kind: "row",
  database: "/h/state_5.sqlite" as AbsPath,
  thread,
  cells: { model_provider: { before, after: "new" } },
});

function planOf(home: AbsPath, changes: readonly Change[]): Plan {
  return { purpose: "sync", home, changes, skipped: [], reverts: undefined };
}

/** Runs `use` in a folder with a ledger of this text; undefined: without one. */
async function withLedger(
  text: string | undefined,
  use: (home: AbsPath, path: string) => void,
): Promise<void> {
  await withFolder((home) => {
    Deno.mkdirSync(recordsDir(home), { recursive: true });
    const path = `${recordsDir(home)}/ledger.jsonl`;
    if (text !== undefined) Deno.writeTextFileSync(path, text);
    use(home, path);
  });
}

Deno.test("readLedger() of a home without one is empty", async () => {
  await withFolder((home) => assertEquals(readLedger(realDisk, home), new Map()));
});

Deno.test("appendLedger() writes down where threads were first, and never again", async () => {
  await withLedger(undefined, (home, path) => {
    appendLedger(machineOf(), planOf(home, [row("t1", "a"), row("t2", "b")]));
    const first = Deno.readTextFileSync(path);
    appendLedger(machineOf(), planOf(home, [row("t1", "new"), row("t2", "b")]));
    assertEquals(Deno.readTextFileSync(path), first);
    appendLedger(machineOf(), planOf(home, [row("t1", "new"), row("t3", "c")]));
    assertEquals(readLedger(realDisk, home), new Map([["t1", "a"], ["t2", "b"], ["t3", "c"]]));
    assertEquals(Deno.readTextFileSync(path).startsWith(first), true);
    if (Deno.build.os !== "windows") assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  });
});

Deno.test("appendLedger() takes the word of a thread's file, then of its row, and writes nothing where there is none", async () => {
  await withLedger(undefined, (home, path) => {
    const { kind: _, database: __, cells: sets, ...thread } = row("t1", "file");
    const edit = {
      kind: "edit",
      path: "sessions/a",
      ...thread,
      sets,
      size: 0,
      splices: [],
    } as unknown as Change;
    appendLedger(machineOf(), planOf(home, [row("t2", null), { kind: "drop", record: "r", bytes: 0 }]));
    assertEquals(realDisk.lstat(path), undefined);
    appendLedger(machineOf(), planOf(home, [edit, row("t1", "row")]));
    assertEquals(readLedger(realDisk, home), new Map([["t1", "file"]]));
  });
});

Deno.test("readLedger() takes the first word on a thread and passes over what is no entry", async () => {
  const text = [
    '{"thread":"t1","provider":"a","seen":"x"}',
    '{"thread":"t1","provider":"b"}',
    '{"thread":"t2","prov',
    '{"thread":"t2","provider":3}',
    '{"thread":4,"provider":"x"}',
    '{"provider":"x","thread":"t9"}',
    '[{"thread":"t2","provider":"x"}]',
    "",
    '{"thread":"t2","provider":"c"}',
    '{"thread":"t3","provider":"d"}\r',
    '{"thread":"t4","provider":"torn"',
  ].join("\n");
  await withLedger(text, (home, path) => {
    assertEquals(readLedger(realDisk, home), new Map([["t1", "a"], ["t2", "c"], ["t3", "d"]]));
    // the next entry does not stick to the torn line
    appendLedger(machineOf(), planOf(home, [row("t4", "whole")]));
    assertEquals(readLedger(realDisk, home).get("t4"), "whole");
    assertEquals(Deno.readTextFileSync(path).startsWith(text + "\n"), true);
  });
});
