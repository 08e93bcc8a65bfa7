/**
 * Every command, again and again, beside programs that go on writing to sessions: no line is lost, whatever moment a
 * command comes at. The programs are other processes and hold no lock of Codex.
 */
import { assert, assertEquals } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { FACTOR, scaled } from "../proof/size.ts";
import { type Document, pick } from "../scripts/contract.ts";
import { runJson } from "../scripts/program.ts";
import { type Mode, randomFrom } from "./appender.ts";
import { checkRecords } from "./checker.ts";
import { type Deed, DEEDS, killRun, type LiveHome, makeLiveHome, shuffled } from "./live_home.ts";
import { countLines, filesBelow, startWriter } from "./live_lines.ts";
import { readHome, removeTree } from "./state.ts";

/** How many homes each way of writing gets, and how many commands are started on each. */
const HOMES = Math.min(3, Math.ceil(FACTOR / 4));
const STARTS = scaled(8, 2 * DEEDS.length);

const MAX_PAUSE_MS = 60;
/** The longest until a run that is to be killed is. */
const MAX_KILL_MS = 300;

/** What came of the commands. */
interface Came {
  commands: number;
  /** Sessions that a command left out. */
  skipped: number;
  /** Sessions at work of which a command replaced or moved the file. */
  changed: number;
  readonly faults: string[];
}

async function soak(live: LiveHome, [mode, linesPerSecond, silenceMs]: Pace, seed: number) {
  const folders = ["sessions", "archived_sessions"].map((name) => `${live.home}/${name}`);
  const writer = await startWriter({ mode, files: live.files, folders, linesPerSecond, silenceMs, seed });
  const random = randomFrom(seed);
  const came: Came = { commands: 0, skipped: 0, changed: 0, faults: [] };
  let counts: readonly number[];
  try {
    for (const deed of shuffled(DEEDS, STARTS, random)) await act(live, deed, random, came);
  } finally {
    counts = await writer.stop();
  }
  came.faults.push(...checkRecords(live.home));
  const { integrity } = readHome(live.home);
  if (integrity !== "ok") came.faults.push(`database: ${integrity}`);
  return { ...came, ...countLines(live.home, counts) };
}

async function act(live: LiveHome, deed: Deed, random: () => number, came: Came): Promise<void> {
  const { home } = live;
  const chance = random();
  await deed.before?.(live, chance);
  await new Promise((resolve) => setTimeout(resolve, random() * MAX_PAUSE_MS));
  const argv = deed.argv(live, chance);
  const before = placesOf(live);
  if (deed.killed === true) await killRun(argv, home, random() * MAX_KILL_MS);
  const { code, document } = await runJson(deed.killed === true ? ["recover"] : argv, { home });
  came.commands += deed.killed === true ? 2 : 1;
  came.changed += [...placesOf(live)].filter((place) => !before.has(place)).length;
  came.skipped += skippedIn(document).length;
  came.faults.push(...judge(live, deed, code, document).map((text) => `${deed.name}: ${text}`));
}

interface Skipped {
  readonly subject: string;
  readonly reason: string;
}

function skippedIn(document: Document): readonly Skipped[] {
  return (pick(document, "plan.skipped") ?? []) as readonly Skipped[];
}

/** Where the files at work are, and which they are. */
function placesOf({ home, files }: LiveHome): ReadonlySet<string> {
  const names = new Set(files.map((path) => path.slice(path.lastIndexOf("/") + 1)));
  const found = filesBelow(home).filter((path) => names.has(path.slice(path.lastIndexOf("/") + 1)));
  return new Set(found.map((path) => `${path} ${Deno.lstatSync(path).ino}`));
}

function judge({ written }: LiveHome, deed: Deed, code: number, document: Document): string[] {
  const told = document.errors.map(({ message }) => message).join("; ");
  const skipped = skippedIn(document);
  // 2: a session went on since the record or the plan; 3: a Codex that is starting elsewhere on the machine.
  const expected = deed.reads ? [0] : /^restore|^apply/.test(deed.name) ? [0, 2, 8] : [0, 8];
  const isElsewhere = code === 3 && document.errors.every((error) => error.code === "codex-running");
  if (!expected.includes(code) && !isElsewhere) return [`exit ${code}: ${told}`];
  // A file that is not ours any more ends a run as well; it is named in the error.
  if (!deed.reads && code !== 2 && (code === 8) !== (skipped.length > 0 || told !== "")) {
    return [`exit ${code}, and ${skipped.length} left out: ${told}`];
  }
  return skipped.filter(({ subject }) => !written.some((id) => subject.includes(id)))
    .map(({ subject, reason }) => `left out ${subject}, where nobody was at work: ${reason}`);
}

/** Lines a second while a session is at work, and the longest silence of it. */
type Pace = readonly [mode: Mode, linesPerSecond: number, silenceMs: number];

const PACES: readonly Pace[] = [
  ["keep-open", 200, 1500],
  ["keep-open", 5000, 200],
  ["burst", 10, 2000],
  ["burst", 5000, 1500],
  ["reopen", 10, 500],
  ["reopen", 1000, 2000],
  ["reopen", 5000, 300],
  ["rotate", 1000, 1000],
];
/** Those that even a small sample tries. */
const FEW: readonly Pace[] = [PACES[0]!, PACES[3]!, PACES[5]!, PACES[7]!];

for (const pace of FACTOR >= 4 ? PACES : FEW) {
  const name = `${pace[0]}, ${pace[1]} lines a second, silent for ${pace[2]} ms at most`;
  Deno.test(`live writer: no line is lost, ${name}`, async () => {
    for (let n = 0; n < HOMES; n++) {
      const started = performance.now();
      const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
      const live = await makeLiveHome(pace[0]);
      try {
        const { written, lost, twice, torn, rescued, commands, changed, skipped, faults } = await soak(
          live,
          pace,
          seed,
        );
        const counts = {
          lines: written,
          lost,
          torn,
          commands,
          "left out": skipped,
          "replaced or moved": changed,
        };
        report("lines written by live writers", `${name}, seed ${seed}`, counts, started);
        assert(written > 0 && commands > 0, "nothing happened");
        assertEquals(
          { lost, twice, torn, faults },
          { lost: 0, twice: 0, torn: 0, faults: [] },
          `seed ${seed}`,
        );
        if (pace[0] !== "rotate") assertEquals(rescued, 0);
      } finally {
        removeTree(live.root);
      }
    }
  });
}
