/** Random rollouts that hold everything a file may hold: odd layouts, odd spellings, look-alikes, damage. */
import fc from "fast-check";
import type { HistoryMode } from "../../lib/core/snapshot.ts";
import { bytesShown, shown } from "./harness.ts";

/** Id of the thread that random rollouts are of. */
export const ID = "0199f0a0-0000-7000-8000-0000000000ab";
/** Id of another thread. */
export const OTHER_ID = "0199f0a0-0000-7000-8000-0000000000cd";

/** A rollout, and how it was meant. */
export interface RandomRollout {
  readonly mode: HistoryMode;
  readonly bytes: Uint8Array;
}

/** A JSON value with its spelling: a literal, the members of an object (keys are literals too), or items of an array. */
export type Spelled = string | { readonly object: readonly Pair[] } | { readonly array: readonly Spelled[] };
type Pair = readonly [key: string, value: Spelled];

const encoder = new TextEncoder();

/** Names of providers, some of them longer than others, some with signs that JSON has to escape. */
export const provider: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("old", "new", "openai", "a", "ollama", "azure-eu", "名前") },
  { weight: 2, arbitrary: fc.string({ minLength: 1, maxLength: 20, unit: "binary" }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('q"uote', "back\\slash", "\ud83d\ude00", "\u2028", "tab\t", "\u007f"),
  },
);

/** Folders of a project. */
export const folder: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "/work",
    "/work/app",
    "/w",
    "C:\\Users\\me\\app",
    "\\\\?\\C:\\x",
    "/a much longer folder/of mine",
  ),
  fc.string({ minLength: 1, maxLength: 12, unit: "binary" }),
);

/** Ways to spell a text in JSON. */
export function spelled(text: string, way: number): string {
  const literal = JSON.stringify(text);
  if (way === 1) return literal.replace(/[a-z]/i, (sign) => unicode(sign));
  if (way === 2) return `"${[...text].flatMap((sign) => sign.split("")).map(unicode).join("")}"`;
  if (way === 3) return literal.replaceAll("/", "\\/");
  return literal;
}

function unicode(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const way = fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2, 3);
const literalOf = (text: fc.Arbitrary<string>) => fc.tuple(text, way).map(([one, how]) => spelled(one, how));

/** Values that reading and writing again would not leave alone, and words that look like what is edited. */
const odd: fc.Arbitrary<Spelled> = fc.constantFrom<Spelled>(
  "1.0",
  "1e2",
  "1E+2",
  "-0",
  "12345678901234567890123",
  "0.10000000000000000000001",
  '"\\ud800"',
  '"\\/ \\u00e9 é \u2028"',
  '"say \\"model_provider\\":\\"old\\",\\"cwd\\":\\"/work\\" and \\\\"',
  '"session_meta thread_settings_applied"',
  { object: [['"model_provider"', '"no"'], ['"cwd"', '"/work"'], ['"model_provider"', "1"]] },
  { object: [['"model_provider_id"', '"no"'], ['"a"', "1.0"], ['"a"', "1e2"]] },
  { array: ['"}]"', '"\\\\"', { object: [] }, { array: [] }, "null"] },
  { object: [['"creator_user_id"', '"u"'], ['"type"', '"session_meta"']] },
);
const oddPairs = fc.array(
  fc.tuple(fc.constantFrom('"zz"', '"zz"', '"z\\"z"', '"\\u007a"', '"model_provider2"', '"名"'), odd),
  { maxLength: 3 },
);

/** White space, used again and again through a line. */
const layout = fc.oneof(
  { weight: 5, arbitrary: fc.constant([""]) },
  {
    weight: 3,
    arbitrary: fc.array(fc.constantFrom("", "", "", " ", "  ", "\t", "\r", "      "), {
      minLength: 1,
      maxLength: 9,
    }),
  },
);

/** A value as text, with white space from `spaces` between its tokens. */
export function write(value: Spelled, spaces: readonly string[]): string {
  let n = 0;
  const space = () => spaces[n++ % spaces.length] ?? "";
  const put = (one: Spelled): string => {
    if (typeof one === "string") return space() + one + space();
    if ("array" in one) return `${space()}[${one.array.map(put).join(",") || space()}]${space()}`;
    const pairs = one.object.map(([key, inner]) => `${space()}${key}${space()}:${put(inner)}`);
    return `${space()}{${pairs.join(",") || space()}}${space()}`;
  };
  return put(value);
}

const maybe = <T>(value: fc.Arbitrary<T>, none = 1) => fc.option(value, { nil: undefined, freq: none });

interface HeadWishes {
  readonly mode: HistoryMode;
  readonly id: fc.Arbitrary<string>;
  /** How often there is something wrong with it. */
  readonly damage: number;
}

