/**
 * Every command that writes, while somebody holds a lock that it needs: it ends within bounds, says what is in its way
 * and what to do, and nothing at all has changed. Where the lock concerns one session, the others are changed.
 */
import { assert, assertEquals } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { scaled } from "../proof/size.ts";
import { type Document, pick } from "../scripts/contract.ts";
import { runJson } from "../scripts/program.ts";
import { HAS_PYTHON, IS_LINUX, withPython } from "../system/fixture.ts";
import { awayFrom, checkThreads } from "./checker.ts";
import { DATABASE, threadId } from "./home.ts";
import { openStage, type Scenario, scenarioOf, type Stage } from "./scenarios.ts";
import { fingerprint, RECORDS } from "./state.ts";

/** What none of them takes longer than: a busy database gets five seconds beside a Codex that is allowed to run. */
const MAX_MS = 15_000;

/** Holds locks on the files it is given; those that are not there are made. */
const HOLD_LOCKS = `
import fcntl, os, sys
for path in sys.argv[1:]:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
files = [open(path, "a") for path in sys.argv[1:]]
for file in files: fcntl.flock(file, fcntl.LOCK_EX)
print("ready")
sys.stdin.read()
`;

/** Opens a database in a journal mode and runs SQL in it, without an end. */
const HOLD_DATABASE = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma journal_mode = " + sys.argv[2])
for sql in sys.argv[3:]: db.execute(sql).fetchone()
print("ready")
sys.stdin.read()
`;

/** Somebody who is in the way. */
interface Holder {
  readonly name: string;
  readonly source: string;
  readonly args: (home: string) => readonly string[];
}

const database = (name: string, journal: "wal" | "delete", ...sql: readonly string[]): Holder => ({
  name,
  source: HOLD_DATABASE,
  args: (home) => [`${home}/${DATABASE}`, journal, ...sql],
});
const LOOK = "select count(*) from threads";

const HOLDERS: readonly Holder[] = [
  database("an idle connection", "wal", LOOK),
  database("a pending reader", "wal", "begin", LOOK),
  database("a writer", "wal", "begin immediate"),
  database("an exclusive writer", "wal", "begin exclusive"),
  database("a pending reader without a log", "delete", "begin", LOOK),
  database("a writer without a log", "delete", "begin immediate"),
  database("an exclusive writer without a log", "delete", "begin exclusive"),
  { name: "another run", source: HOLD_LOCKS, args: (home) => [`${home}/${RECORDS}/lock`] },
  {
    name: "a Codex with one session open",
    source: HOLD_LOCKS,
    args: (home) => [`${home}/thread-writer-locks/${threadId(2)}.lock`],
  },
  {
    name: "a Codex with all sessions open",
    source: HOLD_LOCKS,
    args: (home) => [1, 2, 3, 4, 5, 6, 7].map((n) => `${home}/thread-writer-locks/${threadId(n)}.lock`),
  },
];

const COMMANDS = [
  "sync",
  "switch",
  "restore",
  "restore --force",
  "apply PLAN",
  "apply PLAN of all kinds",
  "backups prune",
  "recover",
];
const FLAGS: readonly (readonly string[])[] = [[], ["--allow-running"], ["--wait", "1"]];

/** One thing to try. */
interface Case {
  readonly scenario: Scenario;
  readonly holder: Holder;
  readonly flags: readonly string[];
}

/** What all of them came to. */
interface Tally {
  cases: number;
  refused: number;
  changed: number;
  slowest: number;
  readonly faults: string[];
}

async function tryCase(stage: Stage, { holder, flags }: Case, tally: Tally): Promise<void> {
  stage.reset();
  await withPython(holder.source, holder.args(stage.home), async () => {
    const before = fingerprint(stage.home);
    const started = performance.now();
    const { code, document } = await runJson([...stage.argv, ...flags], { home: stage.home });
    const took = performance.now() - started;
    tally.cases++;
    tally.slowest = Math.max(tally.slowest, Math.round(took));
    const what = `${stage.argv.join(" ")} ${flags.join(" ")} beside ${holder.name}: exit ${code}`;
    if (took > MAX_MS) tally.faults.push(`${what} after ${took} ms`);
    if (code !== 0 && code !== 8) {
      tally.refused++;
      const now = fingerprint(stage.home);
      if (now.join("\n") !== before.join("\n")) tally.changed++;
      tally.faults.push(...judge(code, document, before, now).map((text) => `${what}: ${text}`));
    } else {
      const out = (pick(document, "plan.skipped") ?? []) as readonly { readonly subject: string }[];
      const away = code === 0
        ? awayFrom(stage.home, stage.ends, "after")
        : checkThreads(stage.home, stage.ends, new Set(out.map(({ subject }) => subject)));
      tally.faults.push(...away.slice(0, 2).map((text) => `${what}, yet ${text}`));
    }
  });
}

function judge(
  code: number,
  { errors }: Document,
  before: readonly string[],
  now: readonly string[],
): string[] {
  const told = errors.map(({ message }) => message).join("; ");
  const faults = [3, 5, 6, 7].includes(code) ? [] : [told];
  if (errors.length === 0 || errors.some(({ hint }) => hint === undefined)) faults.push(`no hint: ${told}`);
  const [was, is] = [new Set(before), new Set(now)];
  const different = [...before.filter((line) => !is.has(line)), ...now.filter((line) => !was.has(line))];
  return [...faults, ...different.slice(0, 3).map((line) => `not as before: ${line}`)];
}

/** All cases, or a few spread evenly over holders, commands and flags. */
function casesOf(scenario: Scenario, offset: number): Case[] {
  const takes = scenario.name === "backups prune" || scenario.name === "recover" ? [[]] : FLAGS;
  const all = HOLDERS.flatMap((holder) => takes.map((flags): Case => ({ scenario, holder, flags })));
  const few = scaled(1, all.length);
  return all.filter((_, n) =>
    Math.floor((n + offset) * few / all.length) !== Math.floor((n + offset - 1) * few / all.length)
  );
}

Deno.test({
  name: "held locks: every command waits no longer than it may, says who is in its way and changes nothing",
  ignore: !(IS_LINUX && HAS_PYTHON),
  fn: async () => {
    for (const [index, name] of COMMANDS.entries()) {
      const started = performance.now();
      const tally: Tally = { cases: 0, refused: 0, changed: 0, slowest: 0, faults: [] };
      const stage = await openStage(scenarioOf(name));
      try {
        for (const one of casesOf(stage.scenario, 4 * index)) await tryCase(stage, one, tally);
      } finally {
        stage.dispose();
      }
      const { cases, refused, changed, slowest, faults } = tally;
      const counts = { cases, refused, "changed all the same": changed, "max ms": slowest };
      report("commands beside held locks", name, counts, started);
      assertEquals(faults, []);
      assert(cases > 0, "nothing was tried");
    }
  },
});
