/** Records that somebody made by hand, with every checksum right: what they hold, and what none of them may reach. */
import { sha256 } from "../../lib/core/bytes.ts";
import { PATHS, SECRET, TRIPWIRES } from "../scripts/hostile_plans.ts";
import type { MadeThread } from "../scripts/homes.ts";
import { differences, type Tree, treeOf } from "../scripts/tree.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A record of a home, open to be forged. */
export interface Bench {
  /** Folder of the home and of everything that must stay as it is. */
  readonly root: string;
  readonly home: string;
  readonly id: string;
  readonly threads: readonly MadeThread[];
  /** The record as it was made. */
  readonly manifest: Fields;
  readonly changes: readonly Fields[];
}

/** What is written in place of the record. */
export interface Parts {
  readonly manifest?: Fields;
  readonly changes?: readonly unknown[];
  /** The text of the changes, instead of them. */
  readonly text?: string;
  /** Entries between the first and the last. */
  readonly journal?: readonly unknown[];
}

/** A forged record. */
export interface Forgery {
  readonly name: string;
  /** What stands in it; undefined: as it was. */
  readonly parts?: (bench: Bench) => Parts;
  /** What is done to the files after that. */
  readonly plant?: (bench: Bench) => void;
}

/** Folder of the record. */
export function folderOf({ home, id }: Pick<Bench, "home" | "id">): string {
  return `${home}/backups_state/codexkeep/${id}`;
}

/** Where the files are that nothing may reach from the home. */
export function outsideOf({ root }: Pick<Bench, "root">): string {
  return `${root}/outside`;
}

/** Puts files in place that no record may reach, in the home and beside it. */
export function setTripwires(root: string): void {
  const outside = outsideOf({ root });
  Deno.mkdirSync(`${outside}/12/31`, { recursive: true });
  Deno.mkdirSync(`${root}/home/skills/empty`, { recursive: true });
  for (const file of TRIPWIRES) Deno.writeTextFileSync(`${root}/home/${file}`, SECRET);
  for (const name of ["0", "1", "x.jsonl", "lock", "12/31/x"]) {
    Deno.writeTextFileSync(`${outside}/${name}`, SECRET);
  }
}

/** What is outside of the home, to the byte and the number of the file, and what no plan may reach inside. */
export function tripwires({ root, home }: Pick<Bench, "root" | "home">): Tree {
  const inside = [...TRIPWIRES.filter((file) => !file.startsWith("..")), "skills/empty"];
  return new Map([
    ...treeOf(root, { without: ["home", "pristine", "plan.json"] }),
    ...inside.map((file): [string, string] => [`home/${file}`, stateOf(`${home}/${file}`)]),
  ]);
}

function stateOf(path: string): string {
  try {
    const { isDirectory, ino } = Deno.lstatSync(path);
    return isDirectory
      ? "a folder"
      : `${Deno.readTextFileSync(path) === SECRET ? "as it was" : "changed"} ${ino}`;
  } catch (error) {
    return String(error);
  }
}

/** How tripwires differ; that something was put beside the home by the test itself does not count. */
export function tripped(before: Tree, after: Tree): string[] {
  return differences(before, after).filter((line) => !line.startsWith("/:"));
}

/** Writes a record whose checksums are right. `end` is its last entry; undefined leaves it open, as a crash would. */
export function writeRecord(bench: Bench, parts: Parts, end: "committed" | undefined): void {
  const folder = folderOf(bench);
  const { changes = bench.changes, journal = openingOf(bench.changes) } = parts;
  const text = parts.text ?? changes.map((change) => JSON.stringify(change) + "\n").join("");
  Deno.writeTextFileSync(`${folder}/changes.jsonl`, text);
  const { sha256: _old, ...known } = bench.manifest;
  const body = {
    ...known,
    changes: changes.length,
    changesSha256: sha256(text),
    changesBytes: new TextEncoder().encode(text).length,
    ...parts.manifest,
  };
  Deno.writeTextFileSync(
    `${folder}/manifest.json`,
    JSON.stringify({ ...body, sha256: sha256(JSON.stringify(body)) }) + "\n",
  );
  const entries = [{ event: "prepared" }, ...journal, ...end === undefined ? [] : [{ event: end }]];
  Deno.writeTextFileSync(
    `${folder}/journal.jsonl`,
    entries.map((entry) => JSON.stringify({ sum: sha256(JSON.stringify(entry)).slice(0, 16), entry }) + "\n")
      .join(""),
  );
}

