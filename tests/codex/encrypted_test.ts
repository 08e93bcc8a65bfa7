/** Reasoning that only its own provider can read: codexkeep names the threads, before and after they are moved. */
import { assertEquals } from "../assert.ts";
import { withHome, withServer } from "./home.ts";
import { keep, pick } from "./program.ts";
import { fork, resume, turn } from "./readers.ts";
import { newThread } from "./threads.ts";
import type { TestHome } from "./home.ts";

Deno.test("diagnose and sync name the threads whose reasoning another provider cannot read", async (test) => {
  await withHome("custom", async (home) => {
    const { secret, plain } = await withServer(home, async (server) => {
      const plain = await newThread(server, { messages: ["one"] });
      home.model.behave({ encryptedReasoning: "gAAAA-not-a-real-one" });
      const secret = await newThread(server, { messages: ["one"] });
      home.model.behave({});
      return { secret, plain };
    });
    assertEquals(await named(home), [0, []]);
    home.configure("relay");
    await test.step("before they are moved, with their provider", async () => {
      assertEquals(await named(home), [1, ["custom: 1", secret]]);
    });
    await test.step("in the plan that moves them", async () => {
      const { warnings } = await keep(home, ["sync", "--apply"]);
      assertEquals(warnings.map(({ code }) => code), ["encrypted-content-foreign"]);
    });
    await test.step("and afterwards, because Codex still sends it", async () => {
      assertEquals(await named(home), [1, ["custom, moved since: 1", secret]]);
      await withServer(home, async (server) => {
        for (const id of [secret, plain]) assertEquals((await resume(server, id)).ok, true);
        assertEquals(await turn(server, plain, "two"), "completed");
        assertEquals(home.model.requests.at(-1)?.encrypted, []);
        home.model.behave({ failure: { status: 400, code: "invalid_encrypted_content", message: "no" } });
        assertEquals(await turn(server, secret, "two"), "failed");
        const request = home.model.requests.at(-1);
        assertEquals([request?.provider, request?.encrypted], ["relay", ["gAAAA-not-a-real-one"]]);
        home.model.behave({});
        assertEquals((await fork(server, secret)).ok, true);
      });
    });
    await test.step("and no longer once they are back", async () => {
      home.configure("custom");
      await keep(home, ["sync", "--apply"]);
      assertEquals(await named(home), [0, []]);
    });
  });
});

/** How many threads the finding is about, and its samples. */
async function named(home: TestHome): Promise<readonly [number, readonly string[]]> {
  const findings = pick(await keep(home, ["diagnose"]), "findings") as readonly Finding[];
  const found = findings.find(({ code }) => code === "encrypted-content-foreign");
  return [found?.count ?? 0, found?.samples ?? []];
}

interface Finding {
  readonly code: string;
  readonly count: number;
  readonly samples: readonly string[];
}
