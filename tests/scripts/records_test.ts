/** Records as a user meets them: private, checked before use, and the way out of a run that was cut off. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { IS_LINUX, IS_UNIX } from "../system/fixture.ts";
import { pick } from "./contract.ts";
import { run, start } from "./program.ts";
import { withCodex } from "./codex.ts";
import { onStage, type Stage } from "./stage.ts";
import { RECORDS } from "./tree.ts";

const OURS = `${RECORDS}/codexkeep`;

/** Every file of a record, the held ones too. */
function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesOf(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}

/** Alters one byte of a file, runs `use`, and puts it back. */
async function withFlipped(path: string, at: number, use: () => Promise<void>): Promise<void> {
  const good = Deno.readFileSync(path);
  const bad = good.slice();
  bad[at] = bad[at]! ^ 1;
  Deno.writeFileSync(path, bad);
  try {
    await use();
  } finally {
    Deno.writeFileSync(path, good);
  }
}

Deno.test("one flipped bit anywhere in a record is found by verify, and nothing is restored from it", async () => {
  const specs = [{ provider: "openai" }, { provider: "openai", compressed: true }] as const;
  await onStage(specs, async (stage) => {
    assertEquals((await stage.run(["switch", "custom", "--apply"])).code, 0);
    const [id = ""] = stage.records();
    const files = filesOf(stage.path(`${OURS}/${id}`));
    assertEquals(files.map((path) => path.split(`${id}/`)[1]).sort(), [
      "changes.jsonl",
      "held/1",
      "journal.jsonl",
      "manifest.json",
    ]);
    let flips = 0;
    for (const path of files) {
      const { size } = Deno.statSync(path);
      // The last byte too: a newline, which nothing but its own check would miss.
      for (const at of [...steps(size, 97), size - 1]) {
        await withFlipped(path, at, async () => {
          const where = `byte ${at} of ${path}`;
          const verified = await stage.json(["backups", "verify", id, "--deep"]);
          assertEquals(verified.code, 5, where);
          assertEquals(pick(verified.document, "records.0.ok"), false, where);
          const restored = await stage.json(["restore", id, "--apply"]);
          stage.unchanged();
          assertEquals(restored.code, 5, `${where}: ${restored.stdout}`);
          assertEquals(restored.document.errors[0]?.code, "record-damaged", where);
        });
        flips++;
      }
    }
    assert(flips > 30, `${flips} flips`);
    assertEquals((await stage.run(["backups", "verify", "--deep"])).code, 0);
    assertEquals((await stage.run(["restore", "--apply"])).code, 0);
    assertEquals(stage.copies(1), "openai");
    assertEquals(stage.copies(2), "openai");
  });
});

function steps(size: number, by: number): number[] {
  return Array.from({ length: Math.ceil(size / by) }, (_, n) => n * by);
}

Deno.test("a damaged record is listed as damaged, is not taken for the latest one, and is never pruned", async () => {
  await onStage("vanished", async (stage) => {
    await stage.run(["sync", "--thread", stage.threads[0]!.id, "--apply"]);
    await stage.run(["sync", "--thread", stage.threads[1]!.id, "--apply"]);
    const [first = "", second = ""] = stage.records();
    await withFlipped(stage.path(`${OURS}/${second}/manifest.json`), 40, async () => {
      const { document } = await stage.json(["backups", "list"]);
      assertEquals(pick(document, "records.0.state"), "damaged");
      assertEquals((await stage.run(["status"])).code, 0);
      const pruned = await stage.json(["backups", "prune", "--keep", "0"]);
      assertEquals(pick(pruned.document, "plan.files"), [first]);
      assertEquals((await stage.run(["restore", "latest", "--apply"])).code, 0);
      assertEquals(stage.copies(1), "openai");
      assertEquals(stage.copies(2), "relay");
      assertEquals((await stage.run(["backups", "show", second])).code, 5);
    });
  });
});

Deno.test({
  name: "all that is made is 0700 and 0600 whatever the umask, and files keep the modes they had",
  ignore: !IS_UNIX,
  fn: async () => {
    for (const umask of [0o000, 0o022, 0o077]) {
      await onStage("vanished", async (stage) => {
        const [file = ""] = stage.threads[0]!.files;
        Deno.chmodSync(stage.path(file), 0o664);
        Deno.chmodSync(stage.path("config.toml"), 0o640);
        const before = stage.remember();
        assertEquals((await stage.run(["switch", "custom", "--apply"], { umask })).code, 0);
        expectPrivate(stage.path(RECORDS));
        assertEquals(modeOf(stage.path(file)), 0o664);
        assertEquals(modeOf(stage.path("config.toml")), 0o640);
        assertEquals((await stage.run(["restore", "--apply"], { umask })).code, 0);
        stage.same(before);
        const plan = `${stage.folder}/plan.json`;
        assertEquals((await stage.run(["sync", "--plan-out", plan], { umask })).code, 0);
        assertEquals(modeOf(plan), 0o600);
        expectPrivate(stage.path(RECORDS));
      });
    }
  },
});

function modeOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o7777;
}

function expectPrivate(folder: string): void {
  assertEquals(modeOf(folder), 0o700, folder);
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) expectPrivate(`${folder}/${name}`);
    else if (!folder.endsWith("/held")) assertEquals(modeOf(`${folder}/${name}`), 0o600, name);
  }
}

