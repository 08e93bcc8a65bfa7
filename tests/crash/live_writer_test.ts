/** Repairs and restores a home again and again while another program goes on writing to some of its sessions. */
import { fileURLToPath } from "node:url";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import { randomFrom, type Writing } from "./appender.ts";
import { buildHome, NEW, OLD, type Ran, rolloutOf, runOn, threadId } from "./home.ts";
import { readHome, RECORDS, removeTree } from "./state.ts";
import { FULL } from "./sweep.ts";

/** How long each way of writing is kept up. */
const SECONDS = FULL ? 120 : 3;
/** Threads that are being written to, the others are not. */
const WRITTEN = [1, 2, 4];

const APPENDER = fileURLToPath(new URL("./appender.ts", import.meta.url));

/** What came of a session of writing and repairing. */
interface Soak {
  readonly written: number;
  readonly lost: number;
  readonly twice: number;
  /** Lines that are in no session file, but in the record, whose place was named. */
  readonly rescued: number;
  readonly runs: number;
  readonly skipping: number;
  readonly faults: readonly string[];
}

interface Document {
  readonly errors: readonly { readonly message: string }[];
  readonly result:
    | { readonly plan: { readonly skipped: readonly { subject: string; reason: string }[] } }
    | null;
}

async function soak(mode: Writing["mode"], linesPerSecond: number, seed: number): Promise<Soak> {
  const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-live-" }));
  const home = `${root}/home`;
  try {
    buildHome(home, NEW);
    const files = WRITTEN.map((n) => `${home}/${rolloutOf(n)}`);
    const writer = await startWriter({ mode, files, linesPerSecond, seed });
    const random = randomFrom(seed + 1);
    const faults: string[] = [];
    let [runs, skipping] = [0, 0];
    try {
      for (const end = performance.now() + SECONDS * 1000; performance.now() < end; runs++) {
        await new Promise((resolve) => setTimeout(resolve, random() * 300));
        const argv = commandFor(runs, random());
        const ran = await runOn(home, realDisk, [...argv, "--json"]);
        if (ran.code === 8) skipping++;
        faults.push(...judge(argv, ran));
      }
    } finally {
      await writer.stop();
    }
    const counts = await writer.counts;
    const found = countLines(home, files, counts);
    const { integrity } = readHome(home);
    if (integrity !== "ok") faults.push(`database: ${integrity}`);
    return { ...found, runs, skipping, faults };
  } finally {
    removeTree(root);
  }
}

/** The threads move to and fro, and now and then the last move is taken back. */
function commandFor(run: number, chance: number): string[] {
  if (run > 0 && chance < 0.4) return ["restore", "latest", "--apply", ...chance < 0.25 ? ["--force"] : []];
  return ["sync", "--provider", run % 2 === 0 ? NEW : OLD, "--apply"];
}

function judge(argv: readonly string[], { code, out }: Ran): string[] {
  const what = argv.join(" ");
  const { result, errors } = JSON.parse(out) as Document;
  const skipped = result?.plan.skipped ?? [];
  // 2: a session went on since the record; 3: a Codex that is starting elsewhere on the machine.
  const isExpected = code === 0 || code === 8 || code === 3 || (code === 2 && argv[0] === "restore");
  // Before the first finished run there is nothing to take back.
  const isFirst = errors.some(({ message }) => message.startsWith("there is no record"));
  if (!isExpected && !isFirst) {
    return [`${what} ended with ${code}: ${errors.map(({ message }) => message).join("; ")}`];
  }
  if ((code === 8) !== (skipped.length > 0)) {
    return [`${what} ended with ${code} and left out ${skipped.length}`];
  }
  const busy = WRITTEN.map(threadId);
  return skipped.filter(({ subject }) => !busy.some((id) => subject.includes(id)))
    .map(({ subject, reason }) => `${what} left out ${subject}, where nobody was at work: ${reason}`);
}

interface Writer {
  readonly stop: () => Promise<void>;
  /** Lines written to each file, known once it has stopped. */
  readonly counts: Promise<readonly number[]>;
}

async function startWriter(writing: Writing): Promise<Writer> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", APPENDER, JSON.stringify(writing)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const [signs, text] = child.stdout.tee();
  const reader = signs.getReader();
  await reader.read(); // `ready`
  reader.releaseLock();
  void signs.cancel();
  const whole = new Response(text).text();
  return {
    stop: async () => {
      await child.stdin.close();
      const { success } = await child.status;
      assert(success, "the writer failed");
    },
    counts: whole.then((out) => JSON.parse(out.split("\n")[1] ?? "[]") as number[]),
  };
}

function countLines(home: string, files: readonly string[], counts: readonly number[]) {
  let [written, lost, twice, rescued] = [0, 0, 0, 0];
  files.forEach((path, k) => {
    const seen = linesOf(siblings(path));
    const kept = linesOf(
      heldFiles(home).filter((held) => Deno.readTextFileSync(held).includes(threadId(WRITTEN[k] ?? 0))),
    );
    written += counts[k] ?? 0;
    for (let n = 0; n < (counts[k] ?? 0); n++) {
      const times = seen.get(n) ?? 0;
      if (times > 1) twice++;
      if (times === 0) kept.has(n) ? rescued++ : lost++;
    }
  });
  return { written, lost, twice, rescued };
}

/** How often each numbered line is in the files. Throws for a line that is torn. */
function linesOf(paths: readonly string[]): ReadonlyMap<number, number> {
  const seen = new Map<number, number>();
  for (const path of paths) {
    for (const line of Deno.readTextFileSync(path).split("\n")) {
      if (line === "") continue;
      const { payload } = JSON.parse(line) as { payload: { message?: string } };
      const n = /^line (\d+)$/.exec(payload.message ?? "")?.[1];
      if (n !== undefined) seen.set(Number(n), (seen.get(Number(n)) ?? 0) + 1);
    }
  }
  return seen;
}

/** A rollout and what it was moved to. */
function siblings(path: string): string[] {
  const folder = path.slice(0, path.lastIndexOf("/"));
  return [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`)
    .filter((name) => name === path || name.startsWith(`${path}.old-`));
}

function heldFiles(home: string): string[] {
  return [...Deno.readDirSync(`${home}/${RECORDS}`)].filter((entry) => entry.isDirectory).flatMap(
    ({ name }) => {
      const folder = `${home}/${RECORDS}/${name}/held`;
      return [...Deno.readDirSync(folder)].map((entry) => `${folder}/${entry.name}`);
    },
  );
}

const SPEEDS: readonly (readonly [Writing["mode"], number])[] = [
  ["keep-open", 200],
  ["keep-open", 5000],
  ["reopen", 200],
  ["reopen", 2000],
  ["rotate", 1000],
];

for (const [mode, speed] of SPEEDS) {
  Deno.test(`live writer: no line is lost, ${mode}, ${speed} lines a second`, async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    const { written, lost, twice, rescued, runs, skipping, faults } = await soak(mode, speed, seed);
    const text =
      `live writer, ${mode}, ${speed}/s: ${written} lines, ${lost} lost, ${twice} twice, ${rescued} in records, ` +
      `${runs} runs, ${skipping} of them left threads out, seed ${seed}\n`;
    Deno.stderr.writeSync(new TextEncoder().encode(text));
    assert(written > 0 && runs > 0, "nothing happened");
    assertEquals({ lost, twice, faults }, { lost: 0, twice: 0, faults: [] }, `seed ${seed}`);
    if (mode !== "rotate") assertEquals(rescued, 0);
  });
}
