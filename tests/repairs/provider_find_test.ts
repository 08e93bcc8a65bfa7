import { NO_PROVIDER } from "../../lib/core/plan.ts";
import type { Rollout, Thread } from "../../lib/core/snapshot.ts";
import {
  copiesOf,
  countEncrypted,
  isForeign,
  providerOf,
  providerRepair,
} from "../../lib/repairs/provider.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { damagedOf, rolloutOf, rolloutPath, rowOf, threadId, threadOf } from "../codex_model/snapshots.ts";
import { contentsOf, factsOf } from "./facts.ts";

const encode = (text: string) => new TextEncoder().encode(text);

const BARE: Rollout = rolloutOf(1, { provider: undefined });

Deno.test("providerOf() is the row's, then the newest file's, then none", () => {
  const rollouts = [rolloutOf(1, { provider: "a" }), rolloutOf(1, { provider: "b" }, { recorded: "c" })];
  assertEquals(providerOf(threadOf(1, { rollouts })), "old");
  assertEquals(providerOf(threadOf(1, { rollouts, row: rowOf(1, { provider: undefined }) })), "c");
  assertEquals(providerOf(threadOf(1, { rollouts: [BARE], row: undefined })), NO_PROVIDER);
  assertEquals(providerOf(threadOf(1, { rollouts: [], row: undefined })), NO_PROVIDER);
});

Deno.test("copiesOf() and isForeign() look at every copy, and take silence for agreement", () => {
  const thread = threadOf(1, {
    rollouts: [rolloutOf(1, { provider: "a" }, { recorded: "b" }), damagedOf(1)],
  });
  assertEquals(copiesOf(thread), ["a", "b", "old"]);
  assertEquals(["a", "b", "old"].map((id) => isForeign(thread, id)), [true, true, true]);
  assertEquals(isForeign(threadOf(1, { rollouts: [BARE] }), "old"), false);
  assertEquals(isForeign(threadOf(1, { rollouts: [BARE], row: undefined }), "old"), false);
});

function found(threads: readonly Thread[], target = "new") {
  return providerRepair.find(factsOf(threads, {}, {}, target)).map(({ code, count, severity }) =>
    `${severity} ${code} ${count}`
  );
}

Deno.test("providerRepair.find() has nothing to say about threads of the provider in use", () => {
  assertEquals(found([threadOf(1), threadOf(2)], "old"), []);
  assertEquals(found([]), []);
  assertEquals(found([threadOf(1, { rollouts: [] })]), []);
});

Deno.test("providerRepair.find() tells foreign threads, threads whose copies differ, and undeclared providers", () => {
  assertEquals(found([threadOf(1), threadOf(2)]), ["warning provider-mismatch 2"]);
  const split = threadOf(3, { row: rowOf(3, { provider: "new" }) });
  assertEquals(found([split]), ["warning provider-mismatch 1", "error provider-copies-disagree 1"]);
  const gone = threadOf(4, {
    rollouts: [rolloutOf(4, { provider: "gone" })],
    row: rowOf(4, { provider: "gone" }),
  });
  assertEquals(found([gone]), ["warning provider-mismatch 1", "error provider-not-configured 1"]);
  assertEquals(found([gone], "gone"), ["error provider-not-configured 1"]);
});

Deno.test("providerRepair.find() gives every thread concerned as evidence", () => {
  const threads = [
    threadOf(1),
    threadOf(2, { row: undefined }),
    threadOf(3, { rollouts: [BARE], row: rowOf(3) }),
  ];
  const [finding] = providerRepair.find(factsOf(threads));
  assertEquals(finding?.samples, [
    `${threadId(1)}: first line old, recorded old, database old`,
    `${threadId(2)}: first line old, recorded old, database no row`,
    `${threadId(3)}: first line (none), recorded (none), database old`,
  ]);
  assertStringIncludes(finding?.message ?? "", '"new"');
});

Deno.test("countEncrypted() counts threads of other providers that hold encrypted content, by provider", () => {
  const secret = encode('{"encrypted_content":"gAAAA"}');
  const none = encode('{"encrypted_content":null,"encrypted":"content"}');
  const other = threadOf(3, { row: rowOf(3, { provider: "other" }) });
  const home = threadOf(4, {
    rollouts: [rolloutOf(4, { provider: "new" })],
    row: rowOf(4, { provider: "new" }),
  });
  const threads = [
    threadOf(1),
    threadOf(2),
    other,
    home,
    threadOf(5, { rollouts: [damagedOf(5)] }),
    threadOf(6),
  ];
  const contents = contentsOf({
    [rolloutPath(1)]: secret,
    [rolloutPath(2)]: none,
    [rolloutPath(3)]: secret,
    [rolloutPath(4)]: secret,
    [rolloutPath(5)]: secret,
  });
  assertEquals(countEncrypted(threads, "new", contents), new Map([["old", 1], ["other", 1]]));
  // neither the thread of the target nor the damaged file was opened; the missing one was tried
  assertEquals(contents.read, [rolloutPath(1), rolloutPath(2), rolloutPath(3), rolloutPath(6)]);
});