Deno.test({
  name: "a linked config.toml is changed where it really is and stays a link",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage("one", async (stage) => {
      const real = `${stage.folder}/dotfiles.toml`;
      Deno.renameSync(stage.path("config.toml"), real);
      Deno.symlinkSync("../dotfiles.toml", stage.path("config.toml"));
      const before = Deno.readTextFileSync(real);
      assertEquals((await stage.run(["switch", "custom", "--apply"])).code, 0);
      assertEquals(Deno.readLinkSync(stage.path("config.toml")), "../dotfiles.toml");
      assertStringIncludes(Deno.readTextFileSync(real), 'model_provider = "custom"');
      assertEquals((await stage.run(["restore", "--apply"])).code, 0);
      assertEquals(Deno.readLinkSync(stage.path("config.toml")), "../dotfiles.toml");
      assertEquals(Deno.readTextFileSync(real), before);
    });
  },
});

Deno.test({
  name: "a records folder that is a link is refused and nothing is written through it",
  ignore: !IS_UNIX,
  fn: async () => {
    for (const link of [RECORDS, OURS]) {
      await onStage("one", async (stage) => {
        const elsewhere = `${stage.folder}/elsewhere`;
        Deno.mkdirSync(elsewhere);
        if (link === OURS) Deno.mkdirSync(stage.path(RECORDS), { mode: 0o700 });
        Deno.symlinkSync(elsewhere, stage.path(link));
        const refused = await stage.run(["sync", "--apply"]);
        assertEquals(refused.code, 5, refused.stderr);
        assertStringIncludes(refused.stderr, "symbolic link");
        assertEquals([...Deno.readDirSync(elsewhere)], []);
        assertEquals(stage.copies(1), "openai");
      });
    }
  },
});

const STRACE = { ignore: !(IS_LINUX && exists("/usr/bin/strace")) };

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Kills a run at its n-th rename, for the first n at which the run has begun to change the home. */
async function cutOff(stage: Stage, args: readonly string[]): Promise<void> {
  for (let when = 1; when < 40; when++) {
    const inject = `rename:signal=KILL:when=${when}`;
    const under = [
      "/usr/bin/strace",
      "-f",
      "-qq",
      "-o",
      "/dev/null",
      "-e",
      "trace=rename",
      "-e",
      `inject=${inject}`,
    ];
    await start(args, { home: stage.home, under });
    const { document } = await stage.json(["status"]);
    if (pick(document, "pending_record") !== null && stage.copies(1) === "relay/relay/openai") return;
    await stage.run(["recover"]);
  }
  throw new Error("no run was cut off in the middle");
}

Deno.test({
  ...STRACE,
  name: "after a run that was killed in the middle every writing command is exit 9, and recover undoes it",
  fn: async () => {
    await onStage("vanished", async (stage) => {
      const before = stage.remember();
      await cutOff(stage, ["sync", "--apply"]);
      const status = await stage.json(["status"]);
      assertEquals(pick(status.document, "next"), "codexkeep recover");
      assertStringIncludes((await stage.run(["diagnose"])).stdout, "record-pending");
      stage.unchanged();
      const plan = `${stage.folder}/plan.json`;
      for (
        const line of [["sync"], ["sync", "--apply"], ["switch", "custom"], ["repair", "all"], ["restore"], [
          "restore",
          "--originals",
        ], ["sync", "--plan-out", plan]]
      ) {
        const refused = await stage.json(line);
        assertEquals(refused.code, 9, line.join(" "));
        assertEquals(refused.document.errors[0]?.code, "recovery-pending");
        assertEquals(refused.document.errors[0]?.hint, "codexkeep recover");
        stage.unchanged();
      }
      assertEquals(exists(plan), false);
      await stage.run(["backups", "prune", "--keep", "0", "--apply"]);
      await withCodex(stage, async (pid) => {
        const refused = await stage.run(["recover"]);
        assertEquals(refused.code, 3);
        assertStringIncludes(refused.stderr, `pid ${pid}`);
      });
      const recovered = await stage.json(["recover"]);
      assertEquals(recovered.code, 0);
      assertEquals(pick(recovered.document, "recovered.length"), 1);
      assertEquals(pick(recovered.document, "left"), []);
      stage.same(before);
      assertEquals((await stage.run(["recover"])).stdout, "Nothing to recover.\n");
      stage.unchanged();
      assertEquals((await stage.run(["sync", "--apply"])).code, 0);
      assertEquals((await stage.run(["restore", "--apply"])).code, 0);
      stage.same(before);
    });
  },
});

Deno.test({
  ...STRACE,
  name: "what Codex wrote after a run was killed is kept by recover",
  fn: async () => {
    await onStage("vanished", async (stage) => {
      await cutOff(stage, ["sync", "--apply"]);
      const [file = ""] = stage.threads[0]!.files;
      Deno.writeTextFileSync(stage.path(file), '{"later":true}\n', { append: true });
      assertEquals((await stage.run(["recover"])).code, 0);
      assertEquals(stage.copies(1), "openai");
      assertStringIncludes(Deno.readTextFileSync(stage.path(file)), '{"later":true}\n');
    });
  },
});

Deno.test("restore of an id that is none, and of a record that was undone, is told apart", async () => {
  await onStage("one", async (stage) => {
    const unknown = await run(["restore", "000001-20260101T000000Z-sync-00000000", "--apply"], {
      home: stage.home,
    });
    assertEquals(unknown.code, 1);
    assertStringIncludes(unknown.stderr, "there is no record");
    const odd = await run(["restore", "something", "--apply", "--json"], { home: stage.home });
    assert([1, 4].includes(odd.code));
    assertStringIncludes(odd.stdout, "something");
  });
});
