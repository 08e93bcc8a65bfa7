/** Text of files, rows, names and the command line reaches no output raw, whatever the command (G21, G22, G23). */
import { assert, assertEquals } from "../assert.ts";
import type { ThreadSpec } from "../home.ts";
import { report } from "../proof/figure.ts";
import { linesWith } from "../scripts/hostile_lines.ts";
import { checkInert, IS_BINARY, start } from "../scripts/program.ts";
import { onStage, type Stage } from "../scripts/stage.ts";
import { HAS_PYTHON, IS_LINUX, IS_UNIX } from "../system/fixture.ts";
import { expectNone, inLanes, some, watch } from "./rig.ts";
import { HOSTILE } from "./texts.ts";

const GROUP = "hostile texts × commands";

/** Every command that shows something of a home. */
function lines(id: string): readonly (readonly string[])[] {
  return [
    ["status"],
    ["status", "--verbose"],
    ["diagnose", "--verbose", "--max-samples", "1000"],
    ["diagnose", "--quiet"],
    ["explain", id],
    ["sync", "--verbose"],
    ["sync", "--check", "--quiet"],
    ["repair", "all", "--verbose"],
    ["repair", "cwd", "--map", "/work=/elsewhere", "--verbose"],
    ["switch", "custom"],
    ["restore", "--verbose"],
    ["restore", "--originals", "--verbose"],
    ["backups", "list", "--verbose"],
    ["backups", "show", "latest", "--verbose"],
    ["backups", "verify", "--deep"],
    ["backups", "export", "latest", "--csv", "-"],
  ];
}

function specOf(text: string): ThreadSpec {
  return { provider: text === "" ? "x" : text, cwd: `/work/${text}`, source: text, cells: { preview: text } };
}

/** Plants texts wherever a home has room for them. */
function plant(stage: Stage, texts: readonly string[]): void {
  texts.forEach((text, n) => {
    const { id } = stage.threads[n]!;
    stage.sql(
      "update threads set title = ?, name = ?, first_user_message = ?, git_branch = ?, model = ?, cli_version = ? where id = ?",
      undefined,
      ...Array.from({ length: 6 }, () => text),
      id,
    );
  });
}

interface Seen {
  pairs: number;
  readonly faults: string[];
}

async function show(stage: Stage, ids: readonly string[], texts: number, seen: Seen): Promise<void> {
  const runs = lines(ids[0] ?? "").flatMap((line) =>
    line.includes("-") ? [line] : [line, [...line, "--json"]]
  );
  await inLanes(some(runs, 12), async (line) => {
    const { faults } = await watch(line, { home: stage.home });
    seen.faults.push(...faults);
    seen.pairs += texts;
  });
  for (const id of ids) {
    for (const line of [["explain", id], ["explain", id, "--json"]]) {
      seen.faults.push(...(await watch(line, { home: stage.home })).faults);
      seen.pairs++;
    }
  }
}

Deno.test({
  name: "texts in files and rows reach no output raw, before a run, after it and when it is taken back",
  ignore: !IS_UNIX,
  fn: async () => {
    const started = performance.now();
    assert(HOSTILE.length >= 200, `${HOSTILE.length} texts`);
    const seen: Seen = { pairs: 0, faults: [] };
    await onStage([...HOSTILE.map(specOf), { provider: "openai" }], async (stage) => {
      plant(stage, HOSTILE);
      const ids = some(stage.threads, 4).map(({ id }) => id);
      await show(stage, ids, HOSTILE.length, seen);
      for (
        const line of [["sync", "--apply", "--verbose"], ["restore", "--apply", "--verbose"], [
          "sync",
          "--apply",
          "--json",
        ]]
      ) {
        const { code, faults } = await watch(line, { home: stage.home });
        seen.faults.push(...faults, ...code === 0 || code === 8 ? [] : [`${line.join(" ")}: exit ${code}`]);
        seen.pairs += HOSTILE.length;
        await show(stage, [], HOSTILE.length, seen);
      }
    });
    report(GROUP, "in files and rows", { pairs: seen.pairs, "shown raw": seen.faults.length }, started);
    expectNone(seen.faults);
  },
});

/** Texts that TOML, file names and the command line can carry. */
const CARRIED = HOSTILE.filter((text) => text.isWellFormed() && !text.includes("\u0000"));

