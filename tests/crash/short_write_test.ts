/**
 * The executable on a system whose writes do half of what they were asked to, every time: nothing of it may show. The
 * program is the one that `CODEXKEEP_BIN` names.
 */
import { assert, assertEquals } from "../assert.ts";
import { report } from "../proof/figure.ts";
import type { Ran } from "./home.ts";
import { afterSuccess } from "./judge.ts";
import { NAIVE, openStage, scenarioOf, SCENARIOS, type Stage } from "./scenarios.ts";
import { readHome } from "./state.ts";
import { FULL } from "./sweep.ts";

const GROUP = "writes that do half";
const BIN = Deno.env.get("CODEXKEEP_BIN") ?? "";
const SOURCE = new URL("./short.c", import.meta.url).pathname;
const MISSING = Deno.build.os !== "linux"
  ? "this is not Linux"
  : BIN === ""
  ? "CODEXKEEP_BIN names no program"
  : !hasCompiler()
  ? "there is no C compiler"
  : undefined;

/** Pruning writes nothing, it only removes. Of those that a sample leaves out, another one takes the same way. */
const NAMES = FULL ? SCENARIOS.map(({ name }) => name).filter((name) => !/without links|prune/.test(name)) : [
  "sync",
  "apply PLAN of all kinds",
  "restore of all kinds",
  "repair all",
  "sync of a large file",
];

function hasCompiler(): boolean {
  try {
    return new Deno.Command("cc", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

function compile(dir: string): string {
  const library = `${dir}/short.so`;
  const { success, stderr } = new Deno.Command("cc", {
    args: ["-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"],
  }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return library;
}

async function runShort(
  { root, home }: Stage,
  library: string,
  program: readonly string[],
): Promise<Ran & { halved: number }> {
  const log = `${root}/halved`;
  const [name = "", ...args] = program;
  const { code, stdout, stderr } = await new Deno.Command(name, {
    args,
    clearEnv: true,
    env: {
      HOME: root,
      PATH: Deno.env.get("PATH") ?? "",
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME") ?? ""}/.cache/deno`,
      LD_PRELOAD: library,
      SHORT_BELOW: home,
      SHORT_LOG: log,
    },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr), halved: sizeOf(log) };
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

function shortTest(name: string, run: (library: string) => Promise<void>): void {
  const reason = MISSING === undefined ? "" : ` (left out: ${MISSING})`;
  Deno.test({
    name: `short writes: ${name}${reason}`,
    ignore: MISSING !== undefined,
    fn: async () => {
      const dir = Deno.makeTempDirSync({ prefix: "codexkeep-short-" });
      try {
        await run(compile(dir));
      } finally {
        Deno.removeSync(dir, { recursive: true });
      }
    },
  });
}

shortTest("every command comes to the same end as without", async (library) => {
  const started = performance.now();
  let halved = 0;
  const faults: string[] = [];
  for (const name of NAMES) {
    const stage = await openStage(scenarioOf(name));
    try {
      const ran = await runShort(stage, library, [BIN, ...stage.argv, "--json", "--codex-home", stage.home]);
      const isRight = ran.code === (stage.scenario.code ?? 0);
      const wrong = isRight ? afterSuccess(stage) : [`exit ${ran.code}: ${ran.err}${ran.out}`];
      if (ran.halved === 0) wrong.push("no write was halved");
      halved += ran.halved;
      faults.push(...wrong.map((text) => `${name}: ${text}`));
    } finally {
      stage.dispose();
    }
  }
  report(GROUP, `${NAMES.length} commands`, { points: halved, torn: faults.length }, started);
  assertEquals(faults, []);
});

shortTest("a writer that takes a write for done is found guilty", async (library) => {
  const started = performance.now();
  const stage = await openStage(NAIVE);
  try {
    const program = new URL("./naive_once.ts", import.meta.url).pathname;
    const ran = await runShort(stage, library, [
      Deno.execPath(),
      "run",
      "--quiet",
      "--allow-all",
      program,
      stage.home,
    ]);
    assertEquals(ran.code, 0, ran.err);
    const wrong = [...readHome(stage.home).files].filter(([path, { sha256 }]) =>
      sha256 !== stage.ends.before.files.get(path)?.sha256
    );
    report(GROUP, "naive writer", { points: ran.halved, torn: wrong.length }, started, { control: true });
    assert(wrong.length > 0, "a writer that loses half of what it writes passed");
  } finally {
    stage.dispose();
  }
});
