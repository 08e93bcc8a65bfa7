/** Whole hand-overs between built homes. Names S1.1, S1.3, S1.8, S1.25, S1.26. */
import { DatabaseSync } from "node:sqlite";
import type { AbsPath } from "../../lib/core/path.ts";
import { AppError } from "../../lib/core/error.ts";
import { lookAtHandoff, runHandoff } from "../../lib/handoff/run.ts";
import type { Settings } from "../../lib/handoff/settings.ts";
import { realMachine } from "../../lib/system/machine.ts";
import { makeHome } from "../scripts/homes.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { inTempFolder } from "../system/fixture.ts";
import { defaultSettings } from "./defaults.ts";

const machine = realMachine();

interface Side {
  readonly home: string;
  readonly settings: Settings;
}

function sideOf(dir: string, name: string, threads: number, more: Partial<Settings["sync"]> = {}): Side {
  const home = `${dir}/${name}`;
  makeHome(home, Array.from({ length: threads }, () => ({ provider: "openai" })));
  const settings = defaultSettings({
    home: home as AbsPath,
    cloudRoot: `${dir}/cloud` as AbsPath,
    machineId: name,
  });
  return { home, settings: { ...settings, sync: { ...settings.sync, ...more } } };
}

function hand({ settings }: Side, more: object = {}) {
  return runHandoff(machine, settings, {
    keep: 5,
    version: "test",
    allowRunning: false,
    waitMs: 1000,
    signal: new AbortController().signal,
    onProgress: () => {},
    sqliteHome: undefined,
    ignoreLease: false,
    requireClosed: () => Promise.resolve(),
    ...more,
  });
}

