/** Commands that only look leave no trace: not a file, not a time, not a call to the system that could write. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { HAS_PYTHON, IS_LINUX, withPython } from "../system/fixture.ts";
import { isWrite, WRITING_CALLS } from "./calls.ts";
import { type Run, start } from "./program.ts";
import { onStage, type Stage } from "./stage.ts";

/** Every command that only looks, and every writing one before it is told to write. */
function looks({ threads }: Stage): string[][] {
  const id = threads[0]?.id ?? "019b0001";
  return [
    ["status"],
    ["diagnose"],
    ["diagnose", "--check"],
    ["explain", id],
    ["sync"],
    ["sync", "--check"],
    ["sync", "--dry-run", "--verbose"],
    ["switch", "custom"],
    ["repair", "all"],
    ["restore"],
    ["restore", "--force"],
    ["restore", "--originals"],
    ["recover"],
    ["backups", "list"],
    ["backups", "show", "latest"],
    ["backups", "verify", "--deep"],
    ["backups", "prune", "--keep", "0"],
    ["version"],
    ["help"],
  ];
}

/** Runs every looking command in each of the manners. */
async function lookAround(stage: Stage, ...manners: readonly (readonly string[])[]): Promise<void> {
  for (const line of looks(stage)) {
    for (const more of manners) {
      const shown = await stage.run([...line, ...more]);
      stage.unchanged();
      const what = [...line, ...more].join(" ");
      if (more[0] === "--quiet") expectQuiet(shown, what);
      if (more[0] === "--json") assertEquals(shown.stderr, "", what);
    }
  }
}

/** One line at most; errors go elsewhere. Help is what was asked for. */
function expectQuiet({ stdout }: Run, what: string): void {
  if (what.startsWith("help")) return;
  assert(stdout.trimEnd().split("\n").length <= 1, `${what} printed ${stdout}`);
}

Deno.test("looking at a home changes nothing in it, with records and without", async () => {
  await onStage("vanished", async (stage) => {
    await lookAround(stage, [], ["--json"]);
    await stage.run(["sync", "--thread", stage.threads[0]!.id, "--apply"]);
    await lookAround(stage, [], ["--json"], ["--quiet"]);
  });
});

Deno.test("looking at a home without a database, or with a broken one, changes nothing in it", async () => {
  await onStage("one", async (stage) => {
    const database = stage.path("state_5.sqlite");
    Deno.writeTextFileSync(database, "broken ".repeat(200));
    await lookAround(stage, ["--json"]);
    Deno.removeSync(database);
    await lookAround(stage, ["--quiet"]);
    Deno.removeSync(stage.path("sessions"), { recursive: true });
    Deno.removeSync(stage.path("config.toml"));
    await lookAround(stage, []);
  });
});

/** A program that leaves a database as Codex does when it is killed: with a log that is not in the database yet. */
const LEAVE_LOG = `
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma wal_autocheckpoint=0")
db.execute("update threads set title = 'in the log'")
print("ready", flush=True)
sys.stdin.readline()
`;

Deno.test({
  name: "a log that Codex left beside the database is read, kept and not applied",
  ignore: !(IS_LINUX && HAS_PYTHON),
  fn: async () => {
    await onStage("vanished", async (stage) => {
      const database = stage.path("state_5.sqlite");
      await withPython(LEAVE_LOG, [database], async ({ crash }) => await crash());
      assert(Deno.statSync(`${database}-wal`).size > 0);
      await lookAround(stage, []);
      const shm = Deno.readFileSync(`${database}-shm`);
      Deno.removeSync(`${database}-shm`);
      await lookAround(stage, ["--json"]);
      Deno.writeFileSync(`${database}-shm`, shm);
      const before = stage.remember();
      assertEquals((await stage.run(["sync", "--apply"])).code, 0);
      assertEquals(stage.copies(1), "relay");
      assert(stage.remember().rows[0]?.includes("in the log"));
      assertEquals((await stage.run(["restore", "--apply"])).code, 0);
      assertEquals(stage.remember().rows, before.rows);
    });
  },
});

