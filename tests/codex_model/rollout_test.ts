import {
  lastSettings,
  lastStatement,
  parseMetaLine,
  parseSettingsLine,
  readFirstLine,
  recordedProvider,
} from "../../lib/codex/rollout.ts";
import type { Damage, SessionMeta } from "../../lib/core/snapshot.ts";
import { MAX_LINE } from "../../lib/text/jsonl.ts";
import { memorySource } from "../../lib/text/source.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { type Head, ID, messageLine, metaLine, metaOf, OTHER_ID, rollout, settingsLine } from "./rollouts.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function damageOf(content: string | Uint8Array): Damage["reason"] | undefined {
  const first = readFirstLine(memorySource(typeof content === "string" ? encode(content) : content));
  return "reason" in first ? first.reason : undefined;
}

Deno.test("readFirstLine() reads what the first line says", () => {
  assertEquals<SessionMeta>(metaOf(rollout([metaLine()])), {
    id: ID,
    provider: "old",
    cwd: "/work",
    source: "vscode",
    mode: "paginated",
    base: undefined,
    owned: false,
  });
  const fork = {
    id: ID.toUpperCase(),
    source: { subagent: { thread_spawn: {} } },
    history_base: { thread_id: OTHER_ID, end_byte_offset: 7 },
    creator_user_id: "u",
    cwd: "C:\\Übung \u0001\ud83d\ude00",
  };
  assertEquals<SessionMeta>(metaOf(rollout([metaLine({ mode: "legacy", provider: null, payload: fork })])), {
    id: ID,
    provider: undefined,
    cwd: "C:\\Übung \u0001\ud83d\ude00",
    source: "subagent",
    mode: "legacy",
    base: OTHER_ID,
    owned: true,
  });
});

Deno.test("readFirstLine() takes a file without history_mode for a legacy one", () => {
  assertEquals(metaOf(rollout([metaLine({ payload: { history_mode: undefined } })])).mode, "legacy");
  assertEquals(metaOf(rollout([metaLine({ payload: { history_mode: null } })])).mode, "legacy");
});

Deno.test("readFirstLine() takes a provider of null for none, as Codex does", () => {
  assertEquals(metaOf(rollout([metaLine({ payload: { model_provider: null } })])).provider, undefined);
});

Deno.test("readFirstLine() passes over blank lines at the top and gives the place of the line", () => {
  const line = metaLine();
  for (
    const [blank, end] of [["\n", "\n"], ["\r\n \t\n", "\r\n"], ["\n".repeat(16), "\n"], ["", ""]] as const
  ) {
    const first = readFirstLine(memorySource(encode(blank + line + end)));
    assert(!("reason" in first));
    assertEquals([first.line.at, first.line.bytes, first.line.ending], [blank.length, encode(line), end]);
  }
});

Deno.test("readFirstLine() takes white space around the object and inside it", () => {
  const spaced = JSON.stringify(JSON.parse(metaLine()), undefined, 1).replaceAll("\n", " ");
  assertEquals(metaOf(encode(` \t${spaced} \t\n`)).provider, "old");
});

Deno.test("readFirstLine() reads keys and values whatever way they are escaped", () => {
  const escaped = metaLine().replace('"model_provider":"old",', '"model\\u005fprovider":"\\u006fl\\u0064",');
  assertEquals(metaOf(rollout([escaped])).provider, "old");
});

Deno.test("readFirstLine() is not taken in by the same key elsewhere", () => {
  const decoys = {
    cwd: '/a"model_provider":"fake"',
    dynamic_tools: [{ model_provider: "fake", id: "fake", history_mode: "legacy" }],
    git: { model_provider: "fake" },
    base_instructions: { model_provider: "fake", text: '","model_provider":"fake","x":"' },
  };
  const line = `{"model_provider":"fake","id":"fake",${metaLine({ payload: decoys }).slice(1)}`;
  const meta = metaOf(rollout([line]));
  assertEquals([meta.provider, meta.id, meta.mode, meta.cwd], ["old", ID, "paginated", decoys.cwd]);
});

