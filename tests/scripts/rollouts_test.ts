/** Rollouts that are no ordinary files, or not ordinary in size: shown, left alone, and the others repaired. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { IS_ROOT, IS_UNIX } from "../system/fixture.ts";
import { pick } from "./contract.ts";
import { IS_BINARY, run } from "./program.ts";
import { onStage, type Stage } from "./stage.ts";

const TWO = [{ provider: "openai" }, { provider: "openai" }] as const;

/** What the damage of file 1 must lead to: named by diagnose and sync, untouched, thread 2 repaired. */
async function expectLeftAlone(stage: Stage, reason: string): Promise<void> {
  const [file = ""] = stage.threads[0]!.files;
  const found = await stage.json(["diagnose"]);
  stage.unchanged();
  const damage = (pick(found.document, "findings") as { code: string; samples: string[] }[])
    .find(({ code }) => code === "rollout-damaged");
  assertStringIncludes(damage?.samples.join("\n") ?? "", reason);
  const done = await stage.json(["sync", "--apply"]);
  assertEquals(done.code, 8);
  assertEquals(pick(done.document, "plan.threads"), 1);
  assertEquals(pick(done.document, "plan.skipped.0.subject"), stage.threads[0]!.id);
  stage.changed([stage.threads[1]!.files[0]!, "state_5.sqlite"]);
  assertEquals(stage.copies(2), "relay");
  const again = await stage.run(["sync", "--apply"]);
  assertEquals(again.code, 8);
  assertStringIncludes(again.stdout, stage.threads[0]!.id);
  assertStringIncludes(again.stdout, file.split("/").at(-1)!);
  stage.unchanged();
}

Deno.test("a rollout that is a folder is named and left alone", async () => {
  await onStage(TWO, async (stage) => {
    const path = stage.path(stage.threads[0]!.files[0]!);
    Deno.removeSync(path);
    Deno.mkdirSync(path);
    Deno.writeTextFileSync(`${path}/inside.txt`, "x");
    await expectLeftAlone(stage, "it is no regular file");
  });
});

Deno.test({
  name: "a rollout that is a link out of the home is not followed",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage(TWO, async (stage) => {
      const path = stage.path(stage.threads[0]!.files[0]!);
      const outside = `${stage.folder}/outside.jsonl`;
      Deno.renameSync(path, outside);
      Deno.symlinkSync(outside, path);
      const before = Deno.readTextFileSync(outside);
      await expectLeftAlone(stage, "it is a symbolic link");
      assertEquals(Deno.readTextFileSync(outside), before);
    });
  },
});

Deno.test({
  name: "a rollout that is a dangling link is named and left alone",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage(TWO, async (stage) => {
      const path = stage.path(stage.threads[0]!.files[0]!);
      Deno.removeSync(path);
      Deno.symlinkSync(path, path);
      await expectLeftAlone(stage, "it is a symbolic link");
    });
  },
});

Deno.test({
  name: "a rollout that is a pipe does not stop anything",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage(TWO, async (stage) => {
      const path = stage.path(stage.threads[0]!.files[0]!);
      Deno.removeSync(path);
      const made = new Deno.Command("mkfifo", { args: [path] }).outputSync();
      assert(made.success);
      await expectLeftAlone(stage, "it is no regular file");
    });
  },
});

Deno.test({
  name: "sessions that is a link out of the home is not followed",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage("one", async (stage) => {
      Deno.renameSync(stage.path("sessions"), `${stage.folder}/elsewhere`);
      Deno.symlinkSync(`${stage.folder}/elsewhere`, stage.path("sessions"));
      const status = await stage.run(["diagnose"]);
      assertStringIncludes(status.stdout, "rollout-damaged (1)");
      assertStringIncludes(status.stdout, "1 folder(s) of rollouts are symbolic links");
      assertStringIncludes(status.stdout, "    - sessions\n");
      assertEquals((await stage.run(["sync", "--apply"])).code, 8);
      stage.unchanged();
    });
  },
});

Deno.test({
  name: "a day's folder that is a link out of the home is not followed",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage("one", async (stage) => {
      Deno.renameSync(stage.path("sessions/2026"), `${stage.folder}/2026`);
      Deno.symlinkSync(`${stage.folder}/2026`, stage.path("sessions/2026"));
      assertStringIncludes((await stage.run(["diagnose"])).stdout, "rollout-damaged (1)");
      assertEquals((await stage.run(["sync", "--apply"])).code, 8);
      stage.unchanged();
    });
  },
});

Deno.test({
  name: "a read-only rollout is refused, not replaced, and its row stays too",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage(TWO, async (stage) => {
      Deno.chmodSync(stage.path(stage.threads[0]!.files[0]!), 0o444);
      const done = await stage.json(["sync", "--apply"]);
      assertEquals(done.code, 8);
      assertStringIncludes(String(pick(done.document, "plan.skipped.0.reason")), "read-only");
      stage.changed([stage.threads[1]!.files[0]!, "state_5.sqlite"]);
      assertEquals(stage.copies(1), "openai");
      assertEquals(stage.copies(2), "relay");
      await stage.run(["restore", "--apply"]);
      assertEquals(stage.copies(2), "openai");
    });
  },
});

