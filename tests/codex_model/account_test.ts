import { creatorOf, disown, shortName } from "../../lib/codex/account.ts";
import { applySplices } from "../../lib/core/splice.ts";
import { memorySource } from "../../lib/text/source.ts";
import { assert, assertEquals } from "../assert.ts";

const ID = "0199f0a0-0000-7000-8000-000000000001";
const OTHER = "0199f0a0-0000-7000-8000-000000000002";

function meta(keys: string, mode = "paginated", id = ID): string {
  return `{"type":"session_meta","payload":{"id":"${id}","history_mode":"${mode}"${keys}}}\n`;
}

const STAMP = ',"creator_user_id":"user-é","creator_account_id":"work"';

/** The content without creators; its size must not change. */
function disowned(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const splices = disown(memorySource(bytes));
  assert(!("refused" in splices));
  const after = applySplices(bytes, splices);
  assertEquals(after.length, bytes.length);
  return new TextDecoder().decode(after);
}

/** The payload keys of every line. */
function keys(text: string): readonly string[] {
  return text.trimEnd().split("\n").map((line) => Object.keys(JSON.parse(line).payload).join());
}

Deno.test("disown() blanks both keys wherever they stand in the first line, and nothing else", () => {
  const stamp = STAMP.slice(1);
  for (
    const [line, left] of [
      [meta(`${STAMP},"cwd":"/w"`), "id,history_mode,cwd"],
      [meta(STAMP), "id,history_mode"],
      [meta(`,"creator_user_id":"u","cwd":"/w","creator_account_id":"a"`), "id,history_mode,cwd"],
      [meta(`, "creator_user_id" : "u" , "cwd":"/w"`), "id,history_mode,cwd"],
      [`{"type":"session_meta","payload":{${stamp},"id":"${ID}"}}\n`, "id"],
    ] as const
  ) {
    const later = '{"type":"event_msg","payload":{"creator_user_id":"stays"}}\n';
    const result = disowned(line + later);
    assertEquals(keys(result), [left, "creator_user_id"]);
    assertEquals(creatorOf(memorySource(new TextEncoder().encode(result))), undefined);
  }
});

Deno.test("disown() does nothing to a file that names nobody, also the second time", () => {
  const text = disowned(meta(STAMP));
  assertEquals(disown(memorySource(new TextEncoder().encode(text))), []);
});

Deno.test("disown() blanks repeated first lines of the same thread in legacy files only", () => {
  const legacy = meta(STAMP, "legacy") + meta(STAMP, "legacy", OTHER) + meta(STAMP, "legacy");
  const stamped = "id,history_mode,creator_user_id,creator_account_id";
  assertEquals(keys(disowned(legacy)), ["id,history_mode", stamped, "id,history_mode"]);
  assertEquals(keys(disowned(meta(STAMP) + meta(STAMP))), ["id,history_mode", stamped]);
});

Deno.test("disown() refuses a file whose first line cannot be read", () => {
  const result = disown(memorySource(new TextEncoder().encode("{}\n")));
  assert("refused" in result);
});

Deno.test("creatorOf() reads user and workspace, and shortName() gives little of them away", () => {
  const creator = creatorOf(memorySource(new TextEncoder().encode(meta(STAMP))));
  assertEquals(creator, { user: "user-é", account: "work" });
  assertEquals(shortName({ user: "user-123456", account: "short" }), "user-123… in short");
  assertEquals(shortName({ user: "12345678", account: undefined }), "12345678");
});