Deno.test({
  name: "texts in the configuration and in names of files reach no output raw",
  ignore: !IS_UNIX,
  fn: async () => {
    const started = performance.now();
    const seen: Seen = { pairs: 0, faults: [] };
    const keys = [...new Set(CARRIED)].map((text) => JSON.stringify(text).replaceAll("\u007f", "\\u007f"));
    const tables = keys.map((id) => `[model_providers.${id}]\nname = ${id}\nmodel = ${id}\n`).join("");
    const names = CARRIED.filter((text) => !text.includes("/") && text.length < 60);
    await onStage(names.map(() => ({ provider: "openai" })), async (stage) => {
      names.forEach((text, n) => {
        const [file = ""] = stage.threads[n]!.files;
        Deno.mkdirSync(stage.path(`sessions/2026/${n}-${text}`));
        Deno.renameSync(stage.path(file), stage.path(`sessions/2026/${n}-${text}/${file.split("/").at(-1)}`));
        Deno.writeTextFileSync(stage.path(`${n}${text}.config.toml`), `model_provider = "x"`);
        Deno.mkdirSync(stage.path(`backups_state/${n}${text}`), { recursive: true });
      });
      await show(stage, [stage.threads[0]!.id], names.length, seen);
      const { code, faults } = await watch(["sync", "--apply", "--verbose"], { home: stage.home });
      seen.faults.push(...faults, ...code === 8 ? [] : [`sync: exit ${code}`]);
      await show(stage, [], names.length, seen);
    }, `model = ${keys[0]}\nmodel_provider = ${keys[0]}\n${tables}`);
    report(GROUP, "in names and settings", { pairs: seen.pairs, "shown raw": seen.faults.length }, started);
    expectNone(seen.faults);
  },
});

Deno.test({
  name:
    "texts on the command line and in the environment come back inert, and nothing is read or written for them",
  ignore: !IS_UNIX,
  fn: async () => {
    const started = performance.now();
    const seen: Seen = { pairs: 0, faults: [] };
    const active = some(CARRIED.filter((text) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)), 4);
    await onStage("one", async (stage) => {
      await inLanes(active, async (text, index) => {
        const path = `${stage.folder}/${text}`;
        const all = linesWith(text, path);
        for (const line of all) {
          const { code, faults } = await watch(index % 2 === 0 ? [...line, "--json"] : line, {
            home: stage.home,
          });
          seen.pairs++;
          seen.faults.push(...faults, ...code === 0 ? [`${JSON.stringify(line)} went through`] : []);
        }
        const { faults } = await watch(["status", "--json"], {
          env: { CODEX_HOME: path, CODEX_SQLITE_HOME: text },
        });
        seen.pairs++;
        seen.faults.push(...faults);
      });
      stage.same(stage.remember());
    });
    report(GROUP, "on the command line", { pairs: seen.pairs, "shown raw": seen.faults.length }, started);
    expectNone(seen.faults);
  },
});

/** Runs a program on a terminal of its own; what it writes there comes out of a pipe. */
const ON_TERMINAL = "import pty, sys; pty.spawn(sys.argv[1:])";

Deno.test({
  name: "on a terminal there is nothing but colours of our own",
  ignore: !(IS_LINUX && HAS_PYTHON && IS_BINARY),
  fn: async () => {
    const started = performance.now();
    const seen: Seen = { pairs: 0, faults: [] };
    await onStage([...HOSTILE.map(specOf), { provider: "openai" }], async (stage) => {
      plant(stage, HOSTILE);
      const under = ["/usr/bin/env", "python3", "-c", ON_TERMINAL];
      const env = { TERM: "xterm-256color", NO_COLOR: "", PATH: Deno.env.get("PATH") ?? "" };
      await inLanes(
        some(lines(stage.threads[3]!.id).filter((line) => !line.includes("-")), 6),
        async (line) => {
          const { stdout } = await start(line, { home: stage.home, env, under, stdin: "n\n" });
          seen.pairs += HOSTILE.length;
          if (stdout.length < 40) seen.faults.push(`${line.join(" ")}: nothing on the terminal: ${stdout}`);
          // deno-lint-ignore no-control-regex -- the marks of our own style, and the line of progress that is wiped away
          const rest = stdout.replaceAll(/\u001b\[(?:1|2|22|31|32|33|36|39)m|\r?\u001b\[2?K|\r\n?/g, "\n");
          try {
            checkInert(rest, line.join(" "));
          } catch (error) {
            seen.faults.push(String(error));
          }
        },
      );
    });
    report(GROUP, "on a terminal", { pairs: seen.pairs, "shown raw": seen.faults.length }, started);
    expectNone(seen.faults);
  },
});

Deno.test("control: a printer that strips colours and nothing else is found guilty", () => {
  const started = performance.now();
  let guilty = 0;
  for (const text of HOSTILE) {
    // deno-lint-ignore no-control-regex -- what such printers look for
    const printed = text.replaceAll(/\u001b\[[0-9;]*m/g, "");
    try {
      checkInert(printed, "a naive printer");
    } catch {
      guilty++;
    }
  }
  report(GROUP, "a printer that strips colours", { texts: HOSTILE.length, "found guilty": guilty }, started, {
    control: true,
  });
  assert(guilty > 150, `${guilty}`);
  assertEquals(new Set(HOSTILE).size > 200, true);
});