Deno.test({
  name: "a rollout that may not be read is named and left alone, and so is a home that may not be written",
  ignore: !(IS_ROOT && IS_BINARY),
  fn: async () => {
    await onStage(TWO, async (stage) => {
      const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
      const under = { under: nobody.with(0, "/usr/bin/setpriv") };
      Deno.chmodSync(stage.folder, 0o755);
      own(stage.home);
      Deno.chmodSync(stage.path(stage.threads[0]!.files[0]!), 0o000);
      const found = await stage.run(["diagnose"], under);
      assertStringIncludes(found.stdout, "rollout-damaged (1)");
      assertStringIncludes(found.stdout, "permission denied");
      stage.unchanged();
      assertEquals((await stage.run(["sync", "--apply"], under)).code, 8);
      stage.changed([stage.threads[1]!.files[0]!, "state_5.sqlite"]);

      Deno.chmodSync(stage.path(stage.threads[0]!.files[0]!), 0o600);
      Deno.chmodSync(stage.path(stage.threads[0]!.files[0]!.replace(/\/[^/]*$/, "")), 0o500);
      const closed = await stage.run(["sync", "--apply"], under);
      assert([1, 5, 8].includes(closed.code), `exit ${closed.code}`);
      assertStringIncludes(closed.stdout + closed.stderr, "permission denied");
      assertEquals(stage.copies(1), "openai");
    });
  },
});

function own(path: string): void {
  Deno.chownSync(path, 65534, 65534);
  for (const entry of Deno.readDirSync(path)) {
    if (entry.isDirectory) own(`${path}/${entry.name}`);
    else Deno.chownSync(`${path}/${entry.name}`, 65534, 65534);
  }
}

Deno.test({
  name: "a first line of 100 MB is refused in a bounded time and a bounded memory",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage(TWO, async (stage) => {
      writeLong(stage.path(stage.threads[0]!.files[0]!), 100);
      const plain = await measured(stage, ["status"]);
      assertEquals(plain.code, 0);
      assert(plain.ms < 2000, `status took ${plain.ms} ms`);
      assert(plain.peakKb < 160_000, `status took ${plain.peakKb} KB`);
      const found = await measured(stage, ["diagnose"]);
      assertStringIncludes(found.stdout, "the first line is longer than 8 MiB");
      const done = await measured(stage, ["sync", "--apply"]);
      assertEquals(done.code, 8);
      assert(done.ms < 3000, `sync took ${done.ms} ms`);
      assert(done.peakKb < 170_000, `sync took ${done.peakKb} KB`);
      assertEquals(stage.copies(2), "relay");
    });
  },
});

Deno.test({
  name: "a line of 400 MB further on is carried along in a bounded memory, to the byte",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage("one", async (stage) => {
      appendLong(stage.path(stage.threads[0]!.files[0]!), 400);
      const before = stage.remember();
      const done = await measured(stage, ["sync", "--apply"]);
      assertEquals(done.code, 0, done.stdout + done.stderr);
      assert(done.ms < 20_000, `sync took ${done.ms} ms`);
      assert(done.peakKb < 320_000, `sync took ${done.peakKb} KB`);
      const back = await measured(stage, ["restore", "--apply"]);
      assertEquals(back.code, 0);
      stage.same(before);
    });
  },
});

function writeLong(path: string, megabytes: number): void {
  Deno.writeTextFileSync(path, '{"type":"session_meta","payload":{"base_instructions":"');
  appendLong(path, megabytes);
}

function appendLong(path: string, megabytes: number): void {
  const file = Deno.openSync(path, { append: true });
  try {
    const piece = new TextEncoder().encode("x".repeat(1024 * 1024));
    file.writeSync(new TextEncoder().encode('{"ordinal":7,"long":"'));
    for (let n = 0; n < megabytes; n++) file.writeSync(piece);
    file.writeSync(new TextEncoder().encode('"}\n'));
  } finally {
    file.close();
  }
}

/** Runs through a small program that tells how much memory it took. */
async function measured(stage: Stage, args: readonly string[]) {
  const facts = `${stage.folder}/facts.json`;
  const result = await run(args, {
    home: stage.home,
    under: [python(), "-c", MEASURE, facts],
  });
  const { ms, kb } = JSON.parse(Deno.readTextFileSync(facts)) as { ms: number; kb: number };
  return { ...result, ms, peakKb: kb };
}

const MEASURE = `
import json, resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.call(sys.argv[2:])
facts = {"ms": (time.monotonic() - start) * 1000, "kb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}
open(sys.argv[1], "w").write(json.dumps(facts))
sys.exit(code)
`;

function python(): string {
  const { stdout } = new Deno.Command("python3", { args: ["-c", "import sys; print(sys.executable)"] })
    .outputSync();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test({
  name: "a run that could change nothing in the end makes no record",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage("one", async (stage) => {
      Deno.chmodSync(stage.path(stage.threads[0]!.files[0]!), 0o444);
      const before = stage.remember();
      const done = await stage.json(["sync", "--apply"]);
      assertEquals(done.code, 8);
      assertEquals(pick(done.document, "applied"), false);
      assertEquals(pick(done.document, "record"), null);
      assertEquals(pick(done.document, "plan.changes"), 0);
      stage.same(before);
      assertEquals(stage.records(), []);
      assertStringIncludes((await stage.run(["sync", "--apply"])).stdout, "is read-only");
    });
  },
});
