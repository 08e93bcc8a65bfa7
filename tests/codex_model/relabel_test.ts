import { relabel } from "../../lib/codex/relabel.ts";
import { recordedProvider } from "../../lib/codex/rollout.ts";
import { applySplices } from "../../lib/core/splice.ts";
import { MAX_LINE } from "../../lib/text/jsonl.ts";
import { memorySource } from "../../lib/text/source.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import {
  ID,
  linesOf,
  messageLine,
  metaLine,
  metaOf,
  OTHER_ID,
  type Payload,
  relabelled,
  rollout,
  settingsLine,
  splicesTo,
} from "./rollouts.ts";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const encode = (text: string) => new TextEncoder().encode(text);

function refusalOf(bytes: Uint8Array, provider: string): string | undefined {
  const result = relabel(memorySource(bytes), provider);
  return "refused" in result ? result.refused : undefined;
}

function recorded(bytes: Uint8Array): string | undefined {
  return recordedProvider(memorySource(bytes), metaOf(bytes));
}

const PAGINATED = [
  metaLine(),
  messageLine("one", 1),
  settingsLine("old", 2),
  messageLine("two", 3),
];

Deno.test("relabel() changes the first line of a paginated file in place and appends one settings event", () => {
  const before = rollout(PAGINATED);
  const [first, ...rest] = linesOf(relabelled(before, "new"));
  assertEquals(first, metaLine().replace('"model_provider":"old"', '"model_provider":"new"'));
  assertEquals(rest.slice(0, -1), PAGINATED.slice(1));
  const event = JSON.parse(rest.at(-1)!);
  const last = JSON.parse(PAGINATED.at(-1)!);
  assertEquals([event.ordinal, event.timestamp], [4, last.timestamp]);
  assertEquals(event, {
    ...JSON.parse(settingsLine("new", 4)),
    timestamp: last.timestamp,
  });
});

Deno.test("relabel() gives nothing for a file that is as wanted", () => {
  for (const mode of ["paginated", "legacy"] as const) {
    assertEquals(splicesTo(rollout([metaLine({ mode }), settingsLine("old", 1, mode)]), "old"), []);
    assertEquals(splicesTo(rollout([metaLine({ mode })]), "old"), []);
  }
});

Deno.test("relabel() changes only what still says otherwise", () => {
  const half = rollout([metaLine({ provider: "new" }), settingsLine("old", 1)]);
  assertEquals(splicesTo(half, "new").map(({ at }) => at), [half.length]);
  const other = rollout([metaLine(), settingsLine("new", 1)]);
  const after = relabelled(other, "new");
  assertEquals([after.length, recorded(after), metaOf(after).provider], [other.length, "new", "new"]);
});

Deno.test("relabel() appends nothing to a paginated file without a settings event", () => {
  const before = rollout([metaLine(), messageLine("thread_settings_applied", 1)]);
  const after = relabelled(before, "new");
  assertEquals([after.length, recorded(after)], [before.length, "new"]);
});

Deno.test("relabel() goes on from the last line that can be read", () => {
  const numbered = (lines: readonly string[], tail = "") => {
    const after = decode(relabelled(encode(lines.map((line) => line + "\n").join("") + tail), "new"));
    return JSON.parse(after.trimEnd().split("\n").at(-1)!);
  };
  const far = [...PAGINATED, messageLine("far", 9_000_000_000)];
  assertEquals(numbered(far).ordinal, 9_000_000_001);
  const last = JSON.parse(PAGINATED.at(-1)!);
  for (
    const tail of [
      '{"timestamp":"2026-11-21T10:00:09.000Z","ordinal":4,"ty',
      '{"timestamp":"2026-11-21T10:00:09.000Z","ordinal":4.5}\n',
      '{"timestamp":"2026-11-21T10:00:09.000Z","ordinal":"4"}\n',
      '{"ordinal":4}\n',
      "null\n",
      "\n\n \n",
      "\0\0\0\0",
      `{"ordinal":9${"0".repeat(20)},"timestamp":"x"}\n`,
    ]
  ) {
    const event = numbered(PAGINATED, tail);
    assertEquals([event.ordinal, event.timestamp], [4, last.timestamp], tail);
  }
  const whole = '{"timestamp":"2026-11-21T10:00:09.000Z","ordinal":7}';
  assertEquals([numbered(PAGINATED, whole).ordinal, numbered(PAGINATED, whole).timestamp], [
    8,
    "2026-11-21T10:00:09.000Z",
  ]);
});

Deno.test("relabel() begins the new line on a line of its own", () => {
  const torn = encode(PAGINATED.join("\n"));
  const after = relabelled(torn, "new");
  assertEquals(decode(after).slice(torn.length, torn.length + 1), "\n");
  assertEquals(linesOf(after).length, PAGINATED.length + 1);
  assert(decode(relabelled(rollout(PAGINATED), "new")).endsWith("}\n"));
});

