/** What a person has to know of a plan before it is carried out, beyond what it changes. */
import { type Change, meaningOf, type Plan } from "../../core/plan.ts";
import type { Warning } from "../../core/report.ts";

/** Remarks on what some repairs take away, and on what is to be done after them. */
export function repairNotes({ changes }: Plan): readonly Warning[] {
  return [...privacyNote(changes), ...rebuildNote(changes), ...indexNote(changes), ...profileNote(changes)];
}

function privacyNote(changes: readonly Change[]): readonly Warning[] {
  const threads = new Set(
    changes.flatMap((change) =>
      change.kind !== "drop" && "creator_user_id" in meaningOf(change) && change.thread ? [change.thread] : []
    ),
  );
  if (threads.size === 0) return [];
  return [{
    code: "account-boundary",
    message:
      `${threads.size} thread(s) will be shown to every ChatGPT account that uses this home; the names of ` +
      "their accounts are kept in the record alone, which takes this back",
    hint: "name single threads with --thread where that is too much",
  }];
}

/** A database is no thread's and no small file, so moving one is telling enough. */
function rebuildNote(changes: readonly Change[]): readonly Warning[] {
  const moved = changes.some((change) =>
    change.kind === "move" && /^(sqlite\/)?db-backups\/.*\.sqlite$/.test(change.to)
  );
  if (!moved) return [];
  return [{
    code: "database-rebuild",
    message:
      "Codex makes a new state database from the rollouts at its next start; names, pins, sections and " +
      "projects are not in it at first",
    hint: "start Codex once, close it, then put them back with `codexkeep repair database`",
  }];
}

function indexNote(changes: readonly Change[]): readonly Warning[] {
  if (!changes.some((change) => change.kind === "entry" && change.table === "backfill_state")) return [];
  return [{
    code: "codex-start",
    message: "Codex makes the rows of threads that its database lacks when it starts next",
    hint: "start Codex once afterwards",
  }];
}

function profileNote(changes: readonly Change[]): readonly Warning[] {
  const names = changes.flatMap((change) => {
    const name = change.kind === "make" ? /^([^/]+)\.config\.toml$/.exec(change.path)?.[1] : undefined;
    return name === undefined ? [] : [name];
  });
  if (names.length === 0) return [];
  return [{
    code: "profile-files",
    message: `no profile is chosen for good any more: use ${
      names.map((name) => `\`codex --profile ${name}\``).join(", ")
    }`,
    hint: "a provider that all of Codex is to use is named with `codexkeep switch PROVIDER`",
  }];
}
