/** Parsers and printers on whatever comes: a value or an `AppError`, in bounded time, and nothing else (G19, G23, G32). */
import fc from "fast-check";
import { COMMANDS } from "../../lib/cli/registry.ts";
import { parse } from "../../lib/cli/parse.ts";
import { readConfig } from "../../lib/codex/config.ts";
import { readFirstLine, recordedProvider } from "../../lib/codex/rollout.ts";
import { readSessionIndex } from "../../lib/codex/session_index.ts";
import { localProjects, narrowings, readUiState } from "../../lib/codex/ui_state.ts";
import { firstPreview, hasUserMessage } from "../../lib/codex/user_message.ts";
import { toByteString } from "../../lib/core/bytes.ts";
import { AppError } from "../../lib/core/error.ts";
import { movedFolder, otherForms, parseFolder, plainFolder } from "../../lib/core/folder.ts";
import { type AbsPath, inHome, parseRelPath, relPathBelow } from "../../lib/core/path.ts";
import { parseChange } from "../../lib/core/plan_json.ts";
import { parseJournal, parseManifest, requireRecordId } from "../../lib/core/record.ts";
import { applySplices } from "../../lib/core/splice.ts";
import { csvText } from "../../lib/text/csv.ts";
import { parseJsonc } from "../../lib/text/jsonc.ts";
import { firstLine, linesBackward, linesWith } from "../../lib/text/jsonl.ts";
import { escapeJson, padEnd, quote, truncate } from "../../lib/text/terminal.ts";
import { memorySource } from "../../lib/text/source.ts";
import { parseToml, rootKeySplice } from "../../lib/text/toml_edit.ts";
import { zstdFrames } from "../../lib/text/zstd_frames.ts";
import { assert, assertEquals } from "../assert.ts";
import { fuzz, FUZZED, guilty } from "./harness.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** Texts of every kind: plain, half characters, control characters, long, and words that mean something here. */
const WORDS = [
  "session_meta",
  "thread_settings_applied",
  "model_provider",
  "payload",
  "id",
  "cwd",
  "\u001b[2J",
  "\u202e",
  "..",
  "C:\\",
  "\\\\?\\",
  "/",
  "019b0001-0000-7000-8000-00000000000a",
  "config.toml",
  "null",
  "1e999",
  "{",
  "}",
  "[",
  "]",
  '"',
  "\\",
  "\n",
  "\r\n",
  "\u0000",
  "=",
  "--apply",
  "--",
];
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom(...WORDS), { maxLength: 12 }).map((words) => words.join("")),
  fc.integer({ min: 1, max: 5000 }).map((n) => "[".repeat(n)),
  fc.tuple(fc.constantFrom(...WORDS), fc.integer({ min: 1, max: 3000 })).map(([word, n]) => word.repeat(n)),
);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  text.map(encode),
  fc.json().map(encode),
  fc.array(fc.json(), { maxLength: 6 }).map((lines) => encode(lines.join("\n"))),
  // A line as Codex writes it, with some bytes of it changed.
  fc.tuple(fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }), fc.boolean()).map(
    ([flips, cut]) => {
      const line = encode(
        '{"timestamp":"2026-01-01T00:00:00Z","ordinal":0,"type":"session_meta","payload":{"id":"019b0001-0000-7000-8000-00000000000a","cwd":"/work",' +
          '"model_provider":"openai","source":"cli","history_mode":"paginated","history_base":{"thread_id":"x","end_byte_offset":7}}}\n',
      );
      for (const [at, byte] of flips) line[at % line.length] = byte;
      return cut ? line.subarray(0, line.length >> 1) : line;
    },
  ),
);

/** Runs `action`; only an `AppError` may come out of it. */
function onlyAppErrors(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}

const MANY = { sample: 3000, full: 100_000 };

fuzz(FUZZED, "first lines and lines of rollouts", bytes, (input) => {
  const source = memorySource(input);
  const first = readFirstLine(source);
  if (!("reason" in first)) recordedProvider(source, first.parsed.meta);
  firstPreview(source);
  hasUserMessage(source);
  firstLine(source);
  const all = [...linesWith(source, [encode("{")])].length;
  assert(all <= input.length + 1);
}, MANY);

fuzz(FUZZED, "lines backwards are the lines", bytes, (input) => {
  const backward = [...linesBackward(memorySource(input))].flatMap((line) =>
    line.tooLong ? [] : [[line.at, toByteString(line.bytes)] as const]
  );
  const whole = toByteString(input);
  for (const [at, line] of backward) assertEquals(whole.slice(at, at + line.length), line);
}, MANY);

