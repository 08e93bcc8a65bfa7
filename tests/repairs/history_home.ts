/** Homes on the disk whose rollouts other programs have changed, and the plain way to carry out a draft on them. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { type AbsPath, inHome } from "../../lib/core/path.ts";
import type { Change, EntryChange, RowChange } from "../../lib/core/plan.ts";
import { applySplices } from "../../lib/core/splice.ts";
import { factsAbout } from "../../lib/engine/facts.ts";
import { scan } from "../../lib/engine/scan.ts";
import { historyRepair } from "../../lib/repairs/history.ts";
import type { Draft, Facts, RepairOptions } from "../../lib/repairs/repair.ts";
import { compressZstd, expandZstd } from "../../lib/system/zstd.ts";
import { assertEquals, fail } from "../assert.ts";
import { machineOf } from "../engine/fixture.ts";
import { type BuiltHome, type BuiltThread, type HomeSpec, talk } from "../home.ts";

/** The facts about a home, with the provider its threads ought to have. */
export async function factsOf(home: BuiltHome, target = "custom"): Promise<Facts> {
  const machine = machineOf();
  const snapshot = await scan(machine, { home: home.path, sqliteHome: undefined });
  return factsAbout(machine, snapshot, { id: target, source: "named by the test" });
}

/** The thread of a label. */
export function threadOf(home: BuiltHome, label: string): BuiltThread {
  const found = home.threads.find((thread) => thread.label === label);
  if (found === undefined) throw new Error(`no thread "${label}"`);
  return found;
}

/** Absolute path of a file of a thread. */
export function pathOf(home: BuiltHome, label: string, segment = 0): AbsPath {
  const file = threadOf(home, label).files[segment];
  if (file === undefined) throw new Error(`no file ${segment} of "${label}"`);
  return inHome(home.path, file.path);
}

/** Rewrites the lines of a rollout as a program does that knows nothing of offsets. */
export function rewrite(path: AbsPath, change: (line: string, index: number) => string | undefined): void {
  const lines = Deno.readTextFileSync(path).split("\n");
  const rest = lines.flatMap((line, index) =>
    line === "" && index === lines.length - 1 ? [""] : change(line, index) ?? []
  );
  Deno.writeTextFileSync(path, rest.join("\n"));
}

/** Writes another provider into the first line, whatever that does to its length. */
export function rename(path: AbsPath, provider: string): void {
  rewrite(
    path,
    (line, index) =>
      index > 0 ? line : line.replace(/"model_provider":"[^"]*"/, `"model_provider":"${provider}"`),
  );
}

/** Runs SQL on the history database of a home. */
export function runSql({ history }: BuiltHome, sql: string, ...values: readonly SQLInputValue[]): void {
  runOn(history, sql, values);
}

/** Runs SQL on the thread index of a home. */
export function runIndex({ state }: BuiltHome, sql: string, ...values: readonly SQLInputValue[]): void {
  runOn(state, sql, values);
}

function runOn(path: AbsPath | undefined, sql: string, values: readonly SQLInputValue[]): void {
  const database = new DatabaseSync(path ?? "");
  try {
    database.prepare(sql).run(...values);
  } finally {
    database.close();
  }
}

/** Carries out the changes as they are written; fails where something else is there than they say. */
export function carryOut(home: BuiltHome, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.kind === "edit" || change.kind === "recode") {
      const path = inHome(home.path, change.path);
      const bytes = Deno.readFileSync(path);
      assertEquals(bytes.length, change.size);
      Deno.writeFileSync(
        path,
        change.kind === "edit"
          ? applySplices(bytes, change.splices)
          : compressZstd(applySplices(expandZstd(bytes), change.splices)),
      );
    } else if (change.kind === "entry") changeRow(change.database, change.table, change.key, change);
    else if (change.kind === "row") changeRow(change.database, "threads", { id: change.thread }, change);
    else throw new Error(`no such change is expected: ${change.kind}`);
  }
}

function changeRow(
  path: AbsPath,
  table: string,
  key: EntryChange["key"],
  change: EntryChange | RowChange,
): void {
  const removes = change.kind === "entry" && change.op === "remove";
  const cells = Object.entries(change.cells);
  const guard = [...Object.keys(key), ...cells.map(([name]) => name)].map((name) => `${name} is ?`).join(
    " and ",
  );
  const were = [...Object.values(key), ...cells.map(([, { before }]) => before)];
  const set = cells.map(([name]) => `${name} = ?`).join(", ");
  const database = new DatabaseSync(path);
  try {
    const done = removes
      ? database.prepare(`delete from ${table} where ${guard}`).run(...were)
      : database.prepare(`update ${table} set ${set} where ${guard}`)
        .run(...cells.map(([, { after }]) => after), ...were);
    assertEquals(Number(done.changes), 1, `${table} ${JSON.stringify(key)}`);
  } finally {
    database.close();
  }
}

/** A thread with forks of every depth, one that was reverted, one without relatives. */
export const FAMILY: HomeSpec = {
  config: { provider: "custom", providers: ["custom", "relay"] },
  threads: [
    { label: "root", provider: "custom", turns: talk("one", "two", "three") },
    { label: "child", provider: "custom", fork: { of: "root" }, turns: talk("child") },
    { label: "middle", provider: "custom", fork: { of: "root", turns: 2 }, turns: talk("middle") },
    { label: "grandchild", provider: "custom", fork: { of: "child" }, turns: talk("grandchild") },
    {
      label: "reverted",
      provider: "custom",
      turns: talk("r1", "r2"),
      reverts: [{ keep: 1, turns: talk("r3") }],
    },
    { label: "other", provider: "custom", turns: talk("a", "b") },
  ],
};

/** What is found, each as `severity code count repair`. */
export function found(facts: Facts): string[] {
  return historyRepair.find(facts).map(({ severity, code, count, repair }) =>
    `${severity} ${code} ${count} ${repair ?? "-"}`
  );
}

/** The evidence of a finding. */
export function samplesOf(facts: Facts, code: string): readonly string[] {
  return historyRepair.find(facts).find((finding) => finding.code === code)?.samples ?? [];
}

/** What the repair plans, for all threads unless told otherwise. */
export function plan(facts: Facts, more: Partial<RepairOptions> = {}): Draft {
  const options = { threads: [...facts.snapshot.threads.values()], from: undefined, ...more };
  return historyRepair.plan?.(facts, options) ?? fail("it has no plan");
}

/** Repairs a home and gives what was changed; nothing may be wrong or skipped afterwards. */
export async function repair(home: BuiltHome): Promise<readonly Change[]> {
  const { changes, skipped } = plan(await factsOf(home));
  assertEquals(skipped, []);
  carryOut(home, changes);
  assertEquals(found(await factsOf(home)), []);
  return changes;
}

/** What was changed, each as `kind names`. */
export function summaryOf(changes: readonly Change[]): string[] {
  return changes.map((change) =>
    change.kind === "entry"
      ? `${change.op} ${change.table} ${
        Object.keys(change.cells).length < 4 ? Object.keys(change.cells).join("+") : "all"
      }`
      : "sets" in change
      ? `${change.kind} ${Object.keys(change.sets).join("+")}`
      : change.kind
  ).sort();
}