/** Entries that say that all of it was done. */
function openingOf(changes: readonly unknown[]): unknown[] {
  return [staged(changes.length), { event: "rows" }];
}

/** An entry that says of `count` changes that their files were replaced by the secret. */
function staged(count: number, n: (index: number) => unknown = (index) => index): unknown {
  const known = { before: sha256("THE secret stays as it is\n"), after: sha256(SECRET), size: SECRET.length };
  return {
    event: "begin",
    files: Array.from({ length: Math.min(count, 3) }, (_, index) => ({ n: n(index), ...known })),
  };
}

function named(...folders: readonly unknown[]): unknown {
  return { event: "names", files: [{ n: 0, size: SECRET.length, mtimeMs: 0 }], folders };
}

function edit(path: string): Fields {
  return {
    kind: "edit",
    path,
    sets: { model_provider: { before: "THE", after: "the" } },
    size: SECRET.length,
    splices: [{ at: 0, before: "THE", after: "the" }],
  };
}

const none = { thread: undefined, sets: {} } as const;
const rolloutOf = ({ threads }: Bench, n = 0) => threads[n]?.files[0] ?? "";

/** Forms that lead elsewhere, some of them the same way on every system. */
const FORMS: readonly string[] = [
  ...PATHS,
  "sessions/2026/../../../outside/x.jsonl",
  "sessions/2031/12/31/NUL.jsonl",
  "sessions/2031/12/31/rollout-2026-01-06T10-00-00-019b0001-0000-7000-8000-00000000000a.jsonl:x",
  "archived_sessions/../auth.json",
  "SESSIONS/../auth.json",
  "\u0000",
  "x".repeat(5000),
  "sessions/" + "a/".repeat(3000) + "x.jsonl",
  "config.toml\u0000",
  "CONFIG.TOML",
  "%2e%2e/outside/0",
  "sessions/\u2025/outside",
];

/** Of those, the ones that are tried in each of the other kinds of change. */
const FEW_FORMS: readonly string[] = [
  "../outside/0",
  "sessions/../auth.json",
  "/etc/hostname",
  "..\\outside\\0",
  "auth.json",
  "C:\\x",
  "skills/tool.md",
  "config.toml\u0000",
];

const PATH_FORGERIES: readonly Forgery[] = [
  ...FORMS.map((path): Forgery => ({
    name: `an edit of ${JSON.stringify(path).slice(0, 60)}`,
    parts: () => ({ changes: [edit(path)] }),
  })),
  ...FEW_FORMS.flatMap((path): Forgery[] => [
    {
      name: `a move to "${path}"`,
      parts: (bench) => ({
        changes: [{ kind: "move", path, to: rolloutOf(bench), ...none, size: SECRET.length, mtimeMs: 0 }],
        journal: [named()],
      }),
    },
    {
      name: `a move from "${path}"`,
      parts: (bench) => ({
        changes: [{
          kind: "move",
          path: rolloutOf(bench),
          to: path,
          ...none,
          size: SECRET.length,
          mtimeMs: 0,
        }],
        journal: [named()],
      }),
    },
    {
      name: `a file made at "${path}"`,
      parts: () => ({ changes: [{ kind: "make", path, ...none, content: SECRET }], journal: [named()] }),
    },
    {
      name: `a file taken from "${path}"`,
      parts: () => ({ changes: [{ kind: "unmake", path, ...none, content: SECRET }], journal: [named()] }),
    },
    {
      name: `a file put at "${path}"`,
      parts: (bench) => ({
        changes: [{
          kind: "put",
          path,
          ...none,
          beforeSha256: sha256(SECRET),
          from: { record: bench.id, name: "0" },
          sha256: sha256(SECRET),
          mtimeMs: 0,
        }],
      }),
    },
    {
      name: `folders made at "${path}"`,
      parts: () => ({ journal: [named(path, "skills/empty", "../outside", 7, null)] }),
    },
  ]),
  ...["../../../outside", "../lock", "..", "", "x/../../.."].map((record): Forgery => ({
    name: `a file put from record "${record}"`,
    parts: (bench) => ({
      changes: [{
        kind: "put",
        path: rolloutOf(bench),
        ...none,
        beforeSha256: sha256(SECRET),
        from: { record, name: "0" },
        sha256: sha256(SECRET),
        mtimeMs: 0,
      }],
    }),
  })),
  ...["../../../../../outside/0", "/etc/hostname", "0/../0", "", "99999999999"].map((name): Forgery => ({
    name: `a held file named "${name}"`,
    parts: (bench) => ({
      changes: [{
        kind: "put",
        path: rolloutOf(bench),
        ...none,
        beforeSha256: sha256(SECRET),
        from: { record: bench.id, name },
        sha256: sha256(SECRET),
        mtimeMs: 0,
      }],
    }),
  })),
  ...["../../../outside", "lock", "", "ledger.jsonl"].map((record): Forgery => ({
    name: `a record "${record}" to drop`,
    parts: () => ({ changes: [{ kind: "drop", record, bytes: 1 }] }),
  })),
];

