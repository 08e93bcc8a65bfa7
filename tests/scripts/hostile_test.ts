/** Text from files that would drive a terminal, break a line or a document: shown inert, whatever the command. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { IS_UNIX } from "../system/fixture.ts";
import { pick } from "./contract.ts";
import { linesWith } from "./hostile_lines.ts";
import { onStage, type Stage } from "./stage.ts";

/** What nobody should see raw. `run` checks the outputs of every command below for it. */
const HOSTILE: readonly string[] = [
  "\u001b[2J\u001b[31mred",
  "\u001b]0;title\u0007",
  "\u001b]8;;http://127.0.0.1/\u001b\\link\u001b]8;;\u001b\\",
  "\u001b]52;c;ZXZpbA==\u0007",
  "\u001bP1$r\u001b\\",
  "\u009b31mC1",
  "back\b\b\b\bspace",
  "over\rwritten",
  "two\nlines\tand a tab",
  "nul\u0000inside",
  "del\u007f",
  "right\u202eleft\u202c",
  "iso\u2066late\u2069",
  "zero\u200bwidth\u200d\ufeff",
  "soft\u00adhyphen",
  "line\u2028separator\u2029",
  "tags\u{e0041}\u{e0042}",
  "lone\ud800surrogate",
  "__proto__",
  "constructor",
  "'\"`$(touch /tmp/never)",
  "%s%n{}{0}",
  "=1+1",
  "ẓ̶̌̕a̴l̷g̸o",
  "很宽的名字",
  "👩‍👩‍👧",
  "x".repeat(5000),
];

const LINES: readonly (readonly string[])[] = [
  ["status"],
  ["status", "--verbose"],
  ["diagnose", "--verbose"],
  ["diagnose", "--quiet"],
  ["explain", "019b0001"],
  ["sync", "--verbose"],
  ["sync", "--check", "--quiet"],
  ["repair", "all"],
  ["switch", "custom"],
];

async function lookEverywhere(stage: Stage): Promise<void> {
  for (const line of LINES) {
    await stage.run(line);
    await stage.run([...line, "--json"]);
  }
}

/** Texts that can stand in TOML, on a command line and in a file name. */
const TEXTS = HOSTILE.filter((text) => text.isWellFormed() && !text.includes("\u0000"));

Deno.test("hostile providers, folders, sources and titles in files and rows reach no output raw", async () => {
  const specs = HOSTILE.map((text) => ({
    provider: text,
    cwd: `/work/${text}`,
    source: text,
    preview: text,
  }));
  await onStage([...specs, { provider: "openai" }], async (stage) => {
    HOSTILE.forEach((text, index) => {
      const id = stage.threads[index]!.id;
      stage.sql("update threads set title = ?, name = ? where id = ?", undefined, text, text, id);
    });
    await lookEverywhere(stage);
    for (const { id } of stage.threads) await stage.run(["explain", id]);
    const before = stage.remember();
    const done = await stage.json(["sync", "--apply"]);
    // SQLite hands over text only up to a NUL, so that row cannot be told from another; its thread is left alone.
    const odd = HOSTILE.findIndex((text) => text.includes("\u0000"));
    assertEquals(done.code, 8, done.stdout);
    const skipped = pick(done.document, "plan.skipped") as { subject: string }[];
    assertEquals(skipped.map(({ subject }) => subject), [stage.threads[odd]!.id]);
    for (const n of stage.threads.keys()) if (n !== odd) assertEquals(stage.copies(n + 1), "relay");
    await lookEverywhere(stage);
    await stage.run(["backups", "show", "latest", "--verbose"]);
    await stage.run(["backups", "list", "--json"]);
    await stage.run(["restore", "--originals", "--verbose"]);
    assertEquals((await stage.run(["restore", "--apply", "--verbose"])).code, 0);
    stage.same(before);
  });
});

Deno.test("hostile text in config.toml reaches no output raw", async () => {
  const tables = TEXTS.map((text) => JSON.stringify(text).replaceAll("\u007f", "\\u007f"))
    .map((id) => `[model_providers.${id}]\nname = ${id}\nmodel = ${id}\n`).join("");
  for (const text of TEXTS.slice(0, 4)) {
    const id = JSON.stringify(text);
    await onStage("one", async (stage) => {
      for (const line of LINES) await stage.run(line);
      assertEquals((await stage.run(["sync", "--apply"])).code, 0);
      assertEquals(stage.copies(1), text);
      Deno.writeTextFileSync(stage.path("config.toml"), `model = "gpt\n${text}`);
      for (const line of LINES) await stage.run([...line, "--json"]);
      assertEquals((await stage.run(["sync", "--apply"])).code, 4);
      stage.unchanged();
    }, `model = ${id}\nmodel_provider = ${id}\n${tables}`);
  }
});

Deno.test({
  name: "hostile names of files and folders reach no output raw, and what is unsafe elsewhere is left alone",
  ignore: !IS_UNIX,
  fn: async () => {
    const names = TEXTS.filter((text) => !text.includes("/") && text.length < 100);
    await onStage(names.map(() => ({ provider: "openai" })), async (stage) => {
      names.forEach((text, index) => {
        const [file = ""] = stage.threads[index]!.files;
        Deno.mkdirSync(stage.path(`sessions/2026/${text}`));
        Deno.renameSync(stage.path(file), stage.path(`sessions/2026/${text}/${file.split("/").at(-1)}`));
        Deno.writeTextFileSync(stage.path(`${text}.config.toml`), `model_provider = "x"`);
        Deno.mkdirSync(stage.path(`backups_state/${text}`), { recursive: true });
      });
      await lookEverywhere(stage);
      await stage.run(["backups", "list", "--verbose"]);
      await stage.run(["backups", "list", "--json"]);
      const done = await stage.run(["sync", "--apply", "--verbose"]);
      assertEquals(done.code, 8);
      assertEquals((await stage.run(["restore", "--apply", "--verbose"])).code, 0);
    });
  },
});

Deno.test({
  name: "hostile arguments come back inert, in text and in the document",
  ignore: !IS_UNIX,
  fn: async () => {
    const active = TEXTS.filter((text) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text));
    await onStage("one", async (stage) => {
      for (const [index, text] of active.entries()) {
        const path = `${stage.folder}/${text}`;
        const lines = linesWith(text, path);
        // Two thirds of the pairs are enough, and every line meets most texts.
        for (const line of lines.filter((_, n) => (n + index) % 3 !== 0)) {
          const shown = await (index % 2 === 0 ? stage.json(line) : stage.run(line));
          assert(shown.code !== 0, `${JSON.stringify(line)} went through`);
          assert(shown.stderr.length < 4000, `${shown.stderr.length} characters of error`);
        }
      }
      stage.unchanged();
    });
  },
});

Deno.test("a provider id of 10,000 characters is refused without repeating it all", async () => {
  await onStage("one", async (stage) => {
    const long = "a".repeat(10_000);
    for (const line of [["sync", "--provider", long], ["switch", long], ["sync", "--from", long]]) {
      const refused = await stage.run([...line, "--apply"]);
      assertEquals(refused.code, 4);
      assertStringIncludes(refused.stderr, "longer than");
      assert(refused.stderr.length < 500, refused.stderr);
      stage.unchanged();
    }
  });
});