Deno.test("relabel() copies the settings event byte by byte, with its numbers, escapes and unknown keys", () => {
  const odd = settingsLine("old", 2).replace(
    '"model":',
    '"n":[1.0,1e2,12345678901234567890],"\\u0061":"\\/",  "model":',
  );
  const lines = linesOf(relabelled(rollout([metaLine(), odd]), "new"));
  const expected = odd.replace('"model_provider_id":"old"', '"model_provider_id":"new"').replace(
    '"ordinal":2',
    '"ordinal":3',
  );
  assertEquals(lines.at(-1), expected);
});

Deno.test("relabel() copies the last accepted event, not a later broken one", () => {
  const broken = settingsLine("zzz", 3, "paginated", { cwd: undefined });
  const lines = linesOf(relabelled(rollout([metaLine(), settingsLine("old", 2), broken]), "new"));
  assertEquals(JSON.parse(lines.at(-1)!).payload, JSON.parse(settingsLine("new", 0)).payload);
});

Deno.test("relabel() leaves the length of a paginated first line, shorter or longer", () => {
  for (const provider of ["n", "new", "newer", "a-long-provider-name-of-forty-characters"]) {
    const before = rollout(PAGINATED);
    const after = relabelled(before, provider);
    const end = PAGINATED[0]!.length;
    assertEquals([after[end], metaOf(after).provider], [0x0a, provider]);
    assertEquals(after.subarray(end, before.length), before.subarray(end));
  }
});

Deno.test("relabel() takes room from a session id that only repeats the id, then from roots that repeat the cwd", () => {
  const keys = (provider: string, payload: Payload = {}) => {
    const after = relabelled(rollout([metaLine({ payload })]), provider);
    const { session_id, runtime_workspace_roots } = JSON.parse(linesOf(after)[0]!).payload;
    return [session_id !== undefined, runtime_workspace_roots !== undefined];
  };
  assertEquals(keys("new"), [true, true]);
  assertEquals(keys("newer"), [false, true]);
  assertEquals(keys("n".repeat(60)), [false, false]);
  assertEquals(keys("newer", { session_id: ID.toUpperCase() }), [false, true]);
  assertEquals(keys("newer", { session_id: OTHER_ID }), [true, false]);
});

Deno.test("relabel() takes room in forks from the place where they left their parent, last of all", () => {
  const fork = {
    forked_from_ordinal_exclusive: 12,
    history_base: { thread_id: OTHER_ID, end_ordinal_exclusive: 12, end_byte_offset: 999 },
  };
  const place = (provider: string, payload: Payload) => {
    const [first = ""] = linesOf(relabelled(rollout([metaLine({ payload })]), provider));
    return JSON.parse(first).payload.forked_from_ordinal_exclusive;
  };
  assertEquals(place("n".repeat(80), fork), 12);
  assertEquals(place("n".repeat(110), fork), undefined);
  const alone = { forked_from_ordinal_exclusive: 12 };
  assertStringIncludes(refusalOf(rollout([metaLine({ payload: alone })]), "n".repeat(110)) ?? "", "no room");
});

Deno.test("relabel() refuses a longer name when only keys that mean something could make room", () => {
  const meaning: readonly Payload[] = [
    { session_id: undefined, runtime_workspace_roots: undefined },
    { session_id: OTHER_ID, runtime_workspace_roots: ["/elsewhere"] },
    { session_id: OTHER_ID, runtime_workspace_roots: ["/work", "/elsewhere"] },
    { session_id: null, runtime_workspace_roots: "/work" },
    { session_id: OTHER_ID, runtime_workspace_roots: [], cwd: undefined },
  ];
  for (const payload of meaning) {
    assertStringIncludes(refusalOf(rollout([metaLine({ payload })]), "newer") ?? "", "no room");
    assertEquals(refusalOf(rollout([metaLine({ payload })]), "new"), undefined);
  }
  assertStringIncludes(refusalOf(rollout(PAGINATED), "n".repeat(200)) ?? "", "no room");
});

Deno.test("relabel() uses up white space before it takes a key", () => {
  const spaced = metaLine().replace('"old"', '"old"  ');
  const [first] = linesOf(relabelled(rollout([spaced]), "older"));
  assertEquals(first, spaced.replace('"old"  ', '"older"'));
});