const lies = (name: string, manifest: Fields): Forgery => ({
  name: `a manifest with ${name}`,
  parts: () => ({ manifest }),
});
const wrong = (name: string, changes: (bench: Bench) => readonly unknown[]): Forgery => ({
  name,
  parts: (bench) => ({ changes: changes(bench) }),
});
const text = (name: string, of: string): Forgery => ({ name, parts: () => ({ text: of }) });
const journal = (name: string, ...entries: readonly unknown[]): Forgery => ({
  name: `a journal with ${name}`,
  parts: () => ({ journal: entries }),
});

const CONTENT_FORGERIES: readonly Forgery[] = [
  lies("another id", { id: "000009-20260101T000000Z-sync-00000000" }),
  lies("a path as id", { id: "../../../outside" }),
  lies("another home", { home: "/" }),
  lies("a home that is a number", { home: 7 }),
  lies("a number beyond all", { seq: 1e300 }),
  lies("no time", { createdAt: "\u001b[2J" }),
  lies("a time that is an object", { createdAt: {} }),
  lies("a purpose of its own", { purpose: "evil" }),
  lies("a billion changes", { changes: 1e9 }),
  lies("fewer than no changes", { changes: -1 }),
  lies("a wrong hash", { changesSha256: "0".repeat(64) }),
  lies("a wrong size", { changesBytes: 1e15 }),
  lies("a size that is text", { changesBytes: "x" }),
  lies("kinds that are a list", { byKind: [1, 2] }),
  lies("kinds of escape sequences", { byKind: { "\u001b]0;x\u0007": 1 } }),
  lies("moves that are null", { moves: null }),
  lies("moves of escape sequences", { moves: [{ from: "\u001b[2J", to: "\u202e", threads: 1e300 }] }),
  lies("threads that are text", { threads: "many" }),
  lies("a path to take back", { reverts: "../../../outside" }),
  lies("another schema", { schema: "codexkeep-record/99" }),
  lies("keys of the prototype", JSON.parse('{"__proto__":{"id":"x"},"constructor":1}') as Fields),
  text("changes that are no JSON", "{nonsense\n"),
  text("changes that are null", "null\n{\n"),
  text("changes that are lists", "[{}]\n"),
  text("no changes at all", ""),
  text("changes nested deeply", `{"kind":"edit","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}\n`),
  wrong("a kind of its own", () => [{ kind: "run", command: "sh" }]),
  wrong("the same change twice", ({ changes }) => [...changes, ...changes]),
  wrong("a hundred thousand changes", () => Array.from({ length: 100_000 }, () => edit("config.toml"))),
  wrong("a size beyond all", () => [{ ...edit("config.toml"), size: 2 ** 53 }]),
  wrong(
    "a splice before the file",
    () => [{ ...edit("config.toml"), splices: [{ at: -5, before: "", after: "x" }] }],
  ),
  wrong(
    "a splice behind the file",
    () => [{ ...edit("config.toml"), splices: [{ at: 1e12, before: "", after: "x" }] }],
  ),
  wrong(
    "splices over each other",
    () => [{
      ...edit("config.toml"),
      splices: [{ at: 3, before: "abc", after: "" }, { at: 0, before: "abcdef", after: "x" }],
    }],
  ),
  wrong(
    "splices that are no bytes",
    () => [{ ...edit("config.toml"), splices: [{ at: 0, before: "\u{1f600}", after: "x" }] }],
  ),
  wrong("case twins", (bench) => [edit(rolloutOf(bench)), edit(rolloutOf(bench).toUpperCase())]),
  wrong(
    "a row of another database",
    (
      { root, threads },
    ) => [{
      kind: "row",
      database: `${root}/outside/x.jsonl`,
      thread: threads[0]?.id,
      cells: { model_provider: { before: "a", after: "b" } },
    }],
  ),
  wrong(
    "a row of a database beside the home",
    (
      { root, threads },
    ) => [{
      kind: "row",
      database: `${root}/outside/state_5.sqlite`,
      thread: threads[0]?.id,
      cells: { model_provider: { before: "a", after: "b" } },
    }],
  ),
  wrong(
    "a row with SQL for a column",
    (
      { home },
    ) => [{
      kind: "row",
      database: `${home}/state_5.sqlite`,
      thread: "x",
      cells: { "title = 'x' --": { before: "a", after: "b" } },
    }],
  ),
  wrong(
    "a row of the schema",
    (
      { home },
    ) => [{
      kind: "entry",
      database: `${home}/state_5.sqlite`,
      table: "sqlite_master",
      key: { name: "threads" },
      op: "change",
      cells: { sql: { before: "a", after: "b" } },
    }],
  ),
  journal("a number that is a path", staged(3, () => "../../../../outside/0")),
  journal("a number below zero", staged(3, () => -1)),
  journal("a number beyond all", staged(3, () => 1e9)),
  journal("a number that is null", staged(3, () => null)),
  journal("files that are no list", { event: "begin", files: 7 }),
  journal("files that are null", { event: "begin", files: [null] }),
  journal("names that are no list", { event: "names", files: {}, folders: "x" }),
  journal("an event of its own", { event: "run", command: "sh" }),
  journal("entries that are null", null),
  journal("entries that are lists", [1]),
  journal("thousands of entries", ...Array.from({ length: 5000 }, () => ({ event: "rows" }))),
  journal("a skip of a path", { event: "skipped", n: "../..", reason: "\u001b[2J" }),
];

