import type { AbsPath } from "../../lib/core/path.ts";
import { codexProcesses, openFiles } from "../../lib/system/processes.ts";
import { realMachine } from "../../lib/system/machine.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";
import {
  at,
  type Child,
  HAS_PYTHON,
  inTempFolder,
  IS_LINUX,
  makeDatabase,
  SQL_SHELL,
  withChild,
  withPython,
  writeText,
} from "./fixture.ts";

/** A shell under another name: opens the files it is given (`read:…` only for reading), says `ready` and waits. */
const WAITS =
  'for f in "$@"; do case $f in read:*) exec {fd}<"${f#read:}";; *) exec {fd}<>"$f";; esac; done; echo ready; while read -r line; do echo "$line"; done';

interface Setting {
  readonly root: AbsPath;
  readonly home: AbsPath;
  readonly other: AbsPath;
  /** Starts the program under a name of its own. */
  readonly as: (
    name: string,
    files: readonly string[],
    env: Readonly<Record<string, string>>,
    use: (child: Child) => void | Promise<void>,
  ) => Promise<void>;
}

function processTest(name: string, use: (setting: Setting) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !IS_LINUX || !HAS_PYTHON,
    fn: () =>
      inTempFolder(async (root) => {
        const [home, other, bin] = [at(root, "home"), at(root, "other"), at(root, "bin")];
        for (const folder of [home, other, bin]) Deno.mkdirSync(folder);
        await use({
          root,
          home,
          other,
          as: async (name, files, env, run) => {
            const program = at(bin, name);
            Deno.copyFileSync("/bin/bash", program);
            await withChild(program, ["-c", WAITS, name, ...files], run, {
              HOME: "/nowhere",
              CODEX_HOME: "",
              ...env,
            });
          },
        });
      }),
  });
}

function found(home: AbsPath, databases: readonly AbsPath[] = []): string[] {
  return codexProcesses(home, databases).map(({ pid, name, why }) => `${pid} ${name}: ${why}`);
}

processTest(
  "codexProcesses() lists Codex with a file of the home open, wherever its home is",
  async (setting) => {
    const { home, other, as } = setting;
    writeText(at(home, "config.toml"), "");
    await as("codex", [at(home, "config.toml")], { CODEX_HOME: other }, ({ pid }) => {
      assertEquals(found(home), [`${pid} codex: has files of this home open`]);
      assertEquals(found(other), [`${pid} codex: CODEX_HOME is this home`]);
    });
    assertEquals(found(home), []);
  },
);

processTest("codexProcesses() goes by CODEX_HOME and the default home, links resolved", async (setting) => {
  const { root, home, other, as } = setting;
  Deno.symlinkSync("home", at(root, "link"));
  await as("codex", [], { CODEX_HOME: at(root, "link") }, ({ pid }) => {
    assertEquals(found(home), [`${pid} codex: CODEX_HOME is this home`]);
    assertEquals(found(at(root, "link")), [`${pid} codex: CODEX_HOME is this home`]);
    assertEquals(found(other), []);
  });
  Deno.symlinkSync("home", at(root, ".codex"));
  await as("codex-code-mode-host", [], { HOME: root }, ({ pid }) => {
    assertEquals(found(home), [`${pid} codex-code-mode-host: this home is its default`]);
    assertEquals(found(other), []);
  });
});

processTest("codexProcesses() lists Codex of which nothing more is known", async ({ home, as }) => {
  await as("codex", [], { HOME: "" }, ({ pid }) => {
    assert(found(home).includes(`${pid} codex: named codex`));
  });
});

processTest("codexProcesses() passes over Codex that only just ends", async ({ root, home }) => {
  const program = at(root, "codex");
  Deno.copyFileSync("/bin/sleep", program);
  let seen = 0;
  for (let attempt = 0; attempt < 5; attempt++) {
    const child = new Deno.Command(program, { args: ["0.01"], clearEnv: true, stdout: "null" }).spawn();
    if (found(home).some((line) => line.startsWith(`${child.pid} `))) seen++;
    await child.status;
  }
  // A busy machine may take its time.
  assert(seen < 3, `${seen} of 5`);
});

