/** Threads with two or three ailments each, drawn at random, and what the real Codex makes of them. */
import { assertEquals } from "../assert.ts";
import { type Ailment, AILMENT_NAMES, type AilmentName, AILMENTS } from "./ailments.ts";
import type { AppServer } from "./app_server.ts";
import { changeHistory, changeIndex, editLines, rolloutFiles } from "./disk.ts";
import { type TestHome, withServer } from "./home.ts";
import { changeLength } from "./moved_lines.ts";
import { copyTo, fileOf } from "./places.ts";
import { idsIn, type ListName, resume, turn, turns } from "./readers.ts";
import { archive, completed, newFork, newThread, revert } from "./threads.ts";

/** A whole number from zero up to, not including, `below`; the same ones for the same seed. */
export type Random = (below: number) => number;

/** The random numbers of a seed. */
export function randomOf(seed: number): Random {
  let state = (seed * 2654435761) % 2 ** 32;
  return (below) => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return Math.floor(state / 2 ** 32 * below);
  };
}

/** What an old file of a thread may still show, to be gone when the thread is well. */
const TAKEN_BACK = "taken back";

/** How Codex makes the threads that are to fall ill. */
export const KINDS = ["plain", "reverted", "fork", "parent", "legacy", "legacy fork", "archived"] as const;

/** A thread and the names of what was done to it. */
export type Patient = { readonly id: string; readonly kind: string; readonly harms: readonly string[] };

type Harm = (home: string, id: string) => void;

/**
 * Without those of other kinds of threads, one whose cure gives the thread another id, and one that has no cure, so that
 * Codex goes by the settings alone when it fills its database.
 */