/** A `session_meta` line. */
function metaLine({ mode, id, damage }: HeadWishes): fc.Arbitrary<string> {
  const pair = (key: string, value: fc.Arbitrary<Spelled>) =>
    fc.tuple(literalOf(fc.constant(key)), value).map((one): Pair => one);
  const own = fc.constantFrom(ID, ID, ID.toUpperCase(), OTHER_ID);
  const fields = fc.tuple(
    pair("id", literalOf(id)),
    maybe(pair("session_id", literalOf(own)), 5),
    pair("cwd", literalOf(folder)),
    maybe(
      pair(
        "runtime_workspace_roots",
        fc.array(literalOf(folder), { maxLength: 2 }).map((array) => ({ array })),
      ),
      5,
    ),
    maybe(
      pair("model_provider", fc.oneof({ weight: 9, arbitrary: literalOf(provider) }, fc.constant("null"))),
      6,
    ),
    pair("source", fc.constantFrom<Spelled>('"vscode"', '"cli"', { object: [['"subagent"', '"x"']] })),
    maybe(pair("forked_from_ordinal_exclusive", fc.constantFrom("5", "12"))),
    maybe(pair("history_base", fc.constant({ object: [['"thread_id"', `"${OTHER_ID}"`]] as Pair[] }))),
    maybe(pair("creator_user_id", literalOf(fc.constantFrom("user-1", "ü")))),
    maybe(pair("creator_account_id", literalOf(fc.constantFrom("acc-1", "")))),
    pair(
      "base_instructions",
      fc.record({ text: odd }).map(({ text }) => ({ object: [['"text"', text]] as Pair[] })),
    ),
    fc.constant<Pair>(['"history_mode"', `"${mode}"`]),
  ).map((list) => list.filter((one) => one !== undefined));
  return fc.record({
    fields: fc.oneof({ weight: 2, arbitrary: fields }, {
      weight: 1,
      arbitrary: fields.chain((all) => fc.shuffledSubarray(all, { minLength: all.length })),
    }),
    odds: oddPairs,
    where: fc.nat({ max: 20 }),
    spaces: layout,
    ordinal: fc.nat({ max: 10_000 }),
    harm: fc.nat({ max: 1000 }),
  }).map(({ fields, odds, where, spaces, ordinal, harm }) => {
    const payload = fields.toSpliced(where, 0, ...odds);
    const line = write(record("session_meta", mode, ordinal, payload), spaces);
    return harm < damage ? harmed(line, harm) : line;
  });
}

function record(type: string, mode: HistoryMode, ordinal: number, payload: readonly Pair[]): Spelled {
  const time = new Date(Date.UTC(2026, 10, 21, 10, 0, ordinal % 50)).toISOString();
  return {
    object: [
      ['"timestamp"', `"${time}"`],
      ...mode === "paginated" ? [['"ordinal"', String(ordinal)] as Pair] : [],
      ['"type"', `"${type}"`],
      ['"payload"', { object: payload }],
    ],
  };
}

/** A line that is no longer what it was. */
function harmed(line: string, how: number): string {
  const ways = [
    () => line.slice(0, Math.floor(line.length / 2)),
    () => `${line}}`,
    () => `\ufeff${line}`,
    () => line.replace('"type"', '"typo"'),
    () => line.replace('"payload"', '"payload":1,"payload"'),
    () => line.replace('"id"', '"id":"x","id"'),
    () => line.replace('"model_provider"', '"model_provider":"x","model_provider"'),
    () => line.replace(/"cwd"/, '"cwd":1,"cwd"'),
    () => line.replace('"id"', '"id":1,"_"'),
    () => line.replace("{", "[").replace(/\}(?=[^}]*$)/, "]"),
    () => line.replace('"source"', '"source'),
    () => line.replace('"session_id"', '"session_id":"x","session_id"'),
    () => line.replace('"runtime_workspace_roots"', '"runtime_workspace_roots":[],"runtime_workspace_roots"'),
    () => line.replace('"creator_user_id"', '"creator_account_id":"y","creator_user_id"'),
    () => line.replace('"thread_id"', '"thread_id":"y","thread_id"'),
    () => line.replace('"ordinal"', '"ordinal":1,"ordinal"'),
    () => line.replace('"timestamp"', '"timestamp":"x","timestamp"'),
    () => line.replace('"model_provider"', '"model_provider":7,"_"'),
    () => "",
  ];
  return ways[how % ways.length]?.() ?? line;
}