processTest(
  "codexProcesses() leaves readers of files alone, but not of the state database",
  async (setting) => {
    const { home, other, as } = setting;
    writeText(at(home, "history.jsonl"), "");
    await as("tail", [at(home, "history.jsonl")], { CODEX_HOME: home }, () => assertEquals(found(home), []));
    await as(
      "codexkeep",
      [at(home, "history.jsonl")],
      { CODEX_HOME: home },
      () => assertEquals(found(home), []),
    );
    const database = at(other, "state_5.sqlite");
    makeDatabase(database, "wal");
    await withPython(SQL_SHELL, [database, "wal"], ({ pid }) => {
      assertEquals([found(home), found(home, [database]).length], [[], 1]);
      assertMatch(
        found(home, [database])[0] ?? "",
        new RegExp(`^${pid} python.*: has the state database open$`),
      );
    });
  },
);

processTest("codexProcesses() lists the Codex that started this program itself", async ({ root, home }) => {
  const program = at(root, "codex");
  Deno.copyFileSync("/bin/bash", program);
  const module = new URL("../../lib/system/processes.ts", import.meta.url).href;
  const script = at(root, "ask.ts");
  const ask = `import { codexProcesses } from ${JSON.stringify(module)};
console.log(codexProcesses(Deno.args[0] as never, []).map(({ name, why }) => name + ": " + why).join());`;
  writeText(script, ask);
  const { stdout } = await new Deno.Command(program, {
    // Not as the last command: the shell would make way for it.
    args: ["-c", `"$0" run -A "$1" "$2"; true`, Deno.execPath(), script, home],
    env: { CODEX_HOME: home },
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trim(), "codex: CODEX_HOME is this home");
});

processTest(
  "openFiles() tells who can write to which file, in the spelling of the folder",
  async (setting) => {
    const { root, home, other, as } = setting;
    const [a, b, gone] = [at(home, "a"), at(home, "b"), at(home, "gone")];
    for (const path of [a, b, gone, at(other, "x")]) writeText(path, "");
    Deno.symlinkSync("home", at(root, "link"));
    const own = Deno.openSync(b);
    try {
      await as("tail", [a, gone, at(other, "x")], {}, async (first) => {
        Deno.removeSync(gone);
        await as("head", [a, a, `read:${b}`], {}, (second) => {
          const sorted = (files: Map<string, number[]>) =>
            [...files].map(([path, pids]) => [path, pids.sort()]).sort();
          const both = [first.pid, second.pid].sort();
          assertEquals(sorted(openFiles(home)), [[a, both], [gone, [first.pid]]]);
          assertEquals(sorted(openFiles(home, "unlinked")), [[gone, [first.pid]]]);
          assertEquals(openFiles(at(root, "link")).get(at(root, "link/a"))?.sort(), both);
        });
      });
      assertEquals(openFiles(home), new Map());
    } finally {
      own.close();
    }
  },
);

Deno.test("codexProcesses() works for a home that is not there", () => {
  assertEquals(codexProcesses("/nowhere/at/all" as AbsPath, []).filter((one) => one.pid === Deno.pid), []);
});

Deno.test("realMachine() gives this machine's own values", () => {
  const machine = realMachine();
  assertEquals([machine.pid, machine.env("CODEXKEEP_NOT_SET")], [Deno.pid, undefined]);
  assertMatch(machine.random(), /^[0-9a-f]{8}$/);
  assert(machine.random() !== machine.random());
  assert(Math.abs(machine.now().getTime() - Date.now()) < 5000);
  assertEquals(machine.userHome === undefined, false);
  assert(machine.disk.lstat(machine.userHome ?? "")?.kind !== "file");
});
