import fc from "fast-check";
import { AppError } from "../../lib/core/error.ts";
import {
  type AbsPath,
  baseName,
  inHome,
  parentOf,
  parseRelPath,
  type RelPath,
  relPathBelow,
  requireRelPath,
  toAbsPath,
} from "../../lib/core/path.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";

const HOME = "/home/u/.codex" as AbsPath;
/** Absolute paths are the system's own; these tests spell them the POSIX way. */
const ignore = Deno.build.os === "windows";

/** Names that lead elsewhere, or to something else than a file of that name, on one system or another. */
const UNSAFE: Readonly<Record<string, readonly string[]>> = {
  "nothing": ["", "/", "//", "a//b", "a/", "/a"],
  "parent or self steps": ["..", "../a", "a/../b", "a/..", ".", "./a", "a/./b", "a/."],
  "backslashes": ["..\\..\\evil", "a\\b", "\\a", "sessions\\..\\auth.json", "\\\\server\\share\\a"],
  "drives and streams": ["C:", "C:a", "C:/a", "c:\\a", "a:b", "config.toml::$DATA", "sessions/a.jsonl:x"],
  "long path prefixes": ["\\\\?\\C:\\a", "\\\\.\\pipe\\a", "//?/C:/a", "\\??\\C:\\a"],
  "other systems' roots": ["\\\\wsl$\\Ubuntu\\home", "//wsl.localhost/Ubuntu/home", "/mnt/c/Users"],
  "device names": [
    "CON",
    "con.txt",
    "a/NUL",
    "nul.jsonl",
    "COM1",
    "com9.tar.gz",
    "LPT1.txt",
    "COM¹",
    "lpt³.x",
    "AUX/a",
    "prn.",
    "CON .txt",
    "nul  .jsonl",
    "CONIN$",
    "conout$.txt",
  ],
  "ends that Windows cuts off": ["a.", "a ", "a/b. ", "sessions./a", "sessions /a", "..."],
  "control characters": ["a\u0000b", "a\nb", "a\tb", "a\u001b[2J", "a\u007f", "a/\u0001"],
  "half characters": ["a\ud800", "\udc00a", "a/\ud83d/b"],
  "too long a name": ["a".repeat(256), `a/${"b".repeat(300)}`, "a/".repeat(2100) + "a"],
};

for (const [what, texts] of Object.entries(UNSAFE)) {
  Deno.test(`parseRelPath() refuses ${what}`, () => {
    for (const text of texts) assertEquals(parseRelPath(text), undefined, JSON.stringify(text));
  });
}

Deno.test("parseRelPath() takes what Codex makes, and ordinary names in any script", () => {
  const safe = [
    "config.toml",
    "sessions/2026/11/21/rollout-2026-11-21T10-00-00-0199f0a0-0000-7000-8000-000000000001.jsonl.zst",
    "archived_sessions/a",
    ".codex-global-state.json",
    "console.log",
    "comrade",
    "com10",
    "auxiliary/nul1",
    "..a",
    "a..b",
    " a",
    "Ünïcode/日本語/😀",
    "e\u0301",
    "a".repeat(255),
  ];
  for (const text of safe) assertEquals<string | undefined>(parseRelPath(text), text);
});

Deno.test("parseRelPath() takes nothing but text", () => {
  for (const value of [undefined, null, 3, {}, ["a"], true]) assertEquals(parseRelPath(value), undefined);
});

Deno.test("requireRelPath() throws unsafe-path and quotes what it refuses", () => {
  const error = assertThrows(() => requireRelPath("../\u001bx"), AppError);
  assertEquals(error.code, "unsafe-path");
  assertStringIncludes(error.message, String.raw`"../\u001bx"`);
  assertThrows(() => requireRelPath(undefined), AppError);
});

Deno.test("inHome() of any RelPath stays in the home and comes back by relPathBelow()", { ignore }, () => {
  const part = fc.oneof(
    fc.constantFrom("..", ".", "a", "con", "a.", "b c", "sessions", "C:", "x\\y", "日本"),
    fc.string({ maxLength: 6, unit: "binary" }),
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
      const path = parseRelPath(parts.join("/"));
      if (path === undefined) return;
      const absolute = inHome(HOME, path);
      assert(absolute.startsWith(`${HOME}/`) && !absolute.split("/").includes(".."));
      assertEquals(relPathBelow(HOME, absolute), path);
    }),
    { numRuns: 300 },
  );
});

Deno.test("relPathBelow() knows what lies elsewhere", { ignore }, () => {
  assertEquals<string | undefined>(relPathBelow(HOME, `${HOME}/sessions/../a`), "a");
  for (
    const path of [HOME, `${HOME}/`, "/home/u/.codex2/a", "/home/u", `${HOME}/../x`, "/", `${HOME}/a\\b`]
  ) {
    assertEquals(relPathBelow(HOME, path), undefined, path);
  }
});

Deno.test("toAbsPath() takes relative text from a folder and resolves its steps", { ignore }, () => {
  assertEquals<string>(toAbsPath("x/../y", HOME), `${HOME}/y`);
  assertEquals<string>(toAbsPath("/a/./b//c", HOME), "/a/b/c");
  assertEquals<string>(toAbsPath("../z", HOME), "/home/u/z");
});

Deno.test("toAbsPath() gives one folder one name, with a slash behind it or without", { ignore }, () => {
  for (const text of ["/a/b/", "/a/b//", "/a/b/.", "/a/b/./"]) {
    assertEquals<string>(toAbsPath(text, HOME), "/a/b", text);
  }
  assertEquals<string>(toAbsPath("sub/", HOME), `${HOME}/sub`);
  assertEquals<string>(toAbsPath("/", HOME), "/");
});

Deno.test("baseName() and parentOf() take a path apart", () => {
  const path = "sessions/2026/a.jsonl" as RelPath;
  assertEquals([baseName(path), parentOf(path) as string], ["a.jsonl", "sessions/2026"]);
  const top = "config.toml" as RelPath;
  assertEquals([baseName(top), parentOf(top)], ["config.toml", undefined]);
});