const HARMS: Readonly<Record<string, Harm>> = {
  ...Object.fromEntries(
    AILMENT_NAMES.filter((name) => !/legacy|fork|compressed|is a link|names another|line without/.test(name))
      .flatMap((name) => {
        const harm = harmOf(name);
        return harm === undefined ? [] : [[name, harm]];
      }),
  ),
  "first line longer": (home, id) => lengthen(fileOf(home, id), 40),
  "first line much longer": (home, id) => lengthen(fileOf(home, id), 6000),
  "first line shorter": (home, id) => lengthen(fileOf(home, id, -1), -20),
  "lines spelled anew": (home, id) =>
    editLines(
      fileOf(home, id),
      (lines) => lines.map((line) => JSON.stringify(JSON.parse(line), null, 1).replaceAll("\n", "")),
    ),
  "last line torn": (home, id) =>
    Deno.writeTextFileSync(fileOf(home, id, -1), '{"timestamp":"2026', { append: true }),
  "copy in another folder": (home, id) => {
    const path = fileOf(home, id, -1);
    copyTo(path, path.replace(/(archived_)?sessions\/.*\//, "sessions/backup/"));
  },
  "copy in the archive": (home, id) => {
    const path = fileOf(home, id, -1);
    copyTo(path, path.replace(/sessions\/.*\//, "archived_sessions/"));
  },
  "row of another folder": (home, id) =>
    changeIndex(home, "UPDATE threads SET cwd = '/somewhere/else' WHERE id = ?", id),
  "history not read": (home, id) =>
    changeHistory(
      home,
      ["thread_items", "thread_turns", "thread_history_projection_state"]
        .map((table) => `DELETE FROM ${table} WHERE thread_id = '${id}'`).join(";"),
    ),
};

function lengthen(path: string, bytes: number): void {
  if (!Deno.readTextFileSync(path).startsWith('{"timestamp":"')) {
    throw new Error(`"${path}" is spelled in another way`);
  }
  changeLength([path], bytes);
}

/** What leaves no text behind for another harm; comes last. */
const LAST_HARMS: Readonly<Record<string, Harm>> = Object.fromEntries(
  (["rollout compressed", "rollout compressed, and the row says so", "rollout is a link"] as const).map((
    name,
  ) => [name, AILMENTS[name].harm]),
);

/** With such a first line Codex takes a legacy fork for its parent, now and then, and spoils the row of that. */
const CONFUSING = /damaged|byte order mark|empty/;

function harmOf(name: AilmentName): Harm | undefined {
  const ailment: Ailment = AILMENTS[name];
  return ailment.harm;
}

/** Fills a home with threads of all kinds and makes each of them ill in two or three ways. */
export async function makePatients(home: TestHome, random: Random): Promise<readonly Patient[]> {
  const made = await withServer(home, async (server) => {
    const all: { readonly id: string; readonly kind: string }[] = [];
    for (const kind of [...KINDS, ...KINDS]) all.push({ kind, id: await makeThread(server, kind) });
    return all;
  });
  return made.map(({ id, kind }) => ({ id, kind, harms: harmAtRandom(home.path, id, kind, random) }));
}

async function makeThread(server: AppServer, kind: typeof KINDS[number]): Promise<string> {
  const isLegacy = kind.startsWith("legacy");
  const id = await newThread(server, {
    messages: ["one", kind === "reverted" ? TAKEN_BACK : "two"],
    historyMode: isLegacy ? "legacy" : "paginated",
  });
  if (kind === "reverted") {
    await revert(server, id, 1);
    await completed(server, id, "again");
  }
  if (kind.endsWith("fork")) return await newFork(server, id, ["of the fork"]);
  if (kind === "parent") await newFork(server, id, ["of the child"]);
  if (kind === "archived") await archive(server, id);
  return id;
}

function harmAtRandom(home: string, id: string, kind: string, random: Random): readonly string[] {
  const draw = (harms: Readonly<Record<string, Harm>>) => {
    const all = Object.entries(harms);
    return all[random(all.length)] ?? ["nothing", () => {}] as const;
  };
  const drawn = Array.from({ length: 2 + random(2) }, () => draw(HARMS))
    .filter(([name]) => kind !== "legacy fork" || !CONFUSING.test(name));
  if (random(5) === 0) drawn.push(draw(LAST_HARMS));
  return drawn.map(([name, harm]) => {
    try {
      harm(home, id);
      return name;
    } catch {
      // One harm can take away what another one needs.
      return `(${name})`;
    }
  });
}

/** What Codex makes of a thread: lists it is in, archived or not, what it shows, what the model is sent next. */
export type Shown = {
  readonly lists: readonly string[];
  readonly opens: string;
  readonly turns: readonly string[];
  readonly sent: readonly string[];
};

const OPENS = "opens";

/** Looks at every thread of a home, which is changed by that. */
export async function showAll(home: TestHome): Promise<ReadonlyMap<string, Shown>> {
  const ids = new Set(
    rolloutFiles(home.path).flatMap((path) => /T[\d-]{9}([0-9a-f-]{36})/.exec(path)?.[1] ?? []),
  );
  return await withServer(home, async (server) => {
    const lists = await listsOf(server);
    const shown = new Map<string, Shown>();
    for (const id of ids) {
      const within = lists.filter(([, found]) => found.includes(id)).map(([name]) => name);
      shown.set(id, { lists: within, ...await open(home, server, id) });
    }
    return shown;
  });
}

async function listsOf(server: AppServer): Promise<readonly (readonly [string, readonly string[]])[]> {
  const pairs: readonly (readonly [ListName, ListName])[] = [
    ["indexAll", "archivedIndex"],
    ["scanAll", "archivedScan"],
    ["index", "archivedIndex"],
    ["scan", "archivedScan"],
  ];
  const found: [string, readonly string[]][] = [];
  for (const names of pairs) {
    found.push([names.join(" or "), [...await idsIn(server, names[0]), ...await idsIn(server, names[1])]]);
  }
  return found;
}

async function open(home: TestHome, server: AppServer, id: string): Promise<Omit<Shown, "lists">> {
  const opened = await resume(server, id);
  const texts = await turns(server, id).catch(() => []);
  if (!opened.ok) return { opens: opened.error.replaceAll(id, "ID"), turns: texts, sent: [] };
  const { requests } = home.model;
  const before = requests.length;
  const status = await turn(server, id, "next").catch((error: Error) => error.message);
  return {
    opens: `opens, then ${status}`,
    turns: texts,
    sent: requests.slice(before).at(-1)?.userTexts ?? [],
  };
}

/** Whether a thread is not as Codex knows it, so that its place has to say whether it is archived. */
function mayBeArchived(patient: Patient | undefined): boolean {
  const harms = patient?.harms.filter((name) => name !== "copy in the archive") ?? [];
  return patient?.kind === "archived" || harms.some((name) => name.includes("archive"));
}

/** In which ways a thread is worse off than before; empty when in none. */
export function worsening(
  patient: Patient | undefined,
  before: Shown,
  after: Shown | undefined,
): readonly string[] {
  if (after === undefined) return ["its files are gone"];
  const worse: string[] = [];
  for (const name of before.lists) if (!after.lists.includes(name)) worse.push(`is no longer in ${name}`);
  if (mayBeArchived(patient) && after.opens.includes("is archived")) return worse;
  const isRefused = before.opens === OPENS && after.opens !== OPENS;
  if (isRefused) worse.push(after.opens);
  else if (!isWithin(before.sent, after.sent)) {
    worse.push(`sends ${after.sent}, sent ${before.sent}`);
  }
  if (!isWithin(before.turns, after.turns)) worse.push(`shows ${after.turns}, showed ${before.turns}`);
  return worse;
}

/** Whether all of `few` but what was taken back is in `many`, in the same order. */
function isWithin(few: readonly string[], many: readonly string[]): boolean {
  const wanted = few.filter((text) => !text.includes(TAKEN_BACK));
  let at = 0;
  for (const one of many) if (one === wanted[at]) at++;
  return at === wanted.length;
}

/** Requires that no thread is worse off. */
export function assertNoWorse(
  patients: readonly Patient[],
  before: ReadonlyMap<string, Shown>,
  after: ReadonlyMap<string, Shown>,
  when: string,
): void {
  const told = [...before].flatMap(([id, shown]) => {
    const patient = patients.find((one) => one.id === id);
    return worsening(patient, shown, after.get(id)).map((text) =>
      `${when}: ${patient?.kind ?? "healthy"} thread ${id} [${patient?.harms.join("; ") ?? ""}] ${text}`
    );
  });
  assertEquals(told, []);
}
