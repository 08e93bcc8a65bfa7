/**
 * Threads whose reasoning only their own provider, or only the account they were made under, can read: they come back
 * into view, but may not continue.
 */
import type { Thread } from "../core/snapshot.ts";
import { shortName } from "../codex/account.ts";
import { ownersOf } from "./account.ts";
import { encryptedThreads, holdsEncrypted, isForeign, providerOf } from "./provider.ts";
import type { Facts, Repair } from "./repair.ts";

/** Reports threads with encrypted content of other providers and accounts. */
export const encryptedReport: Repair = {
  name: "encrypted",
  summary: "report encrypted content of other providers and accounts",
  safe: false,
  find: (facts: Facts) => {
    const { snapshot: { threads }, target, contents } = facts;
    const foreign = encryptedThreads(threads.values(), target.id, contents);
    const moved = movedHere(facts);
    const others = ofOtherAccounts(facts);
    const count = foreign.length + moved.length + others.length;
    if (count === 0) return [];
    return [{
      code: "encrypted-content-foreign",
      severity: "info",
      count,
      repair: undefined,
      message: [
        ...foreign.length > 0 ? [encryptedWarning(foreign.length, target.id)] : [],
        ...moved.length > 0 ? [movedWarning(moved.length, target.id)] : [],
        ...others.length > 0 ? [accountWarning(others.length)] : [],
      ].join("; "),
      hint:
        "they continue with the provider and the account they were made with; nothing in them is rewritten",
      samples: [
        ...groups(foreign.map((thread) => [providerOf(thread), thread])),
        ...groups(moved.map(({ from, thread }) => [`${from}, moved since`, thread])),
        ...groups(others.map(({ owner, thread }) => [`${providerOf(thread)} under ${owner}`, thread])),
        ...[...foreign, ...[...moved, ...others].map(({ thread }) => thread)].map(({ id }) => id),
      ],
    }];
  },
  plan: undefined,
};

/** Threads of the target that belonged to another provider before they were moved, whose content they still hold. */
function movedHere(
  { snapshot: { threads }, target, contents, originals }: Facts,
): readonly { readonly from: string; readonly thread: Thread }[] {
  return [...originals()].flatMap(([id, from]) => {
    const thread = threads.get(id);
    if (thread === undefined || from === target.id || isForeign(thread, target.id)) return [];
    return holdsEncrypted(thread, contents) ? [{ from, thread }] : [];
  });
}

/** Threads of the target that were made under another account than the one in use, which have its encrypted content. */
function ofOtherAccounts(facts: Facts): readonly { readonly owner: string; readonly thread: Thread }[] {
  const { target, contents } = facts;
  const [, ...others] = ownersOf(facts);
  return others.flatMap(({ creator, threads }) =>
    threads.filter((thread) => !isForeign(thread, target.id) && holdsEncrypted(thread, contents))
      .map((thread) => ({ owner: shortName(creator), thread }))
  );
}

function groups(named: readonly (readonly [string, Thread])[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const [name] of named) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, n]) => `${name}: ${n}`);
}

/** The remark that goes with every move of such threads. */
export function encryptedWarning(threads: number, target: string): string {
  return `${threads} thread(s) hold encrypted reasoning of another provider; ${
    JSON.stringify(target)
  } may refuse to ` +
    "continue or compact them (invalid_encrypted_content); reading and forking them works";
}

function movedWarning(threads: number, target: string): string {
  return `${threads} thread(s) were moved to ${
    JSON.stringify(target)
  } and hold encrypted reasoning of the provider ` +
    "they came from; continuing or compacting them may be refused in the same way";
}

function accountWarning(threads: number): string {
  return `${threads} thread(s) hold encrypted reasoning made under another ChatGPT account, and may be refused under ` +
    "the one in use in the same way";
}
