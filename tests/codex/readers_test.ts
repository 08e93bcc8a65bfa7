/** The visibility model of codexkeep against the real Codex, thread by thread and reader by reader. */
import { type Reader, type View, viewsOf } from "../../lib/codex/readers.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { scan } from "../../lib/engine/scan.ts";
import { realMachine } from "../../lib/system/machine.ts";
import { assert, assertEquals } from "../assert.ts";
import { signIn } from "./account.ts";
import { AILMENT_NAMES, type AilmentName } from "./ailments.ts";
import { makeCast } from "./cast.ts";
import { changeIndex, dropIndex, filesOf, rolloutFiles } from "./disk.ts";
import { type TestHome, withCopy, withHome, withServer } from "./home.ts";
import { FULL } from "./oracle.ts";
import { list, type ListName, LISTS, resume } from "./readers.ts";
import { openTerminal, picked, TERMINAL_AVAILABLE } from "./terminal.ts";
import { newThread } from "./threads.ts";
import { makeWard, OWNER } from "./ward.ts";

/** The list of the app-server that stands for a reader. */
const LISTED: Readonly<Record<Exclude<Reader, "codex resume ID" | "codex exec resume ID">, ListName>> = {
  "app list": "scan",
  "app list (all providers)": "scanAll",
  "database list": "index",
  "database list (all providers)": "indexAll",
  "codex resume": "accountIndex",
  "codex resume --last": "accountIndex",
  "codex fork": "accountCurrent",
  "codex exec resume --last": "accountExec",
};

/** Ailments for the commands that take a process for each thread. */
const SAMPLE: readonly AilmentName[] = FULL ? AILMENT_NAMES : [
  "healthy",
  "made by exec",
  "of an account",
  "row without preview",
  "row of another provider",
  "rollout of another provider",
  "row missing, settings of another provider",
  "legacy, row of another provider",
  "legacy, rollout of another provider",
  "archived row missing",
  "row points elsewhere",
  "first line damaged",
];

/** Codex makes rows for these from their settings when it makes the database anew; the model does not look there. */
const UNKNOWN: readonly AilmentName[] = ["first line damaged", "rollout begins with a byte order mark"];

/** A home, its threads by name, the provider in use, and what is done to each copy of it. */
type Gallery = {
  readonly home: TestHome;
  readonly ids: Readonly<Record<string, string>>;
  readonly provider: string;
  readonly harm?: (home: string) => void;
};

Deno.test("viewsOf() says of threads of every kind what Codex shows", async (test) => {
  const { home, ids } = await makeCast("custom");
  try {
    for (const provider of ["custom", "relay"]) {
      await test.step(`while "${provider}" is the provider in use`, async () => {
        await checkLists({ home, ids, provider });
        await checkOpening({ home, ids, provider });
      });
    }
  } finally {
    await home.dispose();
  }
});

Deno.test("viewsOf() says of every ailment what Codex shows", async (test) => {
  const ward = { ...await makeWard(), provider: "mock" };
  try {
    await test.step("in its lists", () => checkLists(ward));
    await test.step("in its lists after the database was lost", () =>
      checkLists({ ...ward, harm: dropIndex }, UNKNOWN));
    await test.step("in its lists after the database was damaged", () =>
      checkLists({ ...ward, harm: damageIndex }, UNKNOWN));
    await test.step("when it opens a thread by its id", () => checkOpening(ward));
    await test.step("when codex exec opens a thread by its id", () => checkExec(ward));
    await test.step("when codex exec takes the newest thread", () => checkExecLast(ward));
    await test.step({
      name: "in the pickers of the terminal",
      ignore: !TERMINAL_AVAILABLE,
      fn: async () => {
        await checkPicker(ward, "codex resume", ["resume"]);
        await checkPicker(ward, "codex fork", ["fork"]);
      },
    });
    await test.step({
      name: "when the terminal opens a thread by its id",
      ignore: !TERMINAL_AVAILABLE,
      fn: () => checkTerminal(ward),
    });
  } finally {
    await ward.home.dispose();
  }
});