function rolloutsIn(root: string): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (path: string): void => {
    for (const { name, isDirectory } of Deno.readDirSync(path)) {
      if (isDirectory) walk(`${path}/${name}`);
      else if (name.startsWith("rollout-")) found.set(name, Deno.readTextFileSync(`${path}/${name}`));
      else assert(!name.startsWith(".codexkeep-tmp-"), `${path}/${name} was left`);
    }
  };
  for (const folder of ["sessions", "archived_sessions"]) {
    try {
      walk(`${root}/${folder}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return found;
}

function pathIn(root: string, name: string): string {
  return findIn(`${root}/sessions`, name);
}

const turn = (text: string) =>
  JSON.stringify({
    timestamp: "2026-11-21T10:00:00.000Z",
    ordinal: 90,
    type: "event_msg",
    payload: { type: "user_message", message: text },
  }) +
  "\n";

function say(home: string, name: string, text: string): void {
  Deno.writeTextFileSync(pathIn(home, name), turn(text), { append: true });
}

function ids(home: string): string[] {
  const database = new DatabaseSync(`${home}/state_5.sqlite`, { readOnly: true });
  try {
    return database.prepare("select id from threads order by id").all().map(({ id }) => String(id));
  } finally {
    database.close();
  }
}

Deno.test("S1.1, S1.3: threads go to the other machine and are continued there, and come back", () =>
  inTempFolder(async (dir) => {
    Deno.mkdirSync(`${dir}/cloud`);
    const [a, b] = [sideOf(dir, "desk", 4), sideOf(dir, "laptop", 0)];
    const first = await hand(a);
    assertEquals([first.look.plan.halt, first.transferred?.failed.size], [undefined, 0]);
    assertEquals(rolloutsIn(`${dir}/cloud`), rolloutsIn(a.home));
    const second = await hand(b);
    assertEquals(second.transferred?.failed, new Map());
    assertEquals([...rolloutsIn(b.home).keys()].sort(), [...rolloutsIn(a.home).keys()].sort());
    assertEquals(ids(b.home), ids(a.home));
    const [name = ""] = rolloutsIn(b.home).keys();
    say(b.home, name, "said on the laptop");
    assertEquals((await hand(b)).transferred?.done.map((step) => step.do), ["extend"]);
    const back = await hand(a);
    assertEquals(back.transferred?.done.map((step) => step.do), ["extend"]);
    assertStringIncludes(rolloutsIn(a.home).get(name) ?? "", "said on the laptop");
    assert(back.snapshot !== undefined);
    for (const side of [a, b]) {
      const { plan } = lookAtHandoff(machine, side.settings);
      assertEquals([plan.steps, plan.agreed, plan.skipped], [[], [], []]);
    }
    const again = await hand(a);
    assertEquals([again.transferred?.done, again.snapshot, again.arrival?.record], [
      [],
      undefined,
      undefined,
    ]);
  }));

Deno.test("S1.26: what went on on both sides stops the run, until it is said which stays", () =>
  inTempFolder(async (dir) => {
    Deno.mkdirSync(`${dir}/cloud`);
    const [a, b] = [sideOf(dir, "desk", 2), sideOf(dir, "laptop", 0)];
    await hand(a);
    await hand(b);
    const [name = "", other = ""] = rolloutsIn(b.home).keys();
    say(a.home, name, "here");
    say(b.home, name, "there");
    say(b.home, other, "more");
    await hand(a);
    const stopped = await hand(b);
    assertEquals([stopped.look.plan.halt?.code, stopped.transferred], ["conflicts", undefined]);
    const settled = await hand(b, { decision: { key: name, keep: "cloud" } });
    assertEquals(settled.transferred?.done.map((step) => step.do), ["keep-loser", "copy"]);
    assertStringIncludes(rolloutsIn(b.home).get(name) ?? "", "here");
    const [loser] = [...Deno.readDirSync(`${dir}/cloud/.codexkeep/conflicts`)];
    assertStringIncludes(Deno.readTextFileSync(`${dir}/cloud/.codexkeep/conflicts/${loser?.name}`), "there");
    assertEquals((await hand(b)).transferred?.done.map((step) => step.do), ["extend"]);
  }));

Deno.test("S1.16: a file that is removed goes on the other side too where the settings say so, and is kept", () =>
  inTempFolder(async (dir) => {
    Deno.mkdirSync(`${dir}/cloud`);
    const policy = { deletePolicy: "propagate" } as const;
    const [a, b] = [sideOf(dir, "desk", 3, policy), sideOf(dir, "laptop", 0, policy)];
    await hand(a);
    await hand(b);
    const [name = ""] = rolloutsIn(a.home).keys();
    const text = rolloutsIn(b.home).get(name);
    Deno.removeSync(pathIn(a.home, name));
    assertEquals((await hand(a)).transferred?.done.map((step) => step.do), ["remove"]);
    const done = await hand(b);
    assertEquals(done.transferred?.done.map((step) => step.do), ["remove"]);
    assertEquals(rolloutsIn(b.home).has(name), false);
    assertStringIncludes(Deno.readTextFileSync(findIn(b.settings.paths.backupDir, name)), text ?? "?");
  }));

function findIn(root: string, name: string): string {
  for (const entry of Deno.readDirSync(root)) {
    const below = `${root}/${entry.name}`;
    const found = entry.isDirectory ? findIn(below, name) : entry.name === name ? below : "";
    if (found !== "") return found;
  }
  return "";
}

Deno.test("S1.25: a folder that is not there, another machine at work, and a Codex that runs stop it", () =>
  inTempFolder(async (dir) => {
    const a = sideOf(dir, "desk", 1);
    await assertRejects(() => hand(a), AppError, "is not there");
    Deno.mkdirSync(`${dir}/cloud/.codexkeep`, { recursive: true });
    const soon = new Date(Date.now() + 60_000).toISOString();
    const lease = { machine: "laptop", at: "2026-01-01T00:00:00Z", expires: soon };
    Deno.writeTextFileSync(`${dir}/cloud/.codexkeep/lease.json`, JSON.stringify(lease));
    await assertRejects(() => hand(a), AppError, 'machine "laptop" is at work');
    const closed = () => Promise.reject(new AppError("codex-running", "Codex is running"));
    await assertRejects(
      () => hand(a, { ignoreLease: true, requireClosed: closed }),
      AppError,
      "Codex is running",
    );
    assertEquals(rolloutsIn(`${dir}/cloud`).size, 0);
    await hand(a, { ignoreLease: true });
    assertEquals(rolloutsIn(`${dir}/cloud`).size, 1);
    assertEquals(
      [...Deno.readDirSync(`${dir}/cloud/.codexkeep`)].some(({ name }) => name === "lease.json"),
      false,
    );
  }));