/** A `thread_settings_applied` line. */
function settingsLine(mode: HistoryMode): fc.Arbitrary<string> {
  return fc.record({
    provider: literalOf(provider),
    cwd: literalOf(folder),
    roots: maybe(fc.array(literalOf(folder), { maxLength: 2 })),
    key: literalOf(fc.constant("model_provider_id")),
    odds: oddPairs,
    more: oddPairs,
    spaces: layout,
    ordinal: fc.nat({ max: 10_000 }),
    harm: fc.nat({ max: 100 }),
  }).map(({ provider, cwd, roots, key, odds, more, spaces, ordinal, harm }) => {
    const settings: Pair[] = [
      ['"model"', '"gpt-5"'],
      [key, provider],
      ...odds,
      ['"approval_policy"', '"never"'],
      ['"approvals_reviewer"', '"user"'],
      ['"permission_profile"', { object: [['"type"', '"disabled"']] }],
      ['"cwd"', cwd],
      ...roots === undefined ? [] : [['"runtime_workspace_roots"', { array: roots }] as Pair],
      ['"collaboration_mode"', { object: [['"mode"', '"default"']] }],
    ];
    const payload: Pair[] = [
      ['"type"', '"thread_settings_applied"'],
      ['"thread_id"', `"${ID}"`],
      ['"thread_settings"', { object: settings }],
      ...more,
    ];
    const line = write(record("event_msg", mode, ordinal, payload), spaces);
    return harm < 19 ? harmed(line, harm) : line;
  });
}

function messageLine(mode: HistoryMode): fc.Arbitrary<string> {
  return fc.record({
    text: odd,
    long: fc.nat({ max: 4000 }),
    ordinal: fc.nat({ max: 10_000 }),
    spaces: layout,
  }).map(
    ({ text, long, ordinal, spaces }) => {
      const padding = long < 8 ? `"${"session_meta x".repeat(10 ** long % 9_999 + 1)}"` : '""';
      const payload: Pair[] = [['"type"', '"message"'], ['"text"', text], ['"more"', padding]];
      return write(record("response_item", mode, ordinal, payload), spaces);
    },
  );
}

const JUNK = [
  "",
  " ",
  "\0",
  "\0\0\0",
  "session_meta",
  "{",
  "[]",
  "null",
  '{"type":"event_msg"}',
  '{"type":"session_meta","payload":{}}',
  '{"timestamp":"2026","ordinal":1.0,"type":"x","payload":{"type":"thread_settings_applied"}}',
  '{"timestamp":1,"ordinal":7}',
  '{"timestamp":"t","ordinal":9007199254740993}',
].map((text) => encoder.encode(text));
const BYTES = [
  Uint8Array.of(0xff, 0xfe),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0x22, 0xc3, 0x28, 0x22),
  Uint8Array.of(0x0d),
];

function bodyLine(mode: HistoryMode): fc.Arbitrary<Uint8Array> {
  const text = fc.oneof(
    { weight: 4, arbitrary: settingsLine(mode) },
    {
      weight: 2,
      arbitrary: metaLine({ mode, id: fc.constantFrom(ID, OTHER_ID, ID.toUpperCase()), damage: 200 }),
    },
    { weight: 2, arbitrary: messageLine(mode) },
  ).map((line) => encoder.encode(line));
  return fc.oneof({ weight: 8, arbitrary: text }, {
    weight: 2,
    arbitrary: fc.constantFrom(...JUNK, ...BYTES),
  });
}

/** Bytes behind one another. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A rollout of thread {@link ID}; the first line of some is damaged. */
export function rollout(mode: HistoryMode): fc.Arbitrary<RandomRollout> {
  return fc.record({
    blank: fc.constantFrom("", "", "", "", "\n", " \r\n\n", "\ufeff"),
    first: metaLine({ mode, id: fc.constantFrom(ID, ID, ID, ID.toUpperCase()), damage: 60 }),
    body: fc.array(bodyLine(mode), { maxLength: 6 }),
    ends: fc.array(fc.constantFrom("\n", "\n", "\n", "\r\n"), { minLength: 1, maxLength: 3 }),
    last: fc.constantFrom("whole", "whole", "open", "torn"),
  }).map(({ blank, first, body, ends, last }) => {
    const lines = [encoder.encode(first), ...body];
    const parts = lines.flatMap((line, n) => [line, encoder.encode(ends[n % ends.length])]);
    if (last !== "whole") parts.pop();
    const end = parts.at(-1);
    if (last === "torn" && end !== undefined && parts.length > 1) {
      parts[parts.length - 1] = end.slice(0, end.length / 2);
    }
    const rollout = { mode, bytes: joined([encoder.encode(blank), ...parts]) };
    return shown(rollout, ({ bytes }) => bytesShown(bytes));
  });
}

/** A rollout of any kind. */
export const anyRollout: fc.Arbitrary<RandomRollout> = fc.oneof(rollout("paginated"), rollout("legacy"));