Deno.test({
  name: "viewsOf() knows when the command line asks the files",
  ignore: !TERMINAL_AVAILABLE,
  fn: () =>
    withHome("mock", async (home) => {
      Deno.mkdirSync(`${home.work}/other`);
      const ids = await withServer(home, async (server) => ({
        "lost here": await newThread(server, { messages: ["lost here"] }),
        "lost too": await newThread(server, { messages: ["lost too"], provider: "relay" }),
        "elsewhere": await newThread(server, { messages: ["elsewhere"], cwd: `${home.work}/other` }),
      }));
      changeIndex(
        home.path,
        "UPDATE threads SET rollout_path = '/nowhere' || rollout_path WHERE cwd = ?",
        home.work,
      );
      const gallery = { home, ids, provider: "mock" };
      // The picker is opened in the folder of the first two.
      assertEquals(await pickedIn(gallery, ["resume"]), ["lost here", "lost too"]);
      assertEquals(await pickedIn(gallery, ["fork"]), ["lost here"]);
      assertEquals(await pickedIn(gallery, ["resume", "--all"]), ["elsewhere"]);
      const model = await modelOf(gallery);
      assertEquals(shownIn(model, "codex resume"), ["lost here", "lost too", "elsewhere"]);
      assertEquals(shownIn(model, "codex fork"), ["lost here", "elsewhere"]);
      assertEquals(shownIn(model, "database list (all providers)"), ["elsewhere"]);
    }),
});

/** What the model says: by name of the thread, by reader. */
type Model = ReadonlyMap<string, ReadonlyMap<Reader, View>>;

async function modelOf(gallery: Gallery): Promise<Model> {
  const machine = { ...realMachine(), env: () => undefined };
  return await withReady(gallery, async ({ path }) => {
    const snapshot = await scan(machine, { home: path as AbsPath, sqliteHome: undefined });
    return new Map(
      Object.entries(gallery.ids).map(([name, id]) => {
        const thread = snapshot.threads.get(id);
        const views = thread === undefined ? [] : viewsOf(thread, snapshot);
        return [name, new Map(views.map((view) => [view.reader, view]))];
      }),
    );
  });
}

function shownIn(model: Model, reader: Reader): readonly string[] {
  return [...model].flatMap(([name, views]) => views.get(reader)?.visible ? [name] : []);
}

/** Requires that the model and Codex show the same; says of each thread they differ on what the model says. */
function compare(model: Model, reader: Reader, asked: readonly string[], shown: readonly string[]): void {
  const wrong = asked.flatMap((name) => {
    const view = model.get(name)?.get(reader);
    if ((view?.visible ?? false) === shown.includes(name)) return [];
    return [`${reader}: ${name}: the model says ${view?.visible} (${view?.because}), Codex does not`];
  });
  assertEquals(wrong, []);
}

async function checkLists(gallery: Gallery, unknown: readonly string[] = []): Promise<void> {
  const model = await modelOf(gallery);
  const asked = [...model.keys()].filter((name) => !unknown.includes(name));
  const answers = new Map<ListName, readonly string[]>();
  for (const [reader, name] of Object.entries(LISTED) as [keyof typeof LISTED, ListName][]) {
    const shown = answers.get(name) ?? await namesIn(gallery, name);
    answers.set(name, shown);
    compare(model, reader, asked, shown);
  }
}

/** Each list is asked on a copy of its own, because some repair the database before they answer. */
async function namesIn(gallery: Gallery, name: ListName): Promise<readonly string[]> {
  return await withOwned(gallery, async (copy) => {
    const entries = await withServer(copy, (server) => list(server, LISTS[name]));
    const shown = new Set(entries.map(({ id }) => id));
    return Object.entries(gallery.ids).filter(([, id]) => shown.has(id)).map(([thread]) => thread);
  });
}

/** Runs on a copy to which the account is signed in that made the one thread of an account. */
async function withOwned<T>(gallery: Gallery, work: (copy: TestHome) => Promise<T>): Promise<T> {
  return await withReady(gallery, async (copy) => {
    signIn(copy.path, OWNER);
    return await work(copy);
  });
}

/** Runs on a copy to which nobody is signed in; `codex exec` is much faster then. */
async function withReady<T>(
  { home, provider, harm }: Gallery,
  work: (copy: TestHome) => Promise<T>,
): Promise<T> {
  return await withCopy(home, async (copy) => {
    copy.configure(provider);
    harm?.(copy.path);
    return await work(copy);
  });
}

