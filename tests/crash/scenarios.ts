/** The commands that write, each with a home it has something to do on. */
import { DatabaseSync } from "node:sqlite";
import { assertEquals } from "../assert.ts";
import { awayFrom, type Ends, recordsOf } from "./checker.ts";
import { type Effect, failWith, faultDisk } from "./fault_disk.ts";
import { realDisk } from "../../lib/system/disk.ts";
import {
  buildHome,
  DATABASE,
  messageLine,
  NEW,
  OLD,
  rolloutOf,
  runOn,
  runUndisturbed,
  threadId,
} from "./home.ts";
import { prepareIll } from "./ill.ts";
import { prepareAside, prepareKinds } from "./kinds.ts";
import { copyTree, readHome, removeTree } from "./state.ts";

/** One command on one kind of home. */
export interface Scenario {
  readonly name: string;
  /** The command line; `{root}` stands for the folder that the home is in. */
  readonly argv: readonly string[];
  /** Makes the home. */
  readonly prepare: (home: string) => Promise<void>;
  /** How the command ends when nothing disturbs it; 0 unless given. */
  readonly code?: number;
  /** False: on a file system without hard links. */
  readonly links?: boolean;
}

/** A scenario set up in a folder of its own; the home is put back there for every attempt. */
export interface Stage {
  readonly root: string;
  readonly home: string;
  readonly argv: readonly string[];
  readonly scenario: Scenario;
  readonly ends: Ends;
  /** Makes the home as it was before the command. */
  readonly reset: () => void;
  readonly dispose: () => void;
}

const SYNC: Scenario = {
  name: "sync",
  argv: ["sync", "--apply"],
  prepare: (home) => Promise.resolve(buildHome(home, NEW)),
};

const SWITCH: Scenario = {
  name: "switch",
  argv: ["switch", NEW, "--apply"],
  prepare: (home) => Promise.resolve(buildHome(home, OLD)),
};

/** There is an older record as well, which must not be taken for the latest. */
const RESTORE: Scenario = {
  name: "restore",
  argv: ["restore", "latest", "--apply"],
  prepare: async (home) => {
    buildHome(home, OLD);
    await must(home, ["sync", "--provider", NEW, "--thread", threadId(6), "--apply"]);
    await must(home, ["sync", "--provider", NEW, "--thread", threadId(3), "--apply"]);
    await must(home, ["switch", NEW, "--apply"]);
  },
};

/** Somebody has gone on with a thread, changed the row of another one, and edited the configuration. */
const FORCE: Scenario = {
  name: "restore --force",
  argv: ["restore", "latest", "--force", "--apply"],
  prepare: async (home) => {
    await RESTORE.prepare(home);
    const line = JSON.stringify(messageLine(6, "paginated", "later")) + "\n";
    Deno.writeTextFileSync(`${home}/${rolloutOf(1)}`, line, { append: true });
    Deno.writeTextFileSync(`${home}/config.toml`, "# more of mine\n", { append: true });
    const database = new DatabaseSync(`${home}/${DATABASE}`);
    database.prepare("update threads set model_provider = 'openai' where id = ?").run(threadId(2));
    database.close();
  },
};

const APPLY: Scenario = {
  name: "apply PLAN",
  argv: ["apply", "{root}/plan.json", "--apply"],
  prepare: async (home) => {
    buildHome(home, NEW);
    await must(home, ["sync", "--plan-out", `${home}/../plan.json`]);
  },
};

/** Moves, files made and taken away, rows of several tables in two databases. */
const KINDS: Scenario = {
  name: "apply PLAN of all kinds",
  argv: ["apply", "{root}/plan.json", "--apply"],
  prepare: prepareKinds,
};

const RESTORE_KINDS: Scenario = {
  name: "restore of all kinds",
  argv: ["restore", "latest", "--apply"],
  prepare: async (home) => {
    await prepareKinds(home);
    await must(home, ["apply", `${home}/../plan.json`, "--apply"]);
  },
};

const ASIDE: Scenario = {
  name: "apply PLAN that sets the database aside",
  argv: ["apply", "{root}/plan.json", "--apply"],
  prepare: (home) => Promise.resolve(prepareAside(home)),
};

const PRUNE: Scenario = {
  name: "backups prune",
  argv: ["backups", "prune", "--keep", "1", "--apply"],
  prepare: async (home) => {
    buildHome(home, OLD);
    await must(home, ["switch", NEW, "--apply"]);
    await must(home, ["restore", "latest", "--apply"]);
    await must(home, ["sync", "--provider", NEW, "--apply"]);
  },
};

const RETAIN: Scenario = {
  name: "sync --keep 1",
  argv: ["sync", "--apply", "--keep", "1"],
  prepare: async (home) => {
    buildHome(home, NEW);
    await must(home, ["sync", "--apply"]);
    await must(home, ["restore", "latest", "--apply"]);
  },
};

/** Ten repairs at once: providers, places, rows, previews, the filling, the app's state, old profiles. */
const REPAIR: Scenario = {
  name: "repair all",
  argv: ["repair", "all", "config", "--apply"],
  prepare: (home) => Promise.resolve(prepareIll(home)),
};

