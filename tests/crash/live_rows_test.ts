/**
 * Every command that changes rows, beside programs that change the same rows: no newer value is overwritten, no row
 * that was added is touched or lost, the database stays sound and its log is never taken away. A build whose SQLite
 * must not write beside another connection refuses, and changes nothing.
 */
import { fileURLToPath } from "node:url";
import type { AbsPath } from "../../lib/core/path.ts";
import { listRecords, readChanges, readManifest } from "../../lib/engine/records.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import type { ThreadSpec } from "../home.ts";
import { report } from "../proof/figure.ts";
import { scaled } from "../proof/size.ts";
import { type Build, BUILDS, runBuild, writesBeside } from "../scripts/builds.ts";
import { pick } from "../scripts/contract.ts";
import { CONFIG, makeHome } from "../scripts/homes.ts";
import { randomFrom } from "./appender.ts";
import { checkRecords } from "./checker.ts";
import { DATABASE } from "./home.ts";
import { startBeside } from "./live_lines.ts";
import type { RowsWritten, RowWriting } from "./row_writer.ts";
import { readHome, removeTree } from "./state.ts";

const ROW_WRITER = fileURLToPath(new URL("./row_writer.ts", import.meta.url));
const STARTS = scaled(5, 150);
const WRITERS = 2;
const THREADS: readonly ThreadSpec[] = Array.from({ length: 12 }, (_, n) => ({
  provider: "openai",
  ...n % 3 === 1 ? { mode: "legacy" as const } : {},
}));

const KEEP = ["--keep", "5000"];
const COMMANDS: readonly ((target: string) => readonly string[])[] = [
  (target) => ["sync", "--to", target],
  (target) => ["switch", target],
  () => ["repair", "provider"],
  () => ["repair", "all"],
  () => ["restore", "latest", "--force"],
];

/** What came of it. */
interface Came {
  commands: number;
  applied: number;
  refused: number;
  leftOut: number;
  readonly faults: string[];
}

async function soak(build: Build, home: string, stays: boolean, seed: number) {
  const ids = makeHome(home, THREADS, CONFIG).map(({ id }) => id);
  const first = await runBuild(build, home, ["sync", "--to", "relay", "--apply", ...KEEP]);
  assertEquals(first.code, 0, JSON.stringify(first.document.errors));
  const isSafe = await writesBeside(build, home);
  const writers = await Promise.all(Array.from({ length: WRITERS }, (_, n) => {
    const threads = ids.filter((_, k) => k % 3 !== 2 && k % WRITERS === n);
    const pace = { stays, silenceMs: !stays ? 300 : n === 0 ? 6 : 250, seed: seed + n };
    const writing: RowWriting = { database: `${home}/${DATABASE}`, threads, name: `live${n}`, ...pace };
    return startBeside(ROW_WRITER, JSON.stringify(writing));
  }));
  const random = randomFrom(seed);
  const came: Came = { commands: 0, applied: 0, refused: 0, leftOut: 0, faults: [] };
  let written: readonly RowsWritten[];
  try {
    for (let n = 0; n < STARTS; n++) {
      await new Promise((resolve) => setTimeout(resolve, random() * 60));
      const target = random() < 0.5 ? "relay" : "custom";
      const words = COMMANDS[n % COMMANDS.length]?.(target) ?? [];
      const allow = stays || random() < 0.5 ? ["--allow-running"] : [];
      await act(build, home, [...words, ...allow, "--apply", ...KEEP], { stays, isSafe }, came);
    }
  } finally {
    written = (await Promise.all(writers.map(({ stop }) => stop()))).map((text) => JSON.parse(text));
  }
  came.faults.push(...checkRows(home, written), ...checkRecords(home));
  return { came, written, isSafe };
}