/** First lines that Codex 0.169 cannot read, by what is wrong with them. */
const DAMAGED: Readonly<Record<string, readonly [string | Uint8Array, Damage["reason"]]>> = {
  "nothing at all": ["", "empty"],
  "only line ends": ["\n\n\r\n", "empty"],
  "a byte order mark": ["\ufeff" + metaLine() + "\n", "byte-order-mark"],
  "a byte order mark below a blank line": ["\n\ufeff" + metaLine() + "\n", "byte-order-mark"],
  "text": ["hello\n", "first-line-not-json"],
  "a list": [`[${metaLine()}]\n`, "first-line-not-json"],
  "a bare word": ["null\n", "first-line-not-json"],
  "half a line": [metaLine().slice(0, -20), "first-line-not-json"],
  "a line torn in its last brace": [metaLine().slice(0, -1) + "\n", "first-line-not-json"],
  "bytes of zero": ["\0".repeat(4096), "first-line-not-json"],
  "zeros inside a text": [metaLine().replace("codex_vscode", "codex\0\0\0\0"), "first-line-not-json"],
  "a raw tab in a text": [metaLine().replace("codex_v", "codex\t"), "first-line-not-json"],
  "text behind the object": [metaLine() + " x\n", "first-line-not-json"],
  "two objects on one line": [metaLine() + metaLine() + "\n", "first-line-not-json"],
  "a comma too many": [metaLine().replace('"id":', ',"id":'), "first-line-not-json"],
  "a fault deep inside": [metaLine().replace('{"text":', '{"a":[tru],"text":'), "first-line-not-json"],
  "a bad escape deep inside": [metaLine().replace('{"text":"', '{"text":"\\x'), "first-line-not-json"],
  "a second provider": [metaLine().replace('"id"', '"model_provider":"x","id"'), "first-line-not-json"],
  "a second id": [metaLine().replace('"cwd"', `"id":"${OTHER_ID}","cwd"`), "first-line-not-json"],
  "a second payload": [metaLine().replace("{", '{"payload":{},'), "first-line-not-json"],
  "a second type in escapes": [
    metaLine().replace("{", '{"typ\\u0065":"session_meta",'),
    "first-line-not-json",
  ],
  "another type": [settingsLine("old", 0), "not-session-meta"],
  "a type that is no text": [metaLine().replace('"session_meta"', "7"), "not-session-meta"],
  "no type": [metaLine().replace('"type":"session_meta",', ""), "not-session-meta"],
  "a payload that is no object": ['{"type":"session_meta","payload":[]}', "no-id"],
  "no payload": ['{"type":"session_meta"}', "no-id"],
  "no id": [metaLine({ payload: { id: undefined } }), "no-id"],
  "an empty id": [metaLine({ payload: { id: "" } }), "no-id"],
  "an id that is no text": [metaLine({ payload: { id: 7 } }), "no-id"],
  "a provider that is no text": [metaLine({ payload: { model_provider: 5 } }), "not-session-meta"],
  "a provider in a list": [metaLine({ payload: { model_provider: ["old"] } }), "not-session-meta"],
};

for (const [what, [content, reason]] of Object.entries(DAMAGED)) {
  Deno.test(`readFirstLine() finds ${what}`, () => assertEquals(damageOf(content), reason));
}

Deno.test("readFirstLine() finds bytes that are no UTF-8, in what it reads and in what it does not", () => {
  const line = encode(metaLine() + "\n");
  for (const place of ['"old"', "/work", "codex_vscode", "nothing"]) {
    const at = new TextDecoder("latin1").decode(line).indexOf(place) + 2;
    for (const byte of [0xff, 0xc0, 0xe2]) {
      assertEquals(damageOf(line.with(at, byte)), "first-line-not-json", `${place} ${byte}`);
    }
  }
});

Deno.test("readFirstLine() reads a line of 8 MiB, and of a longer one no more than that", () => {
  const padded = (length: number) => encode(metaLine() + " ".repeat(length - metaLine().length - 1) + "\n");
  assertEquals(damageOf(padded(MAX_LINE)), undefined);
  const long = padded(MAX_LINE + 1);
  assertEquals(damageOf(long), "first-line-too-long");
  let most = 0;
  const bounded = {
    size: 10 * MAX_LINE,
    read: (at: number, length: number) => {
      most = Math.max(most, at + length);
      return new Uint8Array(Math.min(length, 10 * MAX_LINE - at)).fill(0x78);
    },
  };
  const first = readFirstLine(bounded);
  assert("reason" in first && first.reason === "first-line-too-long");
  assert(most <= MAX_LINE, `read up to ${most}`);
});