/** Puts a link, or something else, in the place of a file or folder. */
function replace(path: string, make: () => void): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  make();
}

const linked = (name: string, where: (bench: Bench) => string, to: (bench: Bench) => string): Forgery => ({
  name: `${name} that is a link`,
  plant: (bench) => replace(where(bench), () => Deno.symlinkSync(to(bench), where(bench))),
});

/** Moves a folder or file out of the home and leaves a link to it. */
const movedOut = (name: string, where: (bench: Bench) => string): Forgery => ({
  name: `${name} that is a link to where it went`,
  plant: (bench) => {
    const away = `${bench.root}/away`;
    Deno.renameSync(where(bench), away);
    Deno.symlinkSync(away, where(bench));
  },
});

/** Gives a file of the home a second name outside. */
const sharedOut = (name: string, where: (bench: Bench) => string): Forgery => ({
  name: `${name} with a second name outside`,
  plant: (bench) => Deno.linkSync(where(bench), `${bench.root}/second`),
});

const inRecord = (file: string) => (bench: Bench) => `${folderOf(bench)}/${file}`;
const inHome = (file: string) => ({ home }: Bench) => `${home}/${file}`;
const out = (file: string) => (bench: Bench) => `${outsideOf(bench)}/${file}`;

const LINK_FORGERIES: readonly Forgery[] = [
  linked("the folder of held files", inRecord("held"), outsideOf),
  linked("a held file", inRecord("held/0"), out("0")),
  linked("the manifest", inRecord("manifest.json"), out("x.jsonl")),
  linked("the journal", inRecord("journal.jsonl"), out("x.jsonl")),
  linked("the list of changes", inRecord("changes.jsonl"), out("x.jsonl")),
  linked("the lock", inHome("backups_state/codexkeep/lock"), out("lock")),
  linked("the ledger", inHome("backups_state/codexkeep/ledger.jsonl"), out("x.jsonl")),
  linked("a rollout", (bench) => `${bench.home}/${rolloutOf(bench)}`, out("x.jsonl")),
  linked("the index", inHome("session_index.jsonl"), out("x.jsonl")),
  linked(
    "a half made record",
    inHome("backups_state/codexkeep/.unfinished-000009-20260101T000000Z-sync-00000000"),
    outsideOf,
  ),
  linked(
    "a staged file",
    (bench) => `${bench.home}/${rolloutOf(bench).replace(/[^/]*$/, "")}.codexkeep-${bench.id}-0.tmp`,
    out("0"),
  ),
  movedOut("the record", folderOf),
  movedOut("the folder of records", inHome("backups_state/codexkeep")),
  movedOut("the folder of states", inHome("backups_state")),
  movedOut("the journal", inRecord("journal.jsonl")),
  movedOut("the manifest", inRecord("manifest.json")),
  movedOut("the folder of held files", inRecord("held")),
  movedOut("the folder of rollouts", inHome("sessions")),
  movedOut("the folder of a year", inHome("sessions/2026")),
  movedOut("a rollout", (bench) => `${bench.home}/${rolloutOf(bench)}`),
  sharedOut("the journal", inRecord("journal.jsonl")),
  sharedOut("the manifest", inRecord("manifest.json")),
  sharedOut("the list of changes", inRecord("changes.jsonl")),
  sharedOut("the ledger", inHome("backups_state/codexkeep/ledger.jsonl")),
  sharedOut("a rollout", (bench) => `${bench.home}/${rolloutOf(bench)}`),
  sharedOut("the settings", inHome("config.toml")),
  {
    name: "a held file that is one from outside",
    plant: (bench) =>
      replace(`${folderOf(bench)}/held/0`, () => Deno.linkSync(out("0")(bench), `${folderOf(bench)}/held/0`)),
  },
  {
    name: "a held file that is one from outside, and a rollout that went on",
    parts: (bench) => {
      const path = rolloutOf(bench);
      const now = Deno.readTextFileSync(`${bench.home}/${path}`);
      const state = { n: 0, before: sha256(SECRET), after: sha256(now), size: now.length };
      return {
        changes: [{ ...edit(path), size: SECRET.length }],
        journal: [{ event: "begin", files: [state] }],
      };
    },
    plant: (bench) => {
      Deno.linkSync(out("0")(bench), `${folderOf(bench)}/held/0`);
      Deno.writeTextFileSync(`${bench.home}/${rolloutOf(bench)}`, '{"went":"on"}\n', { append: true });
    },
  },
  {
    name: "a journal that is a folder",
    plant: (bench) =>
      replace(inRecord("journal.jsonl")(bench), () => Deno.mkdirSync(inRecord("journal.jsonl")(bench))),
  },
  {
    name: "a manifest that is a pipe",
    plant: (bench) =>
      replace(
        inRecord("manifest.json")(bench),
        () => void new Deno.Command("mkfifo", { args: [inRecord("manifest.json")(bench)] }).outputSync(),
      ),
  },
  {
    name: "a lock that is a folder",
    plant: (bench) =>
      replace(
        inHome("backups_state/codexkeep/lock")(bench),
        () => Deno.mkdirSync(inHome("backups_state/codexkeep/lock")(bench)),
      ),
  },
];

/** All forged records. */
export const FORGERIES: readonly Forgery[] = [...PATH_FORGERIES, ...CONTENT_FORGERIES, ...LINK_FORGERIES];