Deno.test("relabel() can go from a short name to a long one and back as often as it likes", () => {
  let bytes = rollout(PAGINATED);
  const end = PAGINATED[0]!.length;
  for (const provider of ["a-much-longer-name", "x", "old", "a-much-longer-name", "mid", "old"]) {
    bytes = relabelled(bytes, provider);
    assertEquals([metaOf(bytes).provider, recorded(bytes), bytes[end]], [provider, provider, 0x0a]);
  }
  const ordinals = linesOf(bytes).map((line) => JSON.parse(line).ordinal);
  assertEquals(ordinals, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("relabel() writes names of any characters as JSON text", () => {
  for (const provider of ['quo"te', "back\\slash", "日本", "new\nline", "\u0000"]) {
    for (const mode of ["paginated", "legacy"] as const) {
      const after = relabelled(rollout([metaLine({ mode }), settingsLine("old", 1, mode)]), provider);
      for (const line of linesOf(after)) JSON.parse(line);
      assertEquals([metaOf(after).provider, recorded(after)], [provider, provider]);
    }
  }
});

Deno.test("relabel() puts a name in the place of null", () => {
  for (const mode of ["paginated", "legacy"] as const) {
    const before = rollout([
      metaLine({ mode, payload: { model_provider: null } }),
      messageLine("x", 1, mode),
    ]);
    const after = relabelled(before, "new");
    assertEquals([metaOf(after).provider, recorded(after)], ["new", "new"]);
  }
});

Deno.test("relabel() refuses a paginated first line that has no such key, and any damaged one", () => {
  assertStringIncludes(refusalOf(rollout([metaLine({ provider: null })]), "new") ?? "", "no provider");
  assertStringIncludes(refusalOf(encode(""), "new") ?? "", "empty");
  assertStringIncludes(refusalOf(encode("\ufeff" + metaLine() + "\n"), "new") ?? "", "byte order mark");
  assertStringIncludes(refusalOf(encode(metaLine().slice(0, -1)), "new") ?? "", "not readable");
});

Deno.test("relabel() refuses what it could not finish: no ordinal to go on from, no event to copy", () => {
  const noTime = settingsLine("old", 1).replace(/"timestamp":"[^"]*",/, "");
  const first = metaLine().replace(/"timestamp":"[^"]*",/, "");
  assertStringIncludes(refusalOf(rollout([first, noTime]), "new") ?? "", "last lines");
  const repeated = [metaLine(), metaLine({ ordinal: 1 })];
  assertStringIncludes(refusalOf(rollout(repeated), "new") ?? "", "repeats");
});

Deno.test("relabel() outdoes a first line that is repeated in a paginated file", () => {
  const lines = [metaLine(), settingsLine("new", 1), metaLine({ ordinal: 2 })];
  const after = relabelled(rollout(lines), "new");
  assertEquals([recorded(after), linesOf(after).length], ["new", 4]);
});

const LEGACY = [
  metaLine({ mode: "legacy" }),
  metaLine({ mode: "legacy", payload: { id: OTHER_ID } }),
  settingsLine("older", 1, "legacy"),
  messageLine('"model_provider":"old" session_meta thread_settings_applied', 1, "legacy"),
  metaLine({ mode: "legacy", payload: { id: ID.toUpperCase(), git: { branch: "b" } } }),
  metaLine({ mode: "legacy", provider: null }),
  settingsLine("oldest", 1, "legacy", { cwd: undefined }),
  settingsLine("new", 1, "legacy"),
];

Deno.test("relabel() changes every own line of a legacy file where it stands, and no other", () => {
  for (const end of ["\n", "\r\n"]) {
    const after = linesOf(relabelled(rollout(LEGACY, end), "new"));
    assertEquals(after, [
      LEGACY[0]!.replace('"model_provider":"old"', '"model_provider":"new"'),
      LEGACY[1]!,
      LEGACY[2]!.replace('"older"', '"new"'),
      LEGACY[3]!,
      LEGACY[4]!.replace('"model_provider":"old"', '"model_provider":"new"'),
      LEGACY[5]!.replace(/}}$/, ',"model_provider":"new"}}'),
      LEGACY[6]!,
      LEGACY[7]!,
    ]);
  }
});

Deno.test("relabel() keeps the end of a legacy file as it is", () => {
  const before = encode(LEGACY.join("\n"));
  const after = relabelled(before, "new");
  assertEquals(decode(after).split("\n").length, LEGACY.length);
  assertEquals(after.at(-1), before.at(-1));
});

Deno.test("relabel() refuses a legacy file with a line it cannot look at", () => {
  const long = messageLine("session_meta" + "x".repeat(MAX_LINE), 1, "legacy");
  assertStringIncludes(refusalOf(rollout([metaLine({ mode: "legacy" }), long]), "new") ?? "", "8 MiB");
  const harmless = messageLine("x".repeat(MAX_LINE), 1, "legacy");
  assertEquals(metaOf(relabelled(rollout([metaLine({ mode: "legacy" }), harmless]), "new")).provider, "new");
});

Deno.test("relabel() works below blank lines and with CRLF", () => {
  for (const mode of ["paginated", "legacy"] as const) {
    const lines = ["", "  ", metaLine({ mode }), settingsLine("old", 1, mode)];
    const before = rollout(lines, "\r\n");
    const after = relabelled(before, "new");
    assertEquals([metaOf(after).provider, recorded(after)], ["new", "new"]);
    assertEquals(splicesTo(after, "new"), []);
    assertEquals(applySplices(before, splicesTo(before, "new")), after);
  }
});

Deno.test("relabel() counts on from a last line that is too long to be read whole", () => {
  const time = '"timestamp":"2026-11-21T10:00:09.000Z"';
  const long = `{${time},"ordinal":9,"type":"x","payload":"${"x".repeat(MAX_LINE)}"}`;
  const after = decode(relabelled(rollout([...PAGINATED, long]), "new"));
  assertStringIncludes(after.slice(-1000), `{${time},"ordinal":10,"type":"event_msg"`);
});
