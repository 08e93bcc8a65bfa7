import fc from "fast-check";
import { cronWord, shellWord, systemdWord, windowsWord, xmlText } from "../../lib/text/quoting.ts";
import { AppError } from "../../lib/core/error.ts";
import { assertEquals, assertThrows } from "../assert.ts";

/** Words that try to be more than a word. */
const HOSTILE = [
  "a b",
  `it's`,
  `say "x"`,
  "50%",
  "%h %n",
  "$HOME ${X} $(id) `id`",
  "a;b&c|d>e<f",
  "back\\slash\\",
  `ends with \\"`,
  `\\\\server\\share\\`,
  "*?[x]~!#^",
  "-n",
  "",
  "ünï çødé 漢字",
  "<tag attr='1'>&amp;]]>",
];

/** How the C runtime of Windows takes a command line apart. */
function splitWindows(line: string): string[] {
  const words: string[] = [];
  let word = "";
  let quoted = false;
  let open = false;
  for (let i = 0; i < line.length;) {
    const slashes = /^\\*/.exec(line.slice(i))?.[0].length ?? 0;
    const next = line[i + slashes];
    if (slashes > 0) {
      word += "\\".repeat(next === '"' ? slashes >> 1 : slashes);
      open = true;
      i += slashes;
      if (next === '"' && slashes % 2 === 1) {
        word += '"';
        i++;
      }
    } else if (next === '"') {
      quoted = !quoted;
      open = true;
      i++;
    } else if (next === " " && !quoted) {
      if (open) words.push(word);
      [word, open] = ["", false];
      i++;
    } else {
      word += next;
      open = true;
      i++;
    }
  }
  if (open) words.push(word);
  return words;
}

const anyWord = fc.string({ unit: "grapheme" }).filter((word) =>
  // deno-lint-ignore no-control-regex -- words that are refused
  !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(word)
);

Deno.test("a word of a Windows command line comes out as it went in", () => {
  fc.assert(fc.property(fc.array(anyWord), (words) => {
    assertEquals(splitWindows(words.map(windowsWord).join(" ")), words);
  }));
  assertEquals(splitWindows(HOSTILE.map(windowsWord).join(" ")), HOSTILE);
});

Deno.test({
  name: "a word of a shell comes out as it went in, and nothing is run",
  ignore: Deno.build.os === "windows",
  fn: () => {
    const script = `printf '%s\\0' ${HOSTILE.map(shellWord).join(" ")}`;
    const { stdout } = new Deno.Command("/bin/sh", { args: ["-c", script] }).outputSync();
    assertEquals(new TextDecoder().decode(stdout).split("\0").slice(0, -1), HOSTILE);
    // cron takes the backslash before % away, then gives the rest to a shell.
    assertEquals(HOSTILE.map(cronWord).join(" ").replaceAll("\\%", "%"), HOSTILE.map(shellWord).join(" "));
    assertEquals(HOSTILE.map(cronWord).every((word) => !/(?<!\\)%/.test(word)), true);
  },
});

Deno.test("a word of a systemd unit has no quote, specifier or variable of its own", () => {
  for (const word of HOSTILE) {
    const inner = systemdWord(word).slice(1, -1);
    const back = inner.replaceAll(/\\(["\\])|%%|\$\$/g, (found, escaped) => escaped ?? found[0]);
    assertEquals(back, word);
    assertEquals(/(?<!\\)(?:\\\\)*"/.test(inner.replaceAll(/\\./g, "")), false);
    assertEquals(/%|\$/.test(inner.replaceAll("%%", "").replaceAll("$$", "")), false);
  }
});

Deno.test("text of XML is text", () => {
  assertEquals(xmlText("<a>&]]>"), "&lt;a&gt;&amp;]]&gt;");
});

Deno.test("no form takes a control character or half a character", () => {
  for (const form of [shellWord, cronWord, systemdWord, windowsWord, xmlText]) {
    for (const word of ["a\nb", "a\rb", "a\0b", "\u0085", "\u2028", "\ud800"]) {
      assertThrows(() => form(word), AppError, "cannot carry");
    }
  }
});
