/** The house rules that a reader can rely on, checked by reading the source. */
import { assertEquals } from "./assert.ts";

const ROOT = new URL("../", import.meta.url);

/** Rooms of `lib/`, and the rooms each may import from besides its own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  text: ["core"],
  codex: ["text", "core"],
  repairs: ["codex", "text", "core"],
  system: ["text", "core"],
  engine: ["repairs", "system", "codex", "text", "core"],
  demo: ["engine", "repairs", "system", "codex", "text", "core"],
  handoff: ["engine", "repairs", "system", "codex", "text", "core"],
  cli: ["handoff", "demo", "engine", "repairs", "system", "codex", "text", "core"],
};

/** Rooms without effects: no runtime calls, no clock, no randomness, nothing asynchronous. */
const PURE = ["core", "text", "codex", "repairs"];

/** Files of other rooms that keep to the same: the planning of a hand-over. */
const PURE_FILES: readonly string[] = [
  "compare",
  "content",
  "draft",
  "files",
  "guards",
  "lineage",
  "missing",
  "model",
  "relation",
  "rollouts",
  "selection",
  "settle",
  "unite",
].map((name) => `lib/handoff/${name}.ts`);

/** Packages, and the only files that import them: one place to change for each. */
const ONLY_IN: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^node:sqlite$/, ["lib/system/sqlite_driver.ts"]],
  [/^@std\/cli/, ["lib/cli/parse.ts"]],
  [/^@std\/text/, ["lib/text/suggest.ts"]],
  [/^@std\/jsonc/, ["lib/text/jsonc.ts"]],
  [/^@std\/assert/, ["tests/assert.ts"]],
  [/^smol-toml$|^toml-eslint-parser$/, ["lib/text/toml_edit.ts"]],
];

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

Deno.test("rooms import only from the rooms below them", () => {
  const wrong = sources("lib/").flatMap(({ path, imports }) => {
    const room = roomOf(path);
    return imports.filter((name) => name.startsWith(".")).flatMap((name) => {
      const target = roomOf(resolve(path, name));
      const fine = target === room || room === undefined || (MAY_IMPORT[room] ?? []).includes(target ?? "");
      return fine || name.endsWith("deno.json") ? [] : [`${path} imports ${name}`];
    });
  });
  assertEquals(wrong, []);
});

Deno.test("every room is known to the rules", () => {
  const rooms = [...Deno.readDirSync(new URL("lib/", ROOT))].map((entry) => entry.name).sort();
  assertEquals(rooms.filter((room) => !(room in MAY_IMPORT)), []);
});

Deno.test("pure rooms and files have no effects", () => {
  const effects =
    /\bDeno\.|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bcrypto\.|\basync\b|\bawait\b|\bsetTimeout\b|"node:fs/;
  const all = sources("lib/");
  const isPure = ({ path }: Source) => PURE.includes(roomOf(path) ?? "") || PURE_FILES.includes(path);
  const wrong = all.filter(isPure).flatMap(({ path, text }) => {
    const found = effects.exec(withoutComments(text));
    return found === null ? [] : [`${path}: ${found[0]}`];
  });
  assertEquals(wrong, []);
  assertEquals(PURE_FILES.filter((path) => !all.some((source) => source.path === path)), []);
});

Deno.test("only the system room touches files, processes and the network", () => {
  const effects = /\bDeno\.(?!test\b)|"node:(fs|child_process|net|http)/;
  const allowed = /^lib\/system\/|^lib\/cli\/(run|signals|terminal)\.ts$/;
  const wrong = sources("lib/").filter(({ path }) => !allowed.test(path)).flatMap(({ path, text }) => {
    const found = effects.exec(withoutComments(text));
    return found === null ? [] : [`${path}: ${found[0]}`];
  });
  assertEquals(wrong, []);
});

Deno.test("nothing below the command line prints, and only main.ts exits", () => {
  const wrong = sources("lib/").flatMap(({ path, text }) => {
    const code = withoutComments(text);
    if (/\bconsole\./.test(code)) return [`${path} prints`];
    return /\bDeno\.exit\b/.test(code) ? [`${path} exits`] : [];
  });
  assertEquals(wrong, []);
});

Deno.test("a package is imported in one file each", () => {
  const own = (path: string) => path.startsWith("lib/") || path === "tests/assert.ts";
  const wrong = [...sources("lib/"), ...sources("tests/")].flatMap(({ path, imports }) =>
    imports.flatMap((name) => {
      const rule = ONLY_IN.find(([pattern]) => pattern.test(name));
      // Tests may ask a library for a second opinion; only the assertions have one door there too.
      const bound = own(path) || name.startsWith("@std/assert");
      return rule && bound && !rule[1].includes(path) ? [`${path} imports ${name}`] : [];
    })
  );
  assertEquals(wrong, []);
});

Deno.test("files stay short and the type any stays out", () => {
  const wrong = sources("lib/").flatMap(({ path, text }) => {
    const lines = text.split("\n").length;
    if (lines > 350) return [`${path} has ${lines} lines`];
    return /: any\b|\bas any\b|<any>/.test(withoutComments(text)) ? [`${path} uses any`] : [];
  });
  assertEquals(wrong, []);
});

Deno.test("every export has a docstring", () => {
  const wrong = sources("lib/").flatMap(({ path, text }) => {
    const lines = text.split("\n");
    return lines.flatMap((line, i) => {
      if (!/^export (async function|function\*?|const|interface|type|class|abstract) [A-Za-z]/.test(line)) {
        return [];
      }
      const above = lines[i - 1] ?? "";
      return above.trim().endsWith("*/") || above.trim().startsWith("// deno-lint-ignore")
        ? []
        : [`${path}:${i + 1}`];
    });
  });
  assertEquals(wrong, []);
});

function sources(folder: string): Source[] {
  const found: Source[] = [];
  for (const entry of Deno.readDirSync(new URL(folder, ROOT))) {
    const path = folder + entry.name;
    if (entry.isDirectory) found.push(...sources(`${path}/`));
    else if (path.endsWith(".ts")) {
      const text = Deno.readTextFileSync(new URL(path, ROOT));
      found.push({ path, text, imports: importsOf(text) });
    }
  }
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}

function importsOf(text: string): string[] {
  const statements = text.matchAll(/(?:^|\n)\s*(?:import|export)[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)/g);
  return [...statements].map((match) => match[1] ?? match[2] ?? "");
}

function resolve(path: string, name: string): string {
  return new URL(name, new URL(path, ROOT)).href.slice(ROOT.href.length);
}

function roomOf(path: string): string | undefined {
  return /^lib\/([a-z]+)\//.exec(path)?.[1];
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}