fuzz(FUZZED, "small files of the app and the index", bytes, (input) => {
  readSessionIndex(input);
  const state = readUiState(input);
  if ("damage" in state) return;
  narrowings(state);
  localProjects(state);
}, MANY);

fuzz(FUZZED, "configurations", fc.oneof(bytes, toml()), (input) => {
  readConfig(input, [{ name: "x", bytes: input }]);
}, { sample: 1500, full: 60_000 });

function toml(): fc.Arbitrary<Uint8Array> {
  const key = fc.constantFrom(
    "model_provider",
    "model",
    '"model_provider"',
    "a.b",
    "'x'",
    "model_providers",
    "profile",
    "sqlite_home",
  );
  const value = fc.oneof(
    fc.json(),
    fc.constantFrom(
      '"x"',
      "'x'",
      '"""\nx\n"""',
      "1",
      "1.0",
      "true",
      "[1,\n2]",
      "{ a = 1 }",
      "1979-05-27T07:32:00Z",
      "0xff",
      "inf",
    ),
  );
  const line = fc.oneof(
    fc.tuple(key, value).map(([k, v]) => `${k} = ${v}`),
    fc.tuple(key, value).map(([k, v]) => `  ${k}=${v} # comment`),
    key.map((k) => `[${k}]`),
    key.map((k) => `[[${k}]]`),
    fc.constantFrom("", "# model_provider = 'decoy'", "\t", "="),
  );
  return fc.tuple(
    fc.array(line, { maxLength: 12 }),
    fc.constantFrom("\n", "\r\n"),
    fc.boolean(),
    fc.boolean(),
  )
    .map(([lines, end, mark, last]) => encode((mark ? "\ufeff" : "") + lines.join(end) + (last ? end : "")));
}

fuzz(
  FUZZED,
  "one key of a configuration is set, and every other one stays",
  fc.tuple(toml(), text),
  ([input, value]) => {
    let before: Values;
    try {
      before = valuesOf(input);
    } catch {
      return;
    }
    let splice;
    try {
      splice = rootKeySplice(input, "model_provider", value.isWellFormed() ? value : "x");
    } catch (error) {
      if (error instanceof Error) return;
      throw error;
    }
    if (splice === undefined) return;
    const after = valuesOf(applySplices(input, [splice]));
    assertEquals(after.model_provider, value.isWellFormed() ? value : "x");
    const rest = (values: Values) => Object.keys(values).filter((key) => key !== "model_provider").sort();
    assertEquals(rest(after), rest(before));
  },
  { sample: 1000, full: 40_000 },
);

type Values = Readonly<Record<string, unknown>>;

function valuesOf(bytes: Uint8Array): Values {
  return parseToml(bytes).data;
}

const anything = fc.oneof(
  text,
  fc.json(),
  fc.anything({ withBigInt: false }).map((value) => JSON.stringify(value) ?? ""),
);

fuzz(FUZZED, "manifests, journals and ids of records", anything, (input) => {
  onlyAppErrors(() => parseManifest(input));
  onlyAppErrors(() => parseJournal(input));
  onlyAppErrors(() => requireRecordId(input));
}, MANY);

const changeLike = fc.record({
  kind: fc.oneof(
    fc.constantFrom("edit", "recode", "put", "move", "make", "unmake", "row", "entry", "drop"),
    fc.anything(),
  ),
  path: fc.oneof(text, fc.anything()),
  to: fc.oneof(text, fc.anything()),
  thread: fc.option(fc.oneof(text, fc.anything()), { nil: undefined }),
  sets: fc.oneof(fc.constant({}), fc.anything()),
  cells: fc.oneof(
    fc.constant({}),
    fc.dictionary(fc.string(), fc.record({ before: fc.anything(), after: fc.anything() })),
    fc.anything(),
  ),
  size: fc.oneof(fc.nat(), fc.double(), fc.anything()),
  mtimeMs: fc.oneof(fc.nat(), fc.double(), fc.anything()),
  splices: fc.oneof(
    fc.array(fc.record({ at: fc.oneof(fc.nat(), fc.double()), before: text, after: text })),
    fc.anything(),
  ),
  database: fc.oneof(text, fc.anything()),
  table: text,
  key: fc.dictionary(fc.string(), fc.anything()),
  op: fc.constantFrom("change", "add", "remove", "x"),
  content: fc.oneof(text, fc.anything()),
  sha256: fc.oneof(text, fc.anything()),
  beforeSha256: text,
  from: fc.oneof(fc.record({ record: text, name: text }), fc.anything()),
}, { requiredKeys: [] });

