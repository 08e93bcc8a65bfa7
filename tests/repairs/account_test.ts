import type { Change } from "../../lib/core/plan.ts";
import { applySplices } from "../../lib/core/splice.ts";
import type { Thread } from "../../lib/core/snapshot.ts";
import { accountRepair } from "../../lib/repairs/account.ts";
import type { Facts, TableRow } from "../../lib/repairs/repair.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { rolloutOf, rolloutPath, threadId, threadOf } from "../codex_model/snapshots.ts";
import { factsOf, scanned } from "./facts.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function file(n: number, user: string, account = "workspace-1"): Uint8Array {
  return encode(
    `{"type":"session_meta","payload":{"id":"${threadId(n)}","history_mode":"paginated",` +
      `"creator_user_id":"${user}","creator_account_id":"${account}","cwd":"/work"}}\n`,
  );
}

function stamped(n: number): Thread {
  return threadOf(n, { rollouts: [rolloutOf(n, { owned: true })] });
}

/** Facts about stamped threads, thread n made by the n-th user; rows repeat it when `rows` says so. */
function stampedFacts(users: readonly string[], rows = false, more: Partial<Facts["snapshot"]> = {}): Facts {
  const files = Object.fromEntries(users.map((user, i) => [rolloutPath(i + 1), file(i + 1, user)]));
  const facts = factsOf(scanned(users.map((_, i) => stamped(i + 1)), files), files, more);
  const found: TableRow[] = users.map((user, i) => ({ id: threadId(i + 1), user, account: "workspace-1" }));
  const tables: Facts["tables"] = (_path, use) =>
    use({ all: () => found, columns: () => ["id", "creator_user_id", "creator_account_id"] });
  return rows ? { ...facts, tables } : facts;
}

Deno.test("accountRepair says nothing where no thread is stamped", () => {
  assertEquals(accountRepair.find(factsOf([threadOf(1)])), []);
});

Deno.test("accountRepair tells a single account as mere information, with short ids", () => {
  const [finding, ...more] = accountRepair.find(stampedFacts(["user-abcdef", "user-abcdef"]));
  assertEquals(more, []);
  assertEquals([finding?.code, finding?.severity, finding?.count], ["account-hidden", "info", 2]);
  assertEquals(finding?.samples, [`user-abc… in workspac…: 2 thread(s), newest ${threadId(2)}`]);
  assertEquals(JSON.stringify(finding).includes("abcdef"), false);
});

Deno.test("accountRepair takes the account of the newest thread for the one in use, and warns of the others'", () => {
  for (const rows of [true, false]) {
    const [finding] = accountRepair.find(stampedFacts(["user-old", "user-other", "user-new"], rows));
    assertEquals([finding?.severity, finding?.count, finding?.repair], ["warning", 2, "account"]);
    assertStringIncludes(finding?.message ?? "", "user-new in workspac…");
    assertEquals(finding?.samples.slice(-2).toSorted(), [threadId(1), threadId(2)]);
  }
});

/** The content of the changed file. */
function after(change: Change | undefined, before: Uint8Array): string {
  assert(change?.kind === "edit");
  return new TextDecoder().decode(applySplices(before, change.splices));
}

Deno.test("accountRepair plans an edit of the same length for each file of a thread that was selected", () => {
  const facts = stampedFacts(["user-a", "user-b"]);
  const selected = facts.snapshot.threads.get(threadId(1))!;
  const draft = accountRepair.plan!(facts, { threads: [selected], from: undefined });
  assertEquals([draft.skipped, draft.changes.length], [[], 1]);
  const result = after(draft.changes[0], file(1, "user-a"));
  assertEquals(result.length, file(1, "user-a").length);
  assertEquals(result.includes("creator"), false);
  assertEquals(draft.changes[0]?.kind === "edit" && draft.changes[0].sets, {
    creator_user_id: { before: "user-a", after: null },
    creator_account_id: { before: "workspace-1", after: null },
  });
});

Deno.test("accountRepair leaves a thread alone that is open, or of which one file cannot be changed", () => {
  const open = stampedFacts(["user-a"], false, {
    codex: { processes: [], busyThreads: [threadId(1)] },
  });
  const threads = [...open.snapshot.threads.values()];
  assertEquals(accountRepair.plan!(open, { threads, from: undefined }), {
    changes: [],
    skipped: [{ subject: threadId(1), reason: "Codex has it open" }],
  });
  const half = threadOf(2, {
    rollouts: [rolloutOf(2, { owned: true }), rolloutOf(3, { owned: true, id: threadId(2) })],
  });
  const files = { [rolloutPath(2)]: file(2, "user-a") };
  const facts = factsOf(scanned([half], files), files);
  const draft = accountRepair.plan!(facts, {
    threads: [...facts.snapshot.threads.values()],
    from: undefined,
  });
  assertEquals([draft.changes, draft.skipped.map(({ subject }) => subject)], [[], [threadId(2)]]);
});