/** Repairs that need a choice. */
const REPAIR_CHOSEN: Scenario = {
  name: "repair of chosen threads",
  argv: [
    ...["repair", "unarchive", "cwd", "user-events", "--map", "/work/shop={root}", "--include-archived"],
    ...[1, 2, 3, 4, 6].flatMap((n) => ["--thread", threadId(n)]),
    "--apply",
  ],
  prepare: async (home) => {
    prepareIll(home);
    await must(home, ["repair", "all", "config", "--apply"]);
  },
};

const RESTORE_REPAIR: Scenario = {
  name: "restore of a repair",
  argv: ["restore", "latest", "--apply"],
  prepare: async (home) => {
    prepareIll(home);
    await must(home, ["repair", "all", "config", "--apply"]);
  },
};

/** A run was cut off when its files and rows were new already and its configuration was not. */
const RECOVER: Scenario = {
  name: "recover",
  argv: ["recover"],
  prepare: async (home) => {
    buildHome(home, OLD);
    const isRow = ({ name, path }: Effect) => name === "write" && path.endsWith("journal.jsonl");
    let journaled = 0;
    let dead = false;
    // The fourth entry announces the configuration; a disk that is dead from there on cannot take anything back.
    const strike = (effect: Effect) => {
      dead ||= isRow(effect) && ++journaled > 3;
      if (dead) failWith(effect, "EIO", false);
    };
    const { disk } = faultDisk(realDisk, { count: "all", strike });
    const ran = await runOn(home, disk, ["switch", NEW, "--apply"]);
    if (ran.code !== 9) throw new Error(`the run to be recovered ended with ${ran.code}: ${ran.err}`);
  },
};

const NO_LINKS: Scenario = { ...SYNC, name: "sync without links", links: false };
const KINDS_NO_LINKS: Scenario = { ...KINDS, name: "all kinds without links", links: false };
const ASIDE_NO_LINKS: Scenario = { ...ASIDE, name: "database set aside without links", links: false };
const RESTORE_NO_LINKS: Scenario = { ...RESTORE, name: "restore without links", links: false };

/** One rollout is too large to be edited in memory. */
const LARGE: Scenario = {
  ...SYNC,
  name: "sync of a large file",
  prepare: (home) => {
    buildHome(home, NEW);
    const line = JSON.stringify(messageLine(6, "paginated", "x".repeat(100_000))) + "\n";
    for (let n = 0; n < 50; n++) Deno.writeTextFileSync(`${home}/${rolloutOf(1)}`, line, { append: true });
    return Promise.resolve();
  },
};

/** The naive writer instead of a command. */
export const NAIVE: Scenario = { ...SYNC, name: "naive", argv: ["naive"] };

/** Every command that writes, on several homes. */
export const SCENARIOS: readonly Scenario[] = [
  SYNC,
  SWITCH,
  RESTORE,
  FORCE,
  APPLY,
  KINDS,
  RESTORE_KINDS,
  REPAIR,
  REPAIR_CHOSEN,
  RESTORE_REPAIR,
  KINDS_NO_LINKS,
  ASIDE,
  ASIDE_NO_LINKS,
  PRUNE,
  RETAIN,
  RECOVER,
  NO_LINKS,
  RESTORE_NO_LINKS,
  LARGE,
];

/** The scenario of a name. */
export function scenarioOf(name: string): Scenario {
  const found = SCENARIOS.find((one) => one.name === name);
  if (found === undefined) throw new TypeError(`there is no scenario "${name}"`);
  return found;
}

async function must(home: string, argv: readonly string[]): Promise<void> {
  const ran = await runUndisturbed(home, argv);
  if (ran.code !== 0) throw new Error(`${argv.join(" ")} ended with ${ran.code}: ${ran.err}`);
}

/**
 * Sets a scenario up, in a new folder below `dir` where one is given, and learns from an undisturbed run what the home
 * is like afterwards.
 */
export async function openStage(scenario: Scenario, dir?: string): Promise<Stage> {
  const where = dir === undefined ? {} : { dir };
  const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-crash-", ...where }));
  const home = `${root}/home`;
  const template = `${root}/template`;
  await scenario.prepare(home);
  copyTree(home, template);
  const argv = scenario.argv.map((word) => word.replace("{root}", root));
  const reset = () => copyTree(template, home);
  reset();
  const before = readHome(home);
  const records = recordsOf(home);
  // The naive writer shall end where `sync` does.
  const line = scenario.argv[0] === "naive" ? SYNC.argv : argv;
  const first = await runUndisturbed(home, line);
  assertEquals(first.code, scenario.code ?? 0, `${scenario.name}: ${first.err}${first.out}`);
  const after = readHome(home);
  reset();
  await runUndisturbed(home, line);
  const timeless = new Set(
    [...readHome(home).files].filter(([path, file]) => file.mtimeMs !== after.files.get(path)?.mtimeMs)
      .map(([path]) => path),
  );
  const undone = scenario.argv[0] === "recover" ? "after" : "before";
  const ends: Ends = { before, after, undone, records, timeless };
  assertEquals(awayFrom(home, ends, "after"), [], "two undisturbed runs differ");
  reset();
  return { root, home, argv, scenario, ends, reset, dispose: () => removeTree(root) };
}
