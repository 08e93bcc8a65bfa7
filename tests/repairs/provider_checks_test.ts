import { providerRepair } from "../../lib/repairs/provider.ts";
import { missingFile, otherInFile } from "../../lib/repairs/provider_checks.ts";
import { encryptedReport } from "../../lib/repairs/encrypted.ts";
import { assertEquals, assertMatch } from "../assert.ts";
import {
  HOME,
  rolloutOf,
  rolloutPath,
  rowOf,
  snapshotOf,
  threadId,
  threadOf,
} from "../codex_model/snapshots.ts";
import { contentsOf, factsOf } from "./facts.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("otherInFile() wants every file to name the provider, the target, or none", () => {
  const names = (provider: string | undefined, recorded: string | undefined) =>
    otherInFile(threadOf(1, { rollouts: [rolloutOf(1, { provider }, { recorded })] }), "old", "new");
  assertEquals([names("old", "old"), names("new", "old"), names(undefined, undefined)], [
    undefined,
    undefined,
    undefined,
  ]);
  assertMatch(names("other", "old") ?? "", /"other", not "old"/);
  assertMatch(names("old", "other") ?? "", /"other", not "old"/);
});

Deno.test("providerRepair skips, and names, a thread whose file is not of the provider that was asked for", () => {
  const threads = [threadOf(1, { rollouts: [rolloutOf(1, { provider: "other" })] })];
  const draft = providerRepair.plan!(factsOf(threads), { threads, from: "old" });
  assertEquals([draft.changes, draft.skipped.length, draft.skipped[0]?.subject], [[], 1, threadId(1)]);
});

Deno.test("missingFile() tells a row that names the file of another thread", () => {
  const lost = threadOf(1, { rollouts: [], row: rowOf(1, { rolloutPath: `${HOME}/${rolloutPath(2)}` }) });
  const snapshot = snapshotOf([lost, threadOf(2)], undefined);
  assertEquals(missingFile(lost, snapshot), `the file its row names is that of thread ${threadId(2)}`);
  const gone = threadOf(3, { rollouts: [] });
  assertEquals(missingFile(gone, snapshotOf([gone], undefined)), "its rollout file is missing");
});

Deno.test("providerRepair tells each provider that is not declared, how many need it, and how to declare it", () => {
  const of = (n: number, provider: string) =>
    threadOf(n, { rollouts: [rolloutOf(n, { provider })], row: rowOf(n, { provider }) });
  const findings = providerRepair.find(factsOf([of(1, "lost"), of(2, "lost"), of(3, "a b"), of(4, "new")]));
  const found = findings.find(({ code }) => code === "provider-not-configured");
  assertEquals(found?.count, 3);
  assertMatch(found?.message ?? "", /"lost" \(2\), "a b" \(1\)/);
  assertMatch(found?.hint ?? "", /codexkeep sync.*\[model_providers\.lost\].*base_url/);
  assertEquals(found?.samples.slice(0, 2), [
    "[model_providers.lost]: 2 thread(s)",
    '[model_providers."a b"]: 1 thread(s)',
  ]);
});

Deno.test("encryptedReport tells threads of the target made under another account, reading each file once", () => {
  const creator = (user: string) =>
    encode(
      `{"type":"session_meta","payload":{"id":"x","creator_user_id":"${user}"}}\n"encrypted_content":"x"`,
    );
  const owned = (n: number, provider: string) =>
    threadOf(n, { rollouts: [rolloutOf(n, { owned: true, provider })], row: rowOf(n, { provider }) });
  const threads = [owned(1, "new"), owned(2, "new"), owned(3, "old")];
  const contents = contentsOf({
    [rolloutPath(1)]: creator("first-user"),
    [rolloutPath(2)]: creator("other-user"),
    [rolloutPath(3)]: creator("other-user"),
  });
  const facts = { ...factsOf(threads), contents };
  const [finding, ...more] = encryptedReport.find(facts);
  assertEquals([more, finding?.severity, finding?.count], [[], "info", 2]);
  assertEquals(finding?.samples, ["old: 1", "new under first-us…: 1", threadId(3), threadId(1)]);
  const searched = contents.read.length;
  encryptedReport.find(facts);
  // only whose threads they are is asked again, as there are no rows that say it
  assertEquals(contents.read.length - searched, 3);
});
