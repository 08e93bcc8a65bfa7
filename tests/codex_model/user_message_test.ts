import { firstPreview, hasUserMessage, isAuthoredText, titleFor } from "../../lib/codex/user_message.ts";
import { memorySource } from "../../lib/text/source.ts";
import { assertEquals } from "../assert.ts";
import { messageLine, metaLine, rollout, settingsLine } from "./rollouts.ts";

const preview = (...lines: readonly string[]) =>
  firstPreview(memorySource(rollout([metaLine(), settingsLine("old", 1), ...lines])));
const spoken = (...lines: readonly string[]) => hasUserMessage(memorySource(rollout([metaLine(), ...lines])));

/** As in a legacy file. */
function event(message: unknown, more: object = {}): string {
  return JSON.stringify({
    type: "event_msg",
    payload: { type: "user_message", message, images: [], local_images: [], ...more },
  });
}

/** As in a paginated file. */
function item(...content: readonly object[]): string {
  const payload = { type: "item_completed", item: { type: "UserMessage", id: "x", content } };
  return JSON.stringify({ ordinal: 2, type: "event_msg", payload });
}

const text = (words: string) => ({ type: "text", text: words });

Deno.test("firstPreview() takes the first message that is not empty", () => {
  assertEquals(preview(event(" hi \n"), event("second")), "hi");
  assertEquals(preview(item(text("a "), text(" b")), item(text("second"))), "a  b");
  assertEquals(preview(event("  "), event("second")), "second");
  assertEquals(preview(item(), item(text("second"))), "second");
  assertEquals(preview(), undefined);
  assertEquals(preview(messageLine("what the model was sent", 3)), undefined);
});

Deno.test("firstPreview() leaves out what the editor puts before the request", () => {
  const heading = "## My request for Codex:";
  assertEquals(preview(event(`context\n${heading}\n do it \n`)), "do it");
  assertEquals(preview(event(`${heading} a ${heading} b`)), `a ${heading} b`);
  assertEquals(preview(event(`context ${heading} `), event("second")), "second");
});

Deno.test("firstPreview() takes away what Unicode calls white space, and nothing else", () => {
  assertEquals(preview(event("\u0085\u3000x\u00a0\u2003")), "x");
  assertEquals(preview(event("\ufeffx")), "\ufeffx");
  assertEquals(preview(event("x".repeat(100_000)))?.length, 100_000);
});

Deno.test("firstPreview() says when there are only pictures", () => {
  assertEquals(preview(event("", { images: ["data:"] }), event("second")), "[Image]");
  assertEquals(preview(event("", { local_images: ["/x.png"] })), "[Image]");
  assertEquals(preview(item({ type: "image", image_url: "data:" })), "[Image]");
  assertEquals(preview(item({ type: "local_image", path: "/x.png" }, text("words"))), "words");
  assertEquals([titleFor("[Image]"), titleFor("words")], ["", "words"]);
});

Deno.test("firstPreview() passes over lines that are not what they look like", () => {
  const assistant = JSON.stringify({
    type: "event_msg",
    payload: { type: "agent_message", message: '"user_message"' },
  });
  assertEquals(preview('{"user_message"', assistant, event(7), event("real")), "real");
});

Deno.test("firstPreview() looks at the beginning of a file only", () => {
  const filler = messageLine("x".repeat(1024 * 1024), 3);
  const lines = Array.from({ length: 17 }, () => filler);
  assertEquals(preview(...lines, event("late")), undefined);
  assertEquals(preview(...lines.slice(0, 10), event("early")), "early");
});

Deno.test("hasUserMessage() takes only what a person wrote", () => {
  assertEquals(spoken(event("hi")), true);
  assertEquals(spoken(item(text("hi"))), true);
  assertEquals(spoken(event("", { images: ["data:"] })), true);
  assertEquals(spoken(messageLine("hi", 2)), true);
  assertEquals(spoken(), false);
  assertEquals(spoken(event("  ")), false);
  const environment = messageLine("<environment_context>\n<cwd>/x</cwd></environment_context>", 2);
  const project = messageLine("# AGENTS.md instructions for /x\n\n<INSTRUCTIONS>\nx</INSTRUCTIONS>", 2);
  assertEquals(spoken(environment, project), false);
  assertEquals(spoken(environment, project, messageLine("hi", 3)), true);
});

Deno.test("isAuthoredText() knows what Codex says in the user's name", () => {
  for (const words of ["hi", "<b>bold</b>", "a <environment_context>", "#5", "<"]) {
    assertEquals(isAuthoredText(words), true, words);
  }
  const others = [
    "",
    " \n",
    "<environment_context>x</environment_context>",
    "\n<user_instructions>\nx",
    "<permissions instructions>x",
    "<turn_aborted>",
    "# AGENTS.md instructions for /x",
  ];
  for (const words of others) assertEquals(isAuthoredText(words), false, words);
});
