import { encryptedReport } from "../../lib/repairs/encrypted.ts";
import { assertEquals } from "../assert.ts";
import { rolloutOf, rolloutPath, rowOf, threadOf } from "../codex_model/snapshots.ts";
import { factsOf } from "./facts.ts";

const SECRET = new TextEncoder().encode('"encrypted_content":"x"');

Deno.test("encryptedReport tells threads that were moved to the provider in use, as long as they are its", () => {
  const threads = [1, 2].map((n) =>
    threadOf(n, { rollouts: [rolloutOf(n, { provider: "new" })], row: rowOf(n, { provider: "new" }) })
  );
  const files = { [rolloutPath(1)]: SECRET, [rolloutPath(2)]: SECRET };
  const [first = "", second = ""] = threads.map(({ id }) => id);
  const found = (originals: ReadonlyMap<string, string>) =>
    encryptedReport.find({ ...factsOf(threads, files), originals: () => originals })
      .map(({ count, samples }) => [count, samples]);
  assertEquals(found(new Map()), []);
  assertEquals(found(new Map([[first, "new"], [second, "old"], ["gone", "old"]])), [
    [1, ["old, moved since: 1", second]],
  ]);
});
