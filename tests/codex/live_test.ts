/**
 * The real Codex at work in several threads, by two servers, while codexkeep runs at any moment: with `--allow-running`
 * and without, from source and as an executable. No turn is lost, every list is right, and so are the databases.
 */
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals } from "../assert.ts";
import { randomFrom } from "../crash/appender.ts";
import { report } from "../proof/figure.ts";
import { FULL, scaled } from "../proof/size.ts";
import { type Build, BUILDS, runBuild, writesBeside } from "../scripts/builds.ts";
import type { AppServer } from "./app_server.ts";
import { type TestHome, withHome, withServer } from "./home.ts";
import { complaints, keep, pick } from "./program.ts";
import { idsIn, resume } from "./readers.ts";
import { checkSaid, visit } from "./said.ts";
import { completed, newThread } from "./threads.ts";

/** Runs of codexkeep beside Codex, for each build. */
const RUNS = scaled(6, 120);
const MAX_PAUSE_MS = 150;

const COMMANDS: readonly ((provider: string) => readonly string[])[] = [
  (provider) => ["sync", "--to", provider],
  () => ["repair", "all"],
  (provider) => ["switch", provider],
  () => ["restore", "latest"],
  () => ["restore", "latest", "--force"],
  () => ["repair", "preview", "paths", "archive", "index"],
];

/** A home at work. */
interface Scene {
  readonly home: TestHome;
  /** Everything that was said, by thread. */
  readonly said: Map<string, string[]>;
  /** Threads that one server has open from beginning to end. */
  readonly held: readonly string[];
  /** Threads that another one opens for one turn at a time. */
  readonly visited: readonly string[];
}

interface Tally {
  runs: number;
  applied: number;
  refused: number;
  moved: number;
  readonly faults: string[];
}

async function makeScene(home: TestHome): Promise<Scene> {
  const said = new Map<string, string[]>();
  await withServer(home, async (server) => {
    for (
      const historyMode of ["paginated", "legacy", "paginated", "legacy", "paginated", "paginated"] as const
    ) {
      said.set(await newThread(server, { messages: ["zero"], historyMode }), ["zero"]);
    }
  });
  const ids = [...said.keys()];
  return { home, said, held: ids.slice(0, 2), visited: ids.slice(2, 4) };
}

async function atWork(scene: Scene, build: Build, random: () => number): Promise<Tally> {
  const tally: Tally = { runs: 0, applied: 0, refused: 0, moved: 0, faults: [] };
  const isSafe = await writesBeside(build, scene.home.path);
  await withServer(scene.home, async (server) => {
    for (const id of scene.held) assert((await resume(server, id)).ok);
    let running = true;
    const run = async () => {
      for (let n = 0; n < RUNS; n++) {
        await new Promise((resolve) => setTimeout(resolve, random() * MAX_PAUSE_MS));
        await act(scene.home, build, isSafe, random, tally);
      }
    };
    const all = [
      run().finally(() => running = false),
      ...scene.held.map((id) => goOn(scene, id, () => running, (text) => completed(server, id, text))),
      ...scene.visited.map((id) => goOn(scene, id, () => running, (text) => visit(scene.home, id, text))),
      begin(scene, server, () => running),
    ];
    for (const one of await Promise.allSettled(all)) if (one.status === "rejected") throw one.reason;
  });
  return tally;
}

async function goOn(
  { said }: Scene,
  id: string,
  isRunning: () => boolean,
  say: (text: string) => Promise<void>,
): Promise<void> {
  for (let turn = said.get(id)?.length ?? 0; isRunning(); turn++) {
    await say(`turn ${turn}`);
    said.get(id)?.push(`turn ${turn}`);
  }
}

/** Now and then a thread is begun, and left to itself. */
async function begin({ said }: Scene, server: AppServer, isRunning: () => boolean): Promise<void> {
  for (let n = 0; isRunning(); n++) {
    const message = `begun ${n}`;
    if (n % 4 === 0) said.set(await newThread(server, { messages: [message] }), [message]);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function act(
  home: TestHome,
  build: Build,
  isSafe: boolean,
  random: () => number,
  tally: Tally,
): Promise<void> {
  const provider = random() < 0.5 ? "relay" : "custom";
  const words = COMMANDS[Math.floor(random() * COMMANDS.length)]?.(provider) ?? [];
  const allowed = random() < 0.75;
  const argv = [...words, "--apply", ...allowed ? ["--allow-running"] : []];
  const { code, document } = await runBuild(build, home.path, argv);
  tally.runs++;
  const applied = pick(document, "applied") === true;
  if (applied) tally.applied++;
  tally.moved += applied ? Number(pick(document, "plan.threads") ?? 0) : 0;
  const told = document.errors.map(({ message }) => message).join("; ");
  const isNothing = !applied && (code === 0 || code === 8);
  // A restore finds threads changed since, or nothing to take back.
  const isConflict = words[0] === "restore" && (code === 2 || /^there is no record/.test(told));
  const isFit = isNothing || isConflict ||
    (allowed ? isSafe ? code === 0 || code === 8 : code === 5 : code === 3);
  if ([3, 5].includes(code)) tally.refused++;
  if (!isFit || (applied && !(allowed && isSafe))) {
    tally.faults.push(`${argv.join(" ")}: exit ${code}: ${told}`);
  }
}

/** What is in the databases of a home no Codex is using. */
function unsound(home: string): string[] {
  return ["state_5.sqlite", "thread_history_1.sqlite"].flatMap((name) => {
    const database = new DatabaseSync(`${home}/${name}`);
    try {
      const found = database.prepare("pragma integrity_check").all().map((row) =>
        String(row["integrity_check"])
      );
      return found.join() === "ok" ? [] : [`${name}: ${found.join("; ")}`];
    } finally {
      database.close();
    }
  });
}

for (const build of BUILDS) {
  Deno.test(`a real Codex at work in several threads loses no turn, ${build.name}`, async () => {
    const started = performance.now();
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    await withHome("custom", async (home) => {
      const scene = await makeScene(home);
      await keep(home, ["sync", "--to", "relay", "--apply"]);
      const { runs, applied, refused, moved, faults } = await atWork(scene, build, randomFrom(seed));
      const { said } = scene;
      const turns = [...said.values()].reduce((sum, messages) => sum + messages.length, 0);
      const lost: string[] = [];
      const check = async () => {
        // Threads that were begun and left are many; a sample of them will do.
        const some = [...said].filter((_, n) => FULL || n < 8);
        for (const [id, messages] of some) {
          await checkSaid(home, id, messages).catch((error: Error) => lost.push(`${id}: ${error.message}`));
        }
      };
      await check();
      faults.push(...unsound(home.path));
      await keep(home, ["sync", "--apply"]);
      assertEquals(await complaints(home), []);
      await withServer(home, async (server) => {
        for (const name of ["scan", "index", "scanAll", "recent"] as const) {
          assertEquals(await idsIn(server, name), [...said.keys()].sort(), name);
        }
      });
      await check();
      const counts = {
        turns,
        "threads with a turn lost": lost.length,
        commands: runs,
        applied,
        refused,
        "threads changed": moved,
      };
      report("turns of a real Codex at work", `${build.name}, seed ${seed}`, counts, started);
      assertEquals([faults, lost], [[], []], `seed ${seed}`);
      assert(turns > said.size && runs > 0, "nothing happened");
    });
  });
}