fuzz(FUZZED, "changes of plans", fc.oneof(changeLike, fc.anything()), (input) => {
  onlyAppErrors(() => {
    const change = parseChange(input);
    // What is accepted is what will be read back.
    assertEquals(parseChange(JSON.parse(JSON.stringify(change))), change);
  });
}, MANY);

fuzz(FUZZED, "plan files as text", anything, (input) => {
  try {
    parseJsonc(input);
  } catch (error) {
    assert(
      error instanceof Error && !(error instanceof RangeError) && !(error instanceof TypeError),
      String(error),
    );
  }
}, MANY);

const word = fc.oneof(
  text,
  fc.constantFrom(
    ...COMMANDS.flatMap(({ name }) => name.split(" ")),
    ...COMMANDS.flatMap(({ flags }) => flags.map(({ name }) => `--${name}`)),
    "-h",
    "-qv",
    "--json",
    "latest",
    "--keep=3",
    "--since",
    "2026-01-01",
  ),
);

fuzz(FUZZED, "command lines", fc.array(word, { maxLength: 8 }), (argv) => {
  onlyAppErrors(() => parse(argv, COMMANDS));
}, MANY);

fuzz(FUZZED, "paths below a home stay there", text, (input) => {
  const home = "/home/ann/.codex" as AbsPath;
  const path = parseRelPath(input);
  if (path !== undefined) {
    assert(inHome(home, path).startsWith(`${home}/`));
    assertEquals(relPathBelow(home, inHome(home, path)), path);
    // deno-lint-ignore no-control-regex -- what no safe path holds
    assert(!/[\\:\u0000-\u001f]|(^|\/)\.{1,2}(\/|$)/.test(path));
  }
  relPathBelow(home, input);
}, MANY);

fuzz(FUZZED, "folders of any system", fc.tuple(text, text, text), ([folder, from, to]) => {
  parseFolder(folder);
  plainFolder(folder);
  otherForms(folder);
  const moved = movedFolder(folder, [{ from, to }]);
  if (moved !== undefined) assert(moved !== folder);
}, MANY);

const ACTIVE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

fuzz(FUZZED, "what is shown is inert", fc.tuple(text, fc.nat({ max: 200 })), ([input, width]) => {
  for (const shown of [quote(input), truncate(quote(input), width), padEnd(quote(input), width)]) {
    assert(!ACTIVE.test(shown), JSON.stringify(shown));
  }
  const json = escapeJson(JSON.stringify({ [input]: input }));
  assert(!ACTIVE.test(json));
  assertEquals(JSON.parse(json), JSON.parse(JSON.stringify({ [input]: input })));
}, MANY);

/** A table as RFC 4180 has it, read without the code under test. */
function readCsv(table: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = 0; at < table.length;) {
    let cell = "";
    if (table[at] === '"') {
      for (at++; table[at] !== '"' || table[at + 1] === '"'; at++) {
        if (table[at] === '"') at++;
        cell += table[at];
      }
      at++;
    } else while (at < table.length && table[at] !== "," && table[at] !== "\r") cell += table[at++];
    row.push(cell);
    if (table[at] === ",") at++;
    else {
      assertEquals(table.slice(at, at + 2), "\r\n");
      at += 2;
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

fuzz(
  FUZZED,
  "tables hold no formula and as many cells as they were given",
  fc.array(fc.array(text, { minLength: 2, maxLength: 4 }), { maxLength: 4 }),
  (rows) => {
    const read = readCsv(csvText(rows));
    assertEquals(read.map((row) => row.length), rows.map((row) => row.length));
    for (const cell of read.flat()) assert(!/^[=+\-@\t\r\n]/.test(cell), cell);
  },
  MANY,
);

fuzz(FUZZED, "compressed files", fc.uint8Array({ maxLength: 200 }), (input) => {
  zstdFrames(input);
  zstdFrames(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, ...input));
}, MANY);

guilty(FUZZED, "a parser of journals that trusts its input", anything, (input) => {
  onlyAppErrors(() => {
    for (const line of input.split("\n")) if (line !== "") JSON.parse(line).event.toString();
  });
});

guilty(FUZZED, "a printer that strips colours", text, (input) => {
  // deno-lint-ignore no-control-regex -- what such printers look for
  assert(!ACTIVE.test(input.replaceAll(/\u001b\[[0-9;]*m/g, "")));
});
