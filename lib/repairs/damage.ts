/** Files named like rollouts that Codex cannot read, and rows whose files are gone. Reported, never touched. */
import type { Finding } from "../core/finding.ts";
import { namePartsOf } from "../codex/places.ts";
import { baseName } from "../core/path.ts";
import type { Rollout } from "../core/snapshot.ts";
import { lostThreads, missingThreads } from "./lost_files.ts";
import type { Facts, Repair } from "./repair.ts";
import { filesByThread } from "./thread_files.ts";

/** Reports damaged and missing rollouts. */
export const damageReport: Repair = {
  name: "damage",
  summary: "report rollouts that cannot be read and rows without a rollout",
  safe: false,
  find: (facts: Facts) => [...damaged(facts), ...missing(facts), ...elsewhere(facts)],
  plan: undefined,
};

/** A file that is only named wrongly is the business of another repair. */
function damaged(facts: Facts): readonly Finding[] {
  const known = new Set(
    [...filesByThread(facts).values()].flatMap(({ files, copies }) =>
      [...files, ...copies].map(({ rollout }) => rollout.path)
    ),
  );
  const all = facts.snapshot.damaged.filter(({ path }) => !known.has(path));
  const ill = all.filter((one) => !isLinkedFolder(one));
  const folders = all.filter(isLinkedFolder);
  return [...unreadable(ill), ...linked(folders)];
}

/** A link in the place of a folder, by its name. */
function isLinkedFolder({ path, damage }: Rollout): boolean {
  return damage?.reason === "outside-home" && namePartsOf(baseName(path)) === undefined &&
    !/\.jsonl(\.zst)?$/.test(path);
}

function linked(folders: readonly Rollout[]): readonly Finding[] {
  if (folders.length === 0) return [];
  return [{
    code: "rollout-damaged",
    severity: "warning",
    count: folders.length,
    repair: undefined,
    message:
      `${folders.length} folder(s) of rollouts are symbolic links; Codex follows them and codexkeep does not, so it ` +
      `neither checks nor changes the threads in them`,
    hint: "to have them looked after, put the folder itself in the place of the link",
    samples: folders.map(({ path }) => path),
  }];
}

function unreadable(ill: readonly Rollout[]): readonly Finding[] {
  if (ill.length === 0) return [];
  return [{
    code: "rollout-damaged",
    severity: "error",
    count: ill.length,
    repair: undefined,
    message: `${ill.length} file(s) named like a rollout cannot be used; codexkeep leaves them alone`,
    samples: ill.map(({ path, damage }) => `${path}: ${damage?.detail ?? ""}`),
  }];
}

function missing(facts: Facts): readonly Finding[] {
  const rows = missingThreads(facts);
  if (rows.length === 0) return [];
  const titles = readTitles(facts);
  return [{
    code: "rollout-missing",
    severity: "warning",
    count: rows.length,
    repair: undefined,
    message:
      `${rows.length} thread(s) have a row in the database but no rollout file, so they cannot be opened`,
    hint:
      "only a backup can bring the files back; put them anywhere below the home and run codexkeep repair paths",
    samples: rows.map(({ id, row }) => {
      const title = titles.get(id);
      return `${id}: ${row?.rolloutPath ?? ""}${title === undefined ? "" : `, ${JSON.stringify(title)}`}`;
    }),
  }];
}

/** How much of a title is told. */
const MAX_TITLE = 80;

/** What the rows call their threads: the name, else the title, else the first message. */
function readTitles({ snapshot: { live }, tables }: Facts): ReadonlyMap<string, string> {
  if (live === undefined) return new Map();
  const rows = tables(live.path, (database) => {
    const columns = database.columns("threads");
    const told = ["name", "title", "first_user_message"].filter((name) => columns.includes(name));
    const texts = told.map((name) => `nullif(${name}, '')`);
    if (texts.length === 0) return [];
    return database.all(
      `select id, substr(coalesce(${texts.join(", ")}, ''), 1, ${MAX_TITLE}) as title from threads`,
    );
  });
  return new Map(
    (rows ?? []).flatMap(({ id, title }) =>
      title === "" || title === null ? [] : [[String(id), String(title)]]
    ),
  );
}

function elsewhere(facts: Facts): readonly Finding[] {
  const rows = [...lostThreads(facts)].filter(([, { is }]) => is === "elsewhere").map(([id]) => id);
  if (rows.length === 0) return [];
  return [{
    code: "rollout-missing",
    severity: "info",
    count: rows.length,
    repair: undefined,
    message:
      `${rows.length} thread(s) have their file outside of the folders of this home; Codex opens it there`,
    samples: rows.map((id) => `${id}: ${facts.snapshot.threads.get(id)?.row?.rolloutPath ?? ""}`),
  }];
}