Deno.test({
  name: "commands that only look make no call to the system that could write below the home",
  ignore: !(IS_LINUX && isFile("/usr/bin/strace")),
  fn: async () => {
    await onStage("vanished", async (stage) => {
      await stage.run(["sync", "--thread", stage.threads[0]!.id, "--apply"]);
      for (const line of looks(stage)) {
        const log = `${stage.folder}/strace.log`;
        const trace = ["open", "openat", ...WRITING_CALLS].join(",");
        const under = ["/usr/bin/strace", "-f", "-qq", "-y", "-s", "200", "-o", log, "-e", `trace=${trace}`];
        const result = await start(line, { home: stage.home, under });
        assert([0, 10].includes(result.code), `${line.join(" ")}: ${result.stderr}`);
        const found = Deno.readTextFileSync(log).split("\n").filter((call) => isWrite(call, stage.home));
        // Taking the lock that is there already opens it for writing, and writes nothing.
        const bad = found.filter((call) => !(line[0] === "recover" && call.includes("codexkeep/lock")));
        assertEquals(bad, [], line.join(" "));
      }
      assertStringIncludes(Deno.readTextFileSync(`${stage.folder}/strace.log`), "openat(");
    });
  },
});

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

Deno.test("nothing is coloured in a pipe, whatever the environment says", async () => {
  await onStage("vanished", async (stage) => {
    for (
      const env of [{ NO_COLOR: "" }, { NO_COLOR: "1" }, { FORCE_COLOR: "1", NO_COLOR: "" }, {
        TERM: "xterm",
      }]
    ) {
      // `run` refuses every raw escape.
      assertEquals((await stage.run(["diagnose"], { env })).code, 0);
      assertEquals((await stage.run(["synk"], { env })).code, 4);
    }
  });
});

Deno.test({
  name: "on a terminal there is colour, unless NO_COLOR or --no-color says otherwise",
  ignore: !(IS_LINUX && HAS_PYTHON),
  fn: async () => {
    await onStage("vanished", async (stage) => {
      const under = [pythonPath(), "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"];
      const shown = async (args: readonly string[], env: Record<string, string>) =>
        (await start(args, { home: stage.home, under, env: { TERM: "xterm", ...env } })).stdout;
      assert((await shown(["status"], { NO_COLOR: "" })).includes("\u001b["));
      assert(!(await shown(["status"], { NO_COLOR: "1" })).includes("\u001b["));
      assert(!(await shown(["status", "--no-color"], { NO_COLOR: "" })).includes("\u001b["));
      assert(!(await shown(["status"], { NO_COLOR: "", TERM: "dumb" })).includes("\u001b["));
      assert(!(await shown(["status", "--json"], { NO_COLOR: "" })).includes("\u001b["));
    });
  },
});

function pythonPath(): string {
  const { stdout } = new Deno.Command("python3", { args: ["-c", "import sys; print(sys.executable)"] })
    .outputSync();
  return new TextDecoder().decode(stdout).trim();
}

const ASK = `
import os, pty, sys, time
answer = sys.argv[1].encode()
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen = b""
sent = False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if not sent and b"[y/N]" in seen:
        os.write(fd, answer)
        sent = True
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

Deno.test({
  name: "on a terminal sync asks once, and only a clear yes is a yes",
  ignore: !(IS_LINUX && HAS_PYTHON),
  fn: async () => {
    await onStage("one", async (stage) => {
      const ask = async (answer: string, ...args: string[]) => {
        const under = [pythonPath(), "-c", ASK, answer];
        return await start(args, { home: stage.home, under, env: { TERM: "dumb" } });
      };
      const before = stage.remember();
      for (const answer of ["\n", "n\n", "no\n", "\u0004"]) {
        const { code, stdout } = await ask(answer, "sync");
        assertEquals(code, 0, stdout);
        assertStringIncludes(stdout, "Nothing was changed");
        stage.same(before);
        assertEquals(stage.records(), []);
      }
      const interrupted = await ask("\u0003", "sync");
      assertEquals(interrupted.code, 130, interrupted.stdout);
      stage.same(before);
      assert(!(await ask("y\n", "sync", "--dry-run")).stdout.includes("[y/N]"));
      assert(!(await ask("y\n", "sync", "--check")).stdout.includes("[y/N]"));
      stage.same(before);
      const yes = await ask("yes\n", "sync");
      assertEquals(yes.code, 0);
      assertEquals(stage.copies(1), "relay");
      assert(!(await ask("y\n", "restore", "--apply")).stdout.includes("[y/N]"));
      stage.same(before);
    });
  },
});

Deno.test("without a terminal nobody is asked, and an answer in a pipe is no answer", async () => {
  await onStage("one", async (stage) => {
    const { code, stdout } = await stage.run(["sync"], { stdin: "y\ny\n" });
    assertEquals(code, 0);
    assertStringIncludes(stdout, "Nothing was changed.");
    stage.unchanged();
  });
});
