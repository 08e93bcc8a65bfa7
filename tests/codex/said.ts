/** What was said in a thread beside codexkeep: said by a Codex that comes and goes, and looked for afterwards. */
import { assert, assertEquals, assertMatch } from "../assert.ts";
import { type TestHome, withServer } from "./home.ts";
import { resume, turns } from "./readers.ts";
import { completed } from "./threads.ts";

/** Requires that a thread shows these messages, and that its next turn would be sent all of them. */
export async function checkSaid(home: TestHome, id: string, messages: readonly string[]): Promise<void> {
  const copy = await home.copy();
  try {
    await withServer(copy, async (server) => {
      const expected = messages.map((text) => `completed: ${text} > reply to: ${text}`);
      assertEquals(await turns(server, id), expected);
      assert((await resume(server, id)).ok);
      await completed(server, id, "more");
      assertEquals(copy.model.requests.at(-1)?.userTexts, [...messages, "more"]);
    });
  } finally {
    await copy.dispose();
  }
}

/**
 * What Codex says of a thread whose lock codexkeep holds, and, as it looks at the row before it takes the lock, of a
 * legacy one that changes hands just then.
 */
const REFUSALS = /already has an active writer|Cannot change this thread's model provider/;

/** Another Codex comes, says something, trying again while it is refused, and goes. */
export async function visit(home: TestHome, id: string, text: string): Promise<void> {
  await withServer(home, async (server) => {
    for (let opened = await resume(server, id); !opened.ok; opened = await resume(server, id)) {
      assertMatch(opened.error, REFUSALS);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await completed(server, id, text);
  });
}
