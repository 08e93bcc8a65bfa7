import { COMMANDS } from "../../lib/cli/registry.ts";
import { runIn, type World } from "../../lib/cli/run.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import type { DemoReport } from "../../lib/demo/report.ts";
import { type Disk, realDisk } from "../../lib/system/disk.ts";
import { type Machine, realMachine } from "../../lib/system/machine.ts";
import { displayWidth } from "../../lib/text/terminal.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { buildHome } from "../../lib/demo/home.ts";
import { treeHash, withFolder } from "../home.ts";

const TITLES = [
  "1  What you would see",
  "2  What is wrong",
  "3  What would be done about it",
  "4  Do it, and check it",
  "5  What you would see now",
  "6  Take it back",
  "7  What to do next",
];

const COMMANDS_SHOWN = [
  "$ codexkeep diagnose --max-samples 1",
  "$ codexkeep sync --dry-run",
  "$ codexkeep sync --apply",
  "$ codexkeep restore latest --apply",
];

Deno.test("demo shows every step in order, within ten seconds, and leaves nothing behind", async () => {
  const began = performance.now();
  const { code, out, err, temporary } = await demo({});
  assert(performance.now() - began < 10_000);
  assertEquals([code, err], [0, ""]);
  const places = [...TITLES, ...COMMANDS_SHOWN].map((text) => out.indexOf(text));
  assert(places.every((place) => place >= 0));
  assertEquals(places.slice(0, 7), places.slice(0, 7).toSorted((a, b) => a - b));
  assertEquals(places.slice(7), places.slice(7).toSorted((a, b) => a - b));
  assertStringIncludes(out, "Codex's app lists 4 of 60 threads:");
  assertStringIncludes(out, "Codex's app lists 60 of 60 threads:");
  assertStringIncludes(out, "Everything is as it was before the repair:");
  assert(temporary.length > 0);
  assertEquals(temporary.filter((path) => realDisk.lstat(path) !== undefined), []);
});

Deno.test("demo fits into 80 columns", async () => {
  const { out } = await demo({});
  assertEquals(out.split("\n").filter((line) => displayWidth(line) > 80), []);
});