function damageIndex(home: string): void {
  dropIndex(home);
  Deno.writeTextFileSync(`${home}/state_5.sqlite`, "this is no database ".repeat(1000));
}

async function checkOpening(gallery: Gallery): Promise<void> {
  const model = await modelOf(gallery);
  await withOwned(gallery, async (copy) => {
    const opened = await withServer(copy, async (server) => {
      const names: string[] = [];
      for (const [name, id] of Object.entries(gallery.ids)) {
        // As the terminal does; this is what makes the row of a thread without one.
        await server.call("thread/read", { threadId: id, includeTurns: false }).catch(() => {});
        if ((await resume(server, id)).ok) names.push(name);
      }
      return names;
    });
    compare(model, "codex resume ID", [...model.keys()], opened);
  });
}

async function checkExec(gallery: Gallery): Promise<void> {
  const model = await modelOf(gallery);
  await withReady(gallery, async (copy) => {
    const opened: string[] = [];
    for (const name of SAMPLE) {
      const { code } = await copy.run([
        "exec",
        "--skip-git-repo-check",
        "resume",
        gallery.ids[name] ?? "",
        "more",
      ]);
      if (code === 0) opened.push(name);
    }
    compare(model, "codex exec resume ID", SAMPLE, opened);
  });
}

/** Makes one thread after the other the newest and lets `codex exec` take what it takes. */
async function checkExecLast(gallery: Gallery): Promise<void> {
  const model = await modelOf(gallery);
  const taken: string[] = [];
  for (const name of SAMPLE) {
    const ready = name === "of an account" ? withOwned : withReady;
    await ready(gallery, async (copy) => {
      makeNewest(copy.path, gallery.ids[name] ?? "");
      const { requests } = copy.model;
      const before = requests.length;
      const { code } = await copy.run(["exec", "--skip-git-repo-check", "resume", "--last", "more"]);
      // It may take a thread and then fail to open it.
      if (code !== 0 || requests.slice(before).at(-1)?.userTexts[0] === name) taken.push(name);
    });
  }
  compare(model, "codex exec resume --last", SAMPLE, taken);
}

function makeNewest(home: string, id: string): void {
  const later = Math.floor(Date.now() / 1000) + 100;
  changeIndex(
    home,
    "UPDATE threads SET updated_at = ?1, updated_at_ms = ?1 * 1000, recency_at = ?1, recency_at_ms = ?1 * 1000" +
      " WHERE id = ?2",
    later,
    id,
  );
  if (rolloutFiles(home).some((path) => path.includes(id))) {
    for (const path of filesOf(home, id)) Deno.utimeSync(path, later, later);
  }
}

async function checkPicker(gallery: Gallery, reader: Reader, args: readonly string[]): Promise<void> {
  const model = await modelOf(gallery);
  compare(model, reader, [...model.keys()], await pickedIn(gallery, args));
}

/** Threads that a picker of the terminal offers, which is opened in the home's working folder. */
async function pickedIn(gallery: Gallery, args: readonly string[]): Promise<readonly string[]> {
  return await withOwned(gallery, async (copy) => {
    const terminal = await openTerminal(copy, args);
    try {
      await terminal.until((drawn) => picked(drawn).length > 0);
      await terminal.still();
      const offered = picked(terminal.drawn());
      return Object.keys(gallery.ids).filter((name) => offered.includes(name.replaceAll(/\s/g, "")));
    } finally {
      await terminal.close();
    }
  });
}

async function checkTerminal(gallery: Gallery): Promise<void> {
  const model = await modelOf(gallery);
  const failures = /No saved session|resume failed|no longer configured|is archived/;
  const asked: readonly AilmentName[] = FULL ? AILMENT_NAMES : [
    "row without provider",
    "row missing, settings of another provider",
    "archived row missing",
    "legacy, row of another provider",
  ];
  const opened: string[] = [];
  for (const name of asked) {
    await withOwned(gallery, async (copy) => {
      const terminal = await openTerminal(copy, ["resume", gallery.ids[name] ?? ""]);
      try {
        await terminal.until((drawn) => failures.test(drawn) || drawn.includes("for agents"));
        if (!failures.test(terminal.drawn())) opened.push(name);
      } finally {
        await terminal.close();
      }
    });
  }
  assert(opened.length > 0);
  compare(model, "codex resume ID", asked, opened);
}