Deno.test("readFirstLine() does not look for the line below a sea of blank ones", () => {
  assert(damageOf("\n".repeat(5000) + metaLine() + "\n") !== undefined);
});

Deno.test("parseMetaLine() gives the places of what may be changed", () => {
  const line = encode(metaLine({ payload: { cwd: "/wörk" } }));
  const parsed = parseMetaLine(line);
  assert(!("reason" in parsed) && parsed.provider !== undefined);
  const { start, end } = parsed.provider;
  assertEquals(new TextDecoder().decode(line.subarray(start, end)), '"old"');
});

function settingsOf(line: string, mode: Head["mode"] = "paginated"): string | undefined {
  return parseSettingsLine({ at: 0, bytes: encode(line), ending: "\n" }, mode)?.provider;
}

Deno.test("parseSettingsLine() takes a whole settings event", () => {
  assertEquals(settingsOf(settingsLine("a", 3)), "a");
  assertEquals(settingsOf(settingsLine("a", 3, "legacy"), "legacy"), "a");
});

Deno.test("parseSettingsLine() passes over what Codex would not accept", () => {
  for (
    const key of [
      "model",
      "model_provider_id",
      "approval_policy",
      "approvals_reviewer",
      "permission_profile",
      "cwd",
      "collaboration_mode",
    ]
  ) {
    const less = JSON.parse(settingsLine("a", 3));
    delete less.payload.thread_settings[key];
    assertEquals(settingsOf(JSON.stringify(less)), undefined, key);
  }
  const line = settingsLine("a", 3);
  const others = [
    line.replace('"event_msg"', '"response_item"'),
    line.replace('"thread_settings_applied"', '"thread_settings_planned"'),
    line.replace('"model_provider_id":"a"', '"model_provider_id":null'),
    line.replace('"model_provider_id":"a"', '"model_provider_id":"a","model_provider_id":"b"'),
    line.replace('"ordinal":3', '"ordinal":"3"'),
    line.replace('"ordinal":3,', ""),
    line + " x",
    line + line,
    line.slice(0, -1),
    line.replace('"never"', "nev"),
    "\ufeff" + line,
    "",
  ];
  for (const other of others) assertEquals(settingsOf(other), undefined, other);
  assertEquals(settingsOf(line.replace('"ordinal":3,', ""), "legacy"), "a");
});

const DECOYS = [
  messageLine('{"type":"event_msg","payload":{"type":"thread_settings_applied"}}', 7),
  messageLine(settingsLine("fake", 8), 8),
  messageLine(metaLine({ provider: "fake" }), 9),
  settingsLine("fake", 10, "paginated", { model: undefined }),
  metaLine({ provider: "fake", payload: { id: OTHER_ID }, ordinal: 11 }),
  "thread_settings_applied session_meta",
  settingsLine("fake", 12).slice(0, -30),
];

Deno.test("lastSettings() finds the last accepted event, and its place", () => {
  const lines = [metaLine(), settingsLine("a", 1), messageLine("x", 2), settingsLine("b", 3), ...DECOYS];
  const bytes = rollout(lines);
  const found = lastSettings(memorySource(bytes), "paginated");
  assertEquals([found?.provider, found?.at], ["b", rollout(lines.slice(0, 3)).length]);
  assertEquals(lastSettings(memorySource(rollout([metaLine(), ...DECOYS])), "paginated"), undefined);
});

function recordedIn(lines: readonly string[], tail = ""): string | undefined {
  const bytes = encode(lines.join("\n") + "\n" + tail);
  return recordedProvider(memorySource(bytes), metaOf(bytes));
}

Deno.test("recordedProvider() is the first line's without a later word", () => {
  for (const mode of ["paginated", "legacy"] as const) {
    assertEquals(recordedIn([metaLine({ mode })]), "old");
    assertEquals(recordedIn([metaLine({ mode }), messageLine("hi", 1, mode)]), "old");
    assertEquals(recordedIn([metaLine({ mode, provider: null }), messageLine("hi", 1, mode)]), undefined);
  }
});