Deno.test("demo shows the same text with colour, marks aside", async () => {
  const plain = (text: string) =>
    // deno-lint-ignore no-control-regex -- the escape character is what is looked for
    text.replaceAll(/\u001b\[\d+m/g, "").replaceAll(
      /codexkeep-[0-9a-z]+|[0-9]{6}-[0-9A-Za-z-]+|rollout-.*|01[0-9a-f]{6}-[0-9a-f-]+/g,
      "",
    );
  const colored = (await demo({ isTerminal: true })).out;
  assert(colored.includes("\u001b["));
  assertEquals(plain(colored), plain((await demo({})).out));
});

Deno.test("demo --json gives one document with the result of every command", async () => {
  const { code, out, temporary } = await demo({}, "--json");
  assertEquals(code, 0);
  const document = JSON.parse(out);
  assertEquals([document.command, document.ok, document.exit_code], ["demo", true, 0]);
  const result: DemoReport = document.result;
  assertEquals([result.home, result.kept], [temporary[0] as string, false]);
  assertEquals(
    result.steps.map(({ step, exit_code }) => [step, exit_code]),
    [1, 2, 3, 4, 5, 6].map((n) => [n, 0]),
  );
  assertEquals(result.shown, { before: { listed: 4, listable: 60 }, after: { listed: 60, listable: 60 } });
  assertEquals(result.restored.identical, true);
  assert(result.restored.files > 60 && result.restored.rows > 60);
  const [, diagnosis, plan, sync, , restore] = result.steps.map((step) =>
    step.result as Record<string, unknown>
  );
  assert(Array.isArray(diagnosis?.["findings"]));
  assertEquals([plan?.["applied"], sync?.["applied"], restore?.["applied"]], [false, true, true]);
  assertEquals([sync?.["verified"], restore?.["verified"]], [true, true]);
  assertEquals(result.steps[3]?.command, `codexkeep sync --apply --codex-home ${result.home}`);
});

Deno.test("demo --quiet prints the verdict alone", async () => {
  const { out } = await demo({}, "--quiet");
  assertEquals(
    out,
    "4 of 60 threads in view before, 60 of 60 after sync, then restored to the byte.\n",
  );
});

Deno.test("demo does not go near the user's own home, whatever the environment names", async () => {
  await withFolder(async (folder) => {
    const own = buildHome(realDisk, `${folder}/.codex` as AbsPath, { threads: [{ provider: "a" }] });
    const before = treeHash(own.path);
    const env = { CODEX_HOME: own.path, CODEX_SQLITE_HOME: own.path };
    const { code, paths } = await demo({ env, userHome: folder });
    assertEquals(code, 0);
    assert(paths.length > 500);
    assertEquals(paths.filter((path) => path.startsWith(folder)), []);
    assertEquals(treeHash(own.path), before);
  });
});

Deno.test({
  name: "demo makes no system call that names the user's own home",
  ignore: !canTrace(),
  fn: async () => {
    await withFolder((folder) => {
      const own = buildHome(realDisk, `${folder}/.codex` as AbsPath, { threads: [{ provider: "a" }] });
      const log = `${folder}/trace`;
      const { success, stdout } = new Deno.Command("strace", {
        args: ["-f", "-qq", "-s", "300", "-e", "trace=%file", "-o", log]
          .concat(Deno.execPath(), "run", "-A", "--no-lock", "main.ts", "demo", "--quiet"),
        cwd: new URL("../../", import.meta.url),
        env: { HOME: folder, CODEX_HOME: own.path, DENO_DIR: denoDir() },
        stderr: "null",
      }).outputSync();
      assert(success);
      assertStringIncludes(new TextDecoder().decode(stdout), "restored to the byte");
      const calls = Deno.readTextFileSync(log).split("\n");
      assert(calls.some((call) => call.includes("state_5.sqlite")));
      assertEquals(calls.filter((call) => call.includes(own.path) && !call.includes("execve")), []);
    });
  },
});

Deno.test("demo --keep leaves the home as it was before the repair, and says where", async () => {
  await withFolder(async (folder) => {
    const dir = `${folder}/my demo`;
    const { code, out } = await demo({}, "--keep", "--dir", dir);
    assertEquals(code, 0);
    assertStringIncludes(out, `codexkeep sync --codex-home "${dir}"`);
    assertEquals(realDisk.lstat(`${dir}/state_5.sqlite`)?.kind, "file");
    const again = await run({}, "status", "--json", "--codex-home", dir);
    assertStringIncludes(JSON.parse(again.out).result.verdict, "57 of 62 threads belong to another provider");
  });
});

Deno.test("demo --dir uses a new or empty folder and leaves it as it found it", async () => {
  await withFolder(async (folder) => {
    assertEquals((await demo({}, "--dir", `${folder}/new`)).code, 0);
    assertEquals(realDisk.lstat(`${folder}/new`), undefined);
    Deno.mkdirSync(`${folder}/empty`);
    assertEquals((await demo({}, "--dir", `${folder}/empty`)).code, 0);
    assertEquals(realDisk.list(`${folder}/empty`), []);
  });
});

Deno.test("demo --dir refuses what is not a new or empty folder outside of the own home", async () => {
  await withFolder(async (folder) => {
    Deno.mkdirSync(`${folder}/.codex`);
    Deno.mkdirSync(`${folder}/full`);
    Deno.writeTextFileSync(`${folder}/full/notes.txt`, "mine");
    Deno.mkdirSync(`${folder}/elsewhere`);
    const refusals: [dir: string, says: string][] = [
      [`${folder}/full`, "is not empty"],
      [`${folder}/full/notes.txt`, "is not a folder"],
      [`${folder}/none/here`, "cannot be made"],
      [`${folder}/.codex`, "lies in your own Codex home"],
      [`${folder}/.codex/demo`, "lies in your own Codex home"],
      [`${folder}/full/../.codex/demo`, "lies in your own Codex home"],
      [`${folder}/elsewhere/demo`, "lies in your own Codex home"],
    ];
    if (Deno.build.os !== "windows") {
      Deno.symlinkSync(`${folder}/.codex`, `${folder}/link`);
      refusals.push([`${folder}/link/demo`, "lies in your own Codex home"]);
    }
    for (const [dir, says] of refusals) {
      const setting = { userHome: folder, env: { CODEX_HOME: `${folder}/elsewhere` } };
      const { code, out, err } = await demo(setting, "--dir", dir);
      assertEquals([code, out], [4, ""], dir);
      assertStringIncludes(err, says);
    }
    assertEquals([...treeHash(folder).keys()].filter((path) => path !== "link"), ["full/notes.txt"]);
    assertEquals(realDisk.list(`${folder}/.codex`), []);
  });
});

Deno.test("demo removes its home when it is interrupted, at whichever step", async () => {
  for (const title of TITLES.slice(1, 6)) {
    const { code, out, err, temporary } = await demo({ abortAt: title });
    assertEquals(code, 130, title);
    assert(!out.includes("What to do next"));
    assertStringIncludes(err, "interrupted");
    assertEquals(temporary.filter((path) => realDisk.lstat(path) !== undefined), [], title);
  }
});

Deno.test("demo says so when the home given by flag is not used", async () => {
  const { code, err } = await demo({}, "--codex-home", "/nowhere/at/all");
  assertEquals(code, 0);
  assertStringIncludes(err, "--codex-home was not looked at");
});

interface Setting {
  readonly env?: Readonly<Record<string, string>>;
  readonly userHome?: AbsPath;
  readonly isTerminal?: boolean;
  /** A signal comes when this is printed. */
  readonly abortAt?: string;
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Temporary folders that were made. */
  readonly temporary: readonly AbsPath[];
  /** Every path that went to the disk. */
  readonly paths: readonly string[];
}

async function demo(setting: Setting, ...flags: readonly string[]): Promise<Ran> {
  return await run(setting, "demo", ...flags);
}

async function run(setting: Setting, ...argv: readonly string[]): Promise<Ran> {
  const { env = {}, isTerminal = false, abortAt } = setting;
  const printed = { out: "", err: "" };
  const controller = new AbortController();
  const temporary: AbsPath[] = [];
  const paths: string[] = [];
  const machine: Machine = {
    ...realMachine(),
    env: (name) => env[name],
    userHome: setting.userHome,
    disk: watched(temporary, paths),
  };
  const world: World = {
    commands: COMMANDS,
    machine,
    versions: { codexkeep: "1", deno: "2", v8: "14", platform: "x", sqlite: () => Promise.resolve(null) },
    terminal: {
      out: {
        isTerminal,
        write: (text) => {
          printed.out += text;
          if (abortAt !== undefined && text.includes(abortAt)) controller.abort();
        },
      },
      err: { isTerminal: false, write: (text) => printed.err += text },
      inIsTerminal: false,
      width: 80,
      readLine: () => Promise.resolve(null),
    },
  };
  const code = await runIn(world, argv, controller.signal);
  return { code, ...printed, temporary, paths };
}

/** The real disk, and what it was asked for. */
function watched(temporary: AbsPath[], paths: string[]): Disk {
  const seen = <A extends readonly unknown[], R>(call: (...args: A) => R) => (...args: A): R => {
    paths.push(...args.filter((arg): arg is A[number] & string => typeof arg === "string"));
    return call(...args);
  };
  const { tempDir, list, lstat, stat, openRead, createFile, openAppend, makeDir, rename, realPath } =
    realDisk;
  return {
    ...realDisk,
    list: seen(list),
    lstat: seen(lstat),
    stat: seen(stat),
    openRead: seen(openRead),
    createFile: seen(createFile),
    openAppend: seen(openAppend),
    makeDir: seen(makeDir),
    rename: seen(rename),
    realPath: seen(realPath),
    tempDir: () => {
      const path = tempDir();
      temporary.push(path);
      return path;
    },
  };
}

function canTrace(): boolean {
  if (Deno.build.os !== "linux") return false;
  try {
    return new Deno.Command("strace", { args: ["-f", "true"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

/** Where the runtime keeps what it has fetched and compiled, which would otherwise be looked for in the new HOME. */
function denoDir(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stderr: "null" })
    .outputSync();
  return String(JSON.parse(new TextDecoder().decode(stdout)).denoDir);
}
