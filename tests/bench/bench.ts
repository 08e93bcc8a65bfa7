/**
 * Measures the main commands on generated homes and writes `.github/FIGURES.md`.
 *
 *     deno task bench [--small]      the standalone executable is $CODEXKEEP_BIN, else dist/codexkeep
 *
 * Floors are measured beside the commands in the same run, because the speed of a machine drifts: compare the ratios.
 */
import { generate, listing, shiftedOffsets } from "./homes.ts";
import { replacePart } from "../proof/page.ts";
import { type Cost, measure, median, pythonMs } from "./measure.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const BINARY = Deno.env.get("CODEXKEEP_BIN") ?? `${ROOT}dist/codexkeep`;
const RUNS = 3;
/** Homes larger than this are measured once: a run takes long enough to be representative. */
const ONCE_ABOVE = 10_000;

/** What was measured on one home. */
interface Figures {
  readonly threads: number;
  readonly moved: number;
  readonly status: Cost;
  readonly diagnose: Cost;
  readonly sync: Cost;
  readonly noop: Cost;
  readonly restore: Cost;
  readonly shifted: number;
  readonly offsets: number;
  readonly written: number;
  readonly readFloorMs: number;
  readonly writeFloorMs: number;
}

/** Reads the first 32 KB of every rollout. */
const READ_FLOOR = `
for d,_,fs in os.walk(sys.argv[1]):
  for f in fs:
    if f.startswith('rollout-'):
      with open(os.path.join(d,f),'rb') as h: h.read(32768)`;

/** Replaces files durably, one after the other: 43 KB into a new file, sync, rename. */
const WRITE_FLOOR = `
os.makedirs(sys.argv[1]); data=b'x'*43000
for i in range(int(sys.argv[2])):
  p=os.path.join(sys.argv[1],str(i))
  with open(p+'.tmp','wb') as h: h.write(data); h.flush(); os.fsync(h.fileno())
  os.rename(p+'.tmp',p)`;

function run(home: string, ...args: readonly string[]): Cost {
  return measure([BINARY, ...args, "--codex-home", home, "--json"]);
}

function repeat(home: string, runs: number, ...args: readonly string[]): Cost {
  return median(Array.from({ length: runs }, () => run(home, ...args)));
}

function figuresOf(folder: string, threads: number): Figures {
  const home = `${folder}/home-${threads}`;
  const runs = threads > ONCE_ABOVE ? 1 : RUNS;
  generate(home, threads);
  run(home, "status"); // warm
  const status = repeat(home, runs, "status");
  const diagnose = repeat(home, runs, "diagnose");
  const readFloorMs = pythonMs(READ_FLOOR, [home]);
  const syncs: Cost[] = [];
  const restores: Cost[] = [];
  let noop: Cost | undefined;
  let written = 0;
  let offsets = { shifted: 0, total: 0 };
  for (let i = 0; i < runs; i++) {
    syncs.push(run(home, "sync", "--apply"));
    if (noop === undefined) {
      offsets = shiftedOffsets(home);
      const before = listing(home);
      noop = repeat(home, runs, "sync", "--apply");
      if (listing(home) !== before) written++;
    }
    restores.push(run(home, "restore", "latest", "--apply"));
  }
  const sync = median(syncs);
  const moved = JSON.parse(sync.stdout).result.plan.threads;
  const writeFloorMs = pythonMs(WRITE_FLOOR, [`${folder}/floor-${threads}`, String(moved)]);
  if (noop === undefined) throw new Error("nothing was measured");
  return {
    threads,
    moved,
    status,
    diagnose,
    sync,
    noop,
    restore: median(restores),
    shifted: offsets.shifted,
    offsets: offsets.total,
    written,
    readFloorMs,
    writeFloorMs,
  };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function table(all: readonly Figures[]): string {
  const row = (name: string, value: (figures: Figures) => string) =>
    `| ${name} | ${all.map(value).join(" | ")} |`;
  const cost = (name: string, pick: (figures: Figures) => Cost) =>
    row(name, (figures) => `${seconds(pick(figures).wallMs)}, ${pick(figures).peakMb} MB`);
  return [
    `| | ${all.map(({ threads }) => `${threads.toLocaleString("en")} threads`).join(" | ")} |`,
    `|---|${all.map(() => "---").join("|")}|`,
    cost("`status`", ({ status }) => status),
    cost("`diagnose`", ({ diagnose }) => diagnose),
    cost("first `sync --apply`", ({ sync }) => sync),
    row("… threads moved", ({ moved }) => moved.toLocaleString("en")),
    row("… stored byte offsets that no longer fit", ({ shifted, offsets }) => `${shifted} of ${offsets}`),
    cost("second `sync --apply`", ({ noop }) => noop),
    row("… files written by it", ({ written }) => String(written)),
    cost("`restore latest --apply`", ({ restore }) => restore),
    row("floor: read 32 KB of every rollout (Python)", ({ readFloorMs }) => seconds(readFloorMs)),
    row("floor: replace as many files durably (Python)", ({ writeFloorMs }) => seconds(writeFloorMs)),
    row("`sync` ÷ its floor", ({ sync, writeFloorMs }) => (sync.wallMs / writeFloorMs).toFixed(1)),
  ].join("\n");
}

function main(): void {
  const sizes = Deno.args.includes("--small") ? [2000] : [2000, 20_000];
  const folder = Deno.makeTempDirSync({ prefix: "codexkeep-bench-" });
  try {
    const all = sizes.map((n) => figuresOf(folder, n));
    const version = measure([BINARY, "--version", "--json"]).stdout;
    const { deno, sqlite } = JSON.parse(version).result;
    const commit = new TextDecoder().decode(
      new Deno.Command("git", { args: ["rev-parse", "--short", "HEAD"], cwd: ROOT }).outputSync().stdout,
    ).trim();
    const text = page(
      table(all),
      `${new Date().toISOString().slice(0, 10)}, commit ${commit}`,
      `Deno ${deno}, SQLite ${sqlite}`,
    );
    const path = `${ROOT}.github/FIGURES.md`;
    Deno.writeTextFileSync(path, replacePart(Deno.readTextFileSync(path), "bench", text));
    // deno-lint-ignore no-console -- a program of its own
    console.log(text);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function page(body: string, when: string, versions: string): string {
  return `Made by \`deno task bench\` with the standalone executable (${versions}); ${when}.
${navigator.hardwareConcurrency} processors, ${Deno.build.os} ${Deno.build.arch}. Median of ${RUNS} runs (one above ${
    ONCE_ABOVE.toLocaleString("en")
  } threads), files in the page cache; memory is the
peak of the process. The homes are generated: 43 KB a rollout with a first line of 21.8 KB, 70 % of the threads on other
providers than the one in use.

${body}`;
}

main();
