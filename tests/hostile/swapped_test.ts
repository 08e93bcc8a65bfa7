/**
 * Folders of the home that another program exchanges for links, again and again, while a command writes (G24, G28): what
 * the links lead to stays as it is. The program is the one that `CODEXKEEP_BIN` names, else the source.
 */
import { assert, assertEquals } from "../assert.ts";
import { buildHome, NEW, OLD } from "../crash/home.ts";
import { prepareIll } from "../crash/ill.ts";
import { report } from "../proof/figure.ts";
import { scaled } from "../proof/size.ts";
import { environment, PROGRAM } from "../scripts/program.ts";

const GROUP = "folders exchanged for links";
const MISSING = Deno.build.os !== "linux"
  ? "this is not Linux"
  : hasCompiler()
  ? undefined
  : "there is no C compiler";

/** Folders that are exchanged, and how long each name stays, microseconds. */
const FOLDERS = [
  "sessions/2026/01/05",
  "sessions/2026",
  "archived_sessions",
  "backups_state/codexkeep",
] as const;
const PAUSES = [0, 50, 300, 2000] as const;

/** A command, and a home on which it has something to do. */
interface Job {
  readonly argv: readonly string[];
  readonly prepare: (home: string) => void;
}

const JOBS: readonly Job[] = [
  { argv: ["sync", "--apply"], prepare: (home) => buildHome(home, NEW) },
  { argv: ["switch", NEW, "--apply"], prepare: (home) => buildHome(home, OLD) },
  { argv: ["repair", "all", "config", "--apply"], prepare: prepareIll },
  {
    argv: ["restore", "latest", "--apply"],
    prepare: (home) => {
      buildHome(home, NEW);
      runOnce(home, ["sync", "--apply"]);
    },
  },
];

function hasCompiler(): boolean {
  try {
    return new Deno.Command("cc", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

function runOnce(home: string, argv: readonly string[]): number {
  const [name = "", ...words] = PROGRAM;
  return new Deno.Command(name, {
    args: [...words, ...argv, "--json", "--codex-home", home],
    clearEnv: true,
    env: environment(),
    stdout: "null",
    stderr: "null",
  }).outputSync().code;
}

function naive(home: string): number {
  const writer = new URL("../crash/naive.ts", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", writer, home],
    stdout: "null",
    stderr: "null",
  }).outputSync().code;
}

/** Every name, kind, time and byte below a folder. */
function treeOf(folder: string): string {
  return [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1).map(
    ({ name, isDirectory }) => {
      const path = `${folder}/${name}`;
      if (isDirectory) return `${name}/\n${treeOf(path)}`;
      const { mtime, mode } = Deno.lstatSync(path);
      return `${name} ${mode} ${mtime?.getTime()} ${
        new TextDecoder("latin1").decode(Deno.readFileSync(path))
      }`;
    },
  ).join("\n");
}

interface Race {
  readonly swapper: string;
  readonly folder: string;
  readonly pause: number;
  readonly prepare: (home: string) => void;
  readonly run: (home: string) => number;
}

/** What was different outside afterwards; undefined: nothing. */
async function race({ swapper, folder, pause, prepare, run }: Race): Promise<string | undefined> {
  const root = Deno.makeTempDirSync({ prefix: "codexkeep-swap-" });
  try {
    const home = `${root}/home`;
    prepare(home);
    Deno.mkdirSync(`${home}/${folder}`, { recursive: true });
    const outside = `${root}/outside`;
    new Deno.Command("cp", { args: ["-a", `${home}/${folder}`, outside] }).outputSync();
    Deno.symlinkSync(outside, `${root}/link`);
    const before = treeOf(outside);
    const program = new Deno.Command(swapper, {
      args: [`${home}/${folder}`, `${root}/link`, String(pause)],
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      run(home);
    } finally {
      program.kill("SIGKILL");
      await program.status;
    }
    const after = treeOf(outside);
    if (after === before) return undefined;
    return after.split("\n").find((line) => !before.includes(line))?.slice(0, 120) ?? "something is gone";
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

function withSwapper(use: (swapper: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const dir = Deno.makeTempDirSync({ prefix: "codexkeep-swapper-" });
    try {
      const source = new URL("./swap.c", import.meta.url).pathname;
      const { success, stderr } = new Deno.Command("cc", { args: ["-O1", "-o", `${dir}/swap`, source] })
        .outputSync();
      assert(success, new TextDecoder().decode(stderr));
      await use(`${dir}/swap`);
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  };
}

Deno.test({
  name: "nothing is written where a link leads that takes the place of a folder meanwhile",
  ignore: MISSING !== undefined,
  fn: withSwapper(async (swapper) => {
    const started = performance.now();
    const faults: string[] = [];
    const rounds = scaled(2, 40);
    let runs = 0;
    for (const { argv, prepare } of JOBS) {
      for (const folder of FOLDERS) {
        for (let n = 0; n < rounds; n++) {
          const pause = PAUSES[(runs + n) % PAUSES.length] ?? 0;
          const run = (home: string) => runOnce(home, argv);
          const touched = await race({ swapper, folder, pause, prepare, run });
          runs++;
          if (touched !== undefined) faults.push(`${argv[0]}, ${folder} every ${pause} µs: ${touched}`);
        }
      }
    }
    report(GROUP, `${JOBS.length} commands × ${FOLDERS.length} folders`, {
      runs,
      "touched outside": faults.length,
    }, started);
    assertEquals(faults, []);
  }),
});

Deno.test({
  name: "a writer that goes by names is found where the links lead",
  ignore: MISSING !== undefined,
  fn: withSwapper(async (swapper) => {
    const started = performance.now();
    let runs = 0;
    let touched = 0;
    while (touched === 0 && runs < 40) {
      const prepare = (home: string) => buildHome(home, NEW);
      const hit = await race({ swapper, folder: "sessions/2026/01/05", pause: 300, prepare, run: naive });
      runs++;
      if (hit !== undefined) touched++;
    }
    report(GROUP, "naive writer", { runs, "touched outside": touched }, started, { control: true });
    assert(touched > 0, "a writer that goes by names was not found");
  }),
});
