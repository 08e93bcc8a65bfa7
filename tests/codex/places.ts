/** Homes in which rows and files are in wrong places, judged by the real Codex. */
import { zstdCompressSync } from "node:zlib";
import { assert, assertEquals } from "../assert.ts";
import type { AppServer } from "./app_server.ts";
import { changeIndex, dropIndex, editLines, filesOf, threadRows } from "./disk.ts";
import { type TestHome, withCopy, withHome, withServer } from "./home.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";
import { idsIn, resume, turns } from "./readers.ts";
import { archive, completed, newThread, revert } from "./threads.ts";

/** How Codex makes a thread that is to fall ill. */
export type Kind = "plain" | "reverted" | "archived" | "legacy";

/** What every thread has to show when it is well. */
export const SAID: Readonly<Record<Kind, readonly string[]>> = {
  plain: ["plain"],
  reverted: ["one", "again"],
  archived: ["archived"],
  legacy: ["legacy", "second"],
};

/** Something done to a thread of the closed home, and what Codex makes of it. */
export interface Ailment {
  readonly kind: Kind;
  readonly harm: (home: string, id: string) => void;
  /** How Codex shows the thread then. */
  readonly symptom: Seen;
  /** The same after the database was made anew, where it is the first that shows the ailment. */
  readonly rebuilt?: Seen;
  /** After the repair, where the thread is archived. */
  readonly isArchived?: true;
}

/** How often a thread is in the lists made from the database and from the files, and what it shows when opened. */
export type Seen = readonly [database: number, files: number, said: readonly string[] | string];

/** What Codex says when it opens a thread whose file it cannot find. */
export const GONE = "no rollout found";
/** How an archived thread is shown. */
export const LIKE_ARCHIVED: Seen = [0, 0, "is archived"];

/** Ailments by name. */
export type Ailments = Readonly<Record<string, Ailment>>;

/** A home with one thread for each of some ailments, and their ids by the name of the ailment. */
export interface Places {
  readonly home: TestHome;
  readonly ailments: Ailments;
  readonly ids: Readonly<Record<string, string>>;
}

/** Makes a home with a healthy thread for each ailment and runs `use` on it. Takes a second or two. */
export async function withPlaces(ailments: Ailments, use: (places: Places) => Promise<void>): Promise<void> {
  await withHome("mock", async (home) => {
    const ids = await withServer(home, async (server) => {
      const made: Record<string, string> = {};
      for (const [name, { kind }] of Object.entries(ailments)) made[name] = await makeThread(server, kind);
      return made;
    });
    assertEquals(await complaints(home), []);
    await use({ home, ailments, ids });
  });
}

async function makeThread(server: AppServer, kind: Kind): Promise<string> {
  if (kind === "reverted") {
    const id = await newThread(server, { messages: ["one", "two"] });
    await revert(server, id, 1);
    await completed(server, id, "again");
    return id;
  }
  const historyMode = kind === "legacy" ? "legacy" : "paginated";
  const id = await newThread(server, { messages: SAID[kind], historyMode });
  if (kind === "archived") await archive(server, id);
  return id;
}

/**
 * Makes all threads of the home ill, looks at them, runs one repair, looks again, and takes the repair back. `found` is
 * what `codexkeep diagnose` has to complain about before.
 */
export async function check(
  { home, ids, ailments }: Places,
  repair: string,
  found: readonly string[],
): Promise<void> {
  const all = Object.entries(ailments);
  for (const [name, { harm }] of all) harm(home.path, ids[name] ?? "");
  const ill = printHome(home.path);
  assertEquals(await complaints(home), found);
  const symptoms = all.map(([name, { symptom }]) => [name, symptom] as const);
  await withCopy(home, async (copy) => {
    // The rows of a copy are set to its own place; those that were wrong shall stay so.
    copyRows(home.path, copy.path);
    await assertSeen({ home: copy, ids, ailments }, symptoms);
  });
  await assertRebuilt(
    { home, ids, ailments },
    all.flatMap(([name, { rebuilt }]) => rebuilt ? [[name, rebuilt]] : []),
  );

  const applied = await keep(home, ["repair", repair, "--apply"]);
  assertEquals([pick(applied, "applied"), pick(applied, "verified")], [true, true]);
  assertEquals(await complaints(home), []);
  const again = await keep(home, ["repair", repair, "--apply"]);
  assertEquals([pick(again, "plan.changes"), pick(again, "record")], [0, null]);
  const well = all.map(([name, { kind, isArchived }]): [string, Seen] => [
    name,
    isArchived ? LIKE_ARCHIVED : [1, kind === "reverted" ? 2 : 1, SAID[kind]],
  ]);
  await withCopy(home, (copy) => assertSeen({ home: copy, ids, ailments }, well));
  await assertRebuilt({ home, ids, ailments }, well);

  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(ill, printHome(home.path)), []);
}