async function act(
  build: Build,
  home: string,
  argv: readonly string[],
  { stays, isSafe }: { readonly stays: boolean; readonly isSafe: boolean },
  came: Came,
): Promise<void> {
  const before = sidesOf(home);
  const { code, document } = await runBuild(build, home, argv);
  const what = `${argv.join(" ")}: exit ${code}`;
  const told = document.errors.map(({ message }) => message).join("; ");
  came.commands++;
  if (pick(document, "applied") === true) came.applied++;
  came.leftOut += Number(pick(document, "plan.skipped.length") ?? 0);
  // Without the others' connections there is no log to lose; with them it must be the very same one.
  if (stays && sidesOf(home) !== before) came.faults.push(`${what}: ${before} became ${sidesOf(home)}`);
  if ([3, 5, 6].includes(code)) came.refused++;
  const isFit = stays && !isSafe
    ? code === 5 || (code === 0 && pick(document, "applied") === false)
    : [0, 8].includes(code) || (!stays && [3, 5, 6].includes(code)) || (code === 2 && argv[0] === "restore");
  // The others may change a row once more between the end of a run and its second look at the home.
  const isLate = code === 8 && told.startsWith("not right afterwards: ");
  if (!isFit && !isLate) came.faults.push(`${what}: ${told}`);
  if ([3, 5, 6].includes(code) && document.errors.some(({ hint }) => hint === undefined)) {
    came.faults.push(`${what}: no hint: ${told}`);
  }
}

/** The files beside the database, and which they are. */
function sidesOf(home: string): string {
  return [...Deno.readDirSync(home)].map(({ name }) => name).filter((name) => name.startsWith(`${DATABASE}-`))
    .sort().flatMap((name) => {
      try {
        return [`${name} ${Deno.lstatSync(`${home}/${name}`).ino}`];
      } catch (error) {
        // A writer that comes and goes takes it away itself.
        if (error instanceof Deno.errors.NotFound) return [];
        throw error;
      }
    }).join(", ");
}

/** Whatever a run replaced is what it had read: some record says the very value that was there, which has a name of its own. */
function checkRows(home: string, written: readonly RowsWritten[]): string[] {
  const known = new Set<string>();
  for (const { id } of listRecords(realDisk, home as AbsPath)) {
    const manifest = readManifest(realDisk, home as AbsPath, id);
    for (const change of readChanges(realDisk, home as AbsPath, manifest)) {
      const cell = change.kind === "row" ? change.cells["model_provider"] : undefined;
      if (change.kind === "row" && cell) known.add(`${change.thread} ${cell.before}`);
    }
  }
  const { rows } = readHome(home);
  return written.flatMap(({ replaced, gone, added, unsound }) => [
    ...replaced.filter(({ thread, was }) => !known.has(`${thread} ${was}`)).map((one) =>
      `overwritten unseen: ${JSON.stringify(one)}`
    ),
    ...gone.map((id) => `the row of ${id} is gone`),
    ...added.filter((id) => !rows.has(id)).map((id) => `the new row ${id} is gone`),
    ...unsound > 0 ? [`${unsound} times unsound`] : [],
  ]);
}

for (const build of BUILDS) {
  for (const stays of [false, true]) {
    const how = stays ? "keep the database open" : "come and go";
    Deno.test(`live rows: no newer value is overwritten, ${build.name}, beside writers that ${how}`, async () => {
      const started = performance.now();
      const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
      const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-rows-" }));
      try {
        const { came, written, isSafe } = await soak(build, `${root}/home`, stays, seed);
        const { commands, applied, refused, leftOut, faults } = came;
        const sum = (of: (one: RowsWritten) => number) => written.reduce((total, one) => total + of(one), 0);
        const counts = {
          transactions: sum((one) => one.transactions),
          commands,
          applied,
          refused,
          "overwritten unseen": faults.filter((text) => text.startsWith("overwritten")).length,
          "rows changed by both": sum((one) => one.replaced.length),
          "threads left out": leftOut,
          "integrity checks": sum((one) => one.checks),
          unsound: sum((one) => one.unsound),
        };
        report(
          "rows changed beside live writers",
          `${build.name}, writers that ${how}, seed ${seed}`,
          counts,
          started,
        );
        assertEquals(faults, [], `seed ${seed}`);
        assertEquals(readHome(`${root}/home`).integrity, "ok");
        assert(counts.transactions > 0 && (applied > 0 || (stays && !isSafe)), "nothing happened");
      } finally {
        removeTree(root);
      }
    });
  }
}
