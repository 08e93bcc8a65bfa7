/** Codex at work: refused by default, with the names of who is in the way; skipped where that was allowed. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { HAS_PYTHON, IS_LINUX, withPython } from "../system/fixture.ts";
import { pick } from "./contract.ts";
import { runJson } from "./program.ts";
import { withCodex } from "./codex.ts";
import { onStage } from "./stage.ts";

const LINUX_PYTHON = { ignore: !(IS_LINUX && HAS_PYTHON) };

/** A program that holds `flock` locks on the files it is given. */
const HOLD_LOCKS = `
import fcntl, sys
files = [open(path, "a") for path in sys.argv[1:]]
for file in files: fcntl.flock(file, fcntl.LOCK_EX)
print("ready")
sys.stdin.read()
`;

/** A program that opens a database and runs the SQL it is given, without an end. */
const HOLD_DATABASE = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for sql in sys.argv[2:]: db.execute(sql).fetchone()
print("ready")
sys.stdin.read()
`;

Deno.test({
  name: "while a process named codex uses the home, nothing is written, and it is named",
  ignore: !IS_LINUX,
  fn: async () => {
    await onStage("vanished", async (stage) => {
      await withCodex(stage, async (pid) => {
        const status = await stage.json(["status"]);
        assertEquals(pick(status.document, "codex.running"), true);
        assertEquals(pick(status.document, "codex.processes.0.pid"), pid);
        assertStringIncludes((await stage.run(["status"])).stdout, `pid ${pid}`);
        const plan = await stage.run(["sync"]);
        assertEquals(plan.code, 0);
        stage.unchanged();
        for (const line of [["sync"], ["switch", "custom"], ["repair", "all"]]) {
          const refused = await stage.run([...line, "--apply"]);
          assertEquals(refused.code, 3, line.join(" "));
          assertStringIncludes(refused.stderr, `pid ${pid}`);
          assertStringIncludes(refused.stderr, "--allow-running");
        }
        const { document } = await stage.json(["sync", "--apply"]);
        assertEquals(document.errors[0]?.code, "codex-running");
        const before = stage.remember();
        const allowed = await stage.run(["sync", "--apply", "--allow-running"]);
        assertEquals(allowed.code, 0);
        const refused = await stage.run(["restore", "--apply"]);
        assertEquals(refused.code, 3);
        const back = await stage.run(["restore", "--apply", "--allow-running"]);
        assertEquals(back.code, 0);
        stage.same(before);
      });
      assertEquals((await stage.run(["sync", "--apply"])).code, 0);
    });
  },
});

Deno.test({
  name: "a refusal because Codex is running leaves not even a folder behind",
  ignore: !IS_LINUX,
  fn: async () => {
    await onStage("one", async (stage) => {
      await withCodex(stage, async () => {
        assertEquals((await stage.run(["sync", "--apply"])).code, 3);
        stage.unchanged();
      });
    });
  },
});

Deno.test({
  name: "a codex that works on another home is nobody's business",
  ignore: !IS_LINUX,
  fn: async () => {
    await onStage("one", async (other) => {
      await onStage("one", async (stage) => {
        await withCodex(other, async () => {
          const { document } = await stage.json(["status"]);
          assertEquals(pick(document, "codex.running"), false);
          assertEquals((await stage.run(["sync", "--apply"])).code, 0);
        });
      });
    });
  },
});

Deno.test({
  ...LINUX_PYTHON,
  name: "a thread that Codex has open is busy: refused by default, skipped and named when that is allowed",
  fn: async () => {
    await onStage("vanished", async (stage) => {
      const [busy = ""] = stage.threads.map(({ id }) => id);
      const folder = stage.path("thread-writer-locks");
      Deno.mkdirSync(folder);
      Deno.writeTextFileSync(`${folder}/.coordination.lock`, "");
      await withPython(HOLD_LOCKS, [`${folder}/${busy}.lock`], async () => {
        const status = await stage.json(["status"]);
        assertEquals(pick(status.document, "codex.busy_threads"), [busy]);
        assertEquals(pick((await stage.json(["explain", busy])).document, "thread.busy"), true);
        stage.unchanged();
        const refused = await stage.json(["sync", "--apply"]);
        assertEquals(refused.code, 3);
        assertEquals(stage.copies(2), "custom");

        const done = await stage.json(["sync", "--apply", "--allow-running"]);
        assertEquals(done.code, 8);
        assertEquals(pick(done.document, "plan.skipped"), [{ subject: busy, reason: "Codex has it open" }]);
        assertEquals(pick(done.document, "verified"), true);
        assertEquals(stage.copies(1), "openai");
        for (const n of [2, 3, 5, 6, 7, 8, 9]) assertEquals(stage.copies(n), "relay");
        const again = await stage.run(["sync", "--apply", "--allow-running"]);
        assertEquals(again.code, 8);
        assertStringIncludes(again.stdout, busy);
        stage.unchanged();
        assertEquals(stage.records().length, 1);
      });
      assertEquals((await stage.run(["sync", "--apply"])).code, 0);
      assertEquals(stage.copies(1), "relay");
    });
  },
});

Deno.test({
  ...LINUX_PYTHON,
  name: "a lock file that nobody holds is no sign of Codex",
  fn: async () => {
    await onStage("one", async (stage) => {
      const folder = stage.path("thread-writer-locks");
      Deno.mkdirSync(folder);
      Deno.writeTextFileSync(`${folder}/.coordination.lock`, "");
      Deno.writeTextFileSync(`${folder}/${stage.threads[0]!.id}.lock`, "");
      assertEquals((await stage.run(["sync", "--apply"])).code, 0);
      assertEquals([...Deno.readDirSync(folder)].length, 2);
    });
  },
});

for (
  const [what, sql] of [
    ["an idle connection", []],
    ["a reader", ["begin", "select count(*) from threads"]],
    ["a writer", ["begin immediate"]],
    ["an exclusive writer", ["begin exclusive"]],
  ] as const
) {
  Deno.test({
    ...LINUX_PYTHON,
    name: `a database that ${what} holds is not written, whatever is allowed`,
    fn: async () => {
      await onStage("one", async (stage) => {
        const database = stage.path("state_5.sqlite");
        // Opened once before, so that the side files are there and the tree can be compared.
        await withPython(
          HOLD_DATABASE,
          [database, "select count(*) from threads", ...sql],
          async ({ pid }) => {
            const status = await stage.json(["status"]);
            assertEquals(status.code, 0);
            assertEquals(pick(status.document, "databases.0.threads"), 1);
            stage.unchanged();
            const before = stage.remember();
            const refused = await stage.run(["sync", "--apply"]);
            assert([3, 6].includes(refused.code), `exit ${refused.code}`);
            assertStringIncludes(refused.stderr, `pid ${pid}`);
            stage.same(before);
            const allowed = await stage.json(["sync", "--apply", "--allow-running"]);
            const safe = await isWalSafe();
            const free = safe && what !== "a writer" && what !== "an exclusive writer";
            assertEquals(allowed.code, free ? 0 : safe ? 6 : 5, allowed.stdout);
            if (free) assertEquals(stage.copies(1), "relay");
            else stage.same(before);
          },
        );
      });
    },
  });
}

/** Whether the engine of the program may write beside another process. */
async function isWalSafe(): Promise<boolean> {
  const { document } = await runJson(["version"]);
  const [major = 0, minor = 0, patch = 0] = String(pick(document, "sqlite")).split(".").map(Number);
  return [major, minor, patch].map((n) => String(n).padStart(3, "0")).join(".") >= "003.051.003";
}

Deno.test({
  ...LINUX_PYTHON,
  name: "--wait gives a busy database time, and no more than that",
  fn: async () => {
    await onStage("one", async (stage) => {
      const held = [stage.path("state_5.sqlite"), "begin immediate"];
      await withPython(HOLD_DATABASE, held, async () => {
        const start = performance.now();
        const refused = await stage.run(["sync", "--apply", "--allow-running", "--wait", "1"]);
        const took = performance.now() - start;
        assert([5, 6].includes(refused.code), `exit ${refused.code}`);
        assert(took < 8000, `it took ${took} ms`);
        assertEquals(stage.copies(1), "openai");
      });
    });
  },
});

Deno.test({
  ...LINUX_PYTHON,
  name: "another run that holds our lock is exit 6, and --wait waits for it",
  fn: async () => {
    await onStage("vanished", async (stage) => {
      await stage.run(["sync", "--thread", stage.threads[0]!.id, "--apply"]);
      const lock = stage.path("backups_state/codexkeep/lock");
      await withPython(HOLD_LOCKS, [lock], async ({ crash }) => {
        for (
          const line of [["sync", "--apply"], ["recover"], ["backups", "prune", "--keep", "0", "--apply"]]
        ) {
          const refused = await stage.json(line);
          assertEquals(refused.code, 6, line.join(" "));
          assertEquals(refused.document.errors[0]?.code, "locked");
          stage.kept();
        }
        assertEquals((await stage.run(["status"])).code, 0);
        assertEquals((await stage.run(["backups", "verify"])).code, 0);
        stage.unchanged();
        const waiting = stage.run(["sync", "--apply", "--wait", "20"]);
        await new Promise((resolve) => setTimeout(resolve, 700));
        await crash();
        assertEquals((await waiting).code, 0);
      });
      assertEquals(stage.copies(9), "relay");
    });
  },
});