async function assertRebuilt(places: Places, expected: readonly (readonly [string, Seen])[]): Promise<void> {
  if (expected.length === 0) return;
  await withCopy(places.home, async (home) => {
    dropIndex(home.path);
    await assertSeen({ ...places, home }, expected);
  });
}

/** Compares what Codex shows of some threads. */
async function assertSeen(
  { home, ids }: Places,
  expected: readonly (readonly [string, Seen])[],
): Promise<void> {
  await withServer(home, async (server) => {
    for (const [name, [inDatabase, inFiles, said]] of expected) {
      const id = ids[name] ?? "";
      const [database, files, shown] = await seen(server, id);
      assertEquals([database, files], [inDatabase, inFiles], name);
      const isSaid = typeof said === "string"
        ? typeof shown === "string" && shown.includes(said)
        : JSON.stringify(shown) === JSON.stringify(said);
      assert(isSaid, `${name}: expected ${JSON.stringify(said)}, found ${JSON.stringify(shown)}`);
    }
  });
}

async function seen(server: AppServer, id: string): Promise<Seen> {
  const count = async (name: "indexAll" | "scanAll") =>
    (await idsIn(server, name)).filter((one) => one === id).length;
  const counts = [await count("indexAll"), await count("scanAll")] as const;
  const opened = await resume(server, id);
  if (!opened.ok) return [...counts, opened.error];
  const said = (await turns(server, id)).map((text) => /: (.*) >/.exec(text)?.[1] ?? text);
  return [...counts, said];
}

/** The file of a thread, by default the first one. */
export function fileOf(home: string, id: string, n = 0): string {
  return filesOf(home, id).at(n) ?? "";
}

/** The name of a file without its folder. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Sets the path in the row of a thread. */
export function setPath(home: string, id: string, path: string): void {
  changeIndex(home, "UPDATE threads SET rollout_path = ? WHERE id = ?", path, id);
}

/** Gives the rows of a copied home the paths of the other one, moved along as far as they lie in it. */
function copyRows(from: string, to: string): void {
  for (const { id, path } of threadRows(from)) setPath(to, id, path.replace(from, to));
}

function makeFolder(path: string): void {
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
}

/** Moves a file, folders made as needed; gives the new path. */
export function moveTo(from: string, to: string): string {
  makeFolder(to);
  Deno.renameSync(from, to);
  return to;
}

/** Copies a file with its times, folders made as needed; gives the new path. */
export function copyTo(from: string, to: string): string {
  makeFolder(to);
  Deno.copyFileSync(from, to);
  keepTimes(from, to);
  return to;
}

/** Leaves a rollout as it was after its first turn. */
export function cut(path: string): void {
  editLines(path, (lines) => lines.slice(0, lines.findIndex((line) => line.includes('"task_complete"')) + 1));
}

/** Compresses a rollout as Codex does with old ones. */
export function compress(path: string): void {
  Deno.writeFileSync(`${path}.zst`, zstdCompressSync(Deno.readFileSync(path)));
  keepTimes(path, `${path}.zst`);
  Deno.removeSync(path);
}

function keepTimes(from: string, to: string): void {
  const { atime, mtime } = Deno.statSync(from);
  if (atime !== null && mtime !== null) Deno.utimeSync(to, atime, mtime);
}