Deno.test("recordedProvider() is the last settings event's, before a torn line and look-alikes", () => {
  const lines = [metaLine(), settingsLine("a", 1), settingsLine("b", 2)];
  assertEquals(recordedIn(lines), "b");
  assertEquals(recordedIn([...lines, ...DECOYS]), "b");
  assertEquals(recordedIn(lines, settingsLine("c", 3).slice(0, 200)), "b");
  assertEquals(recordedIn(lines, settingsLine("c", 3)), "c");
  const legacy = [
    metaLine({ mode: "legacy" }),
    settingsLine("a", 1, "legacy"),
    settingsLine("b", 1, "legacy"),
  ];
  assertEquals(recordedIn([...legacy, messageLine(settingsLine("fake", 1), 1, "legacy")]), "b");
});

Deno.test("recordedProvider() counts repeated lines of the same thread in either mode, if they name one", () => {
  for (const mode of ["paginated", "legacy"] as const) {
    const again = (provider: string | null, id = ID) =>
      metaLine({ mode, provider, ordinal: 5, payload: { id } });
    const lines = [metaLine({ mode }), settingsLine("a", 1, mode)];
    assertEquals(recordedIn([...lines, again("c")]), "c");
    assertEquals(recordedIn([...lines, again("c", ID.toUpperCase())]), "c");
    assertEquals(recordedIn([...lines, again("c"), settingsLine("d", 2, mode)]), "d");
    assertEquals(recordedIn([...lines, again(null)]), "a");
    assertEquals(recordedIn([...lines, again("c", OTHER_ID)]), "a");
    assertEquals(recordedIn([metaLine({ mode }), again("c"), again(null)]), "c");
  }
});

Deno.test("lastStatement() gives the place of the line that decides", () => {
  const of = (lines: readonly string[]) => {
    const bytes = encode("\n" + lines.join("\r\n"));
    return lastStatement(memorySource(bytes), metaOf(bytes));
  };
  assertEquals(of([metaLine()]), { at: 1, provider: "old" });
  const lines = [metaLine(), metaLine({ provider: "a", ordinal: 1 }), messageLine("x", 2)];
  assertEquals(of(lines)?.at, 1 + lines[0]!.length + 2);
  assertEquals(of([metaLine({ provider: null })]), undefined);
});

Deno.test("recordedProvider() finds the word of a file far larger than it reads at once", () => {
  const filler = messageLine("x".repeat(3_000_000), 2);
  assertEquals(recordedIn([metaLine(), settingsLine("a", 1), filler, filler]), "a");
  const long = messageLine("thread_settings_applied session_meta" + "x".repeat(MAX_LINE), 2);
  assertEquals(recordedIn([metaLine(), settingsLine("a", 1), long]), "a");
});

Deno.test("a first line with a key of Codex's twice is damaged, whichever key it is", () => {
  const keys = ["session_id", "runtime_workspace_roots", "forked_from_ordinal_exclusive", "account_scoped"];
  for (const key of [...keys, "creator_user_id", "creator_account_id", "cwd", "model_provider"]) {
    const payload = `{"id":"019b0001-0000-7000-8000-00000000000a","${key}":null,"${key}":null}`;
    const line = `{"type":"session_meta","payload":${payload}}`;
    const parsed = parseMetaLine(new TextEncoder().encode(line));
    assert("reason" in parsed && parsed.reason === "first-line-not-json", key);
    assertStringIncludes(parsed.detail, `duplicate key "${key}"`);
  }
});

Deno.test("a settings event with a key twice that a copy would replace is none", () => {
  const event = (top: string, settings: string) =>
    `{${top}"type":"event_msg","payload":{"type":"thread_settings_applied","thread_settings":{"model":"m",` +
    `"model_provider_id":"p","approval_policy":"never","approvals_reviewer":"user","permission_profile":{},` +
    `"cwd":"/work","collaboration_mode":{}${settings}}}}`;
  const read = (text: string) => parseSettingsLine({ at: 0, bytes: encode(text), ending: "\n" }, "paginated");
  assert(read(event('"ordinal":1,"timestamp":"t",', "")) !== undefined);
  for (const top of ['"ordinal":1,"ordinal":1,', '"ordinal":1,"timestamp":"t","timestamp":"t",']) {
    assertEquals(read(event(top, "")), undefined);
  }
  const roots = ',"runtime_workspace_roots":[],"runtime_workspace_roots":[]';
  assertEquals(read(event('"ordinal":1,', roots)), undefined);
});
