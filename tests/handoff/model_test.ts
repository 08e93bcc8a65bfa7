/**
 * Random histories of three machines that hand over through one folder, each with its own copy of it that a cloud
 * client keeps in step file by file, late and in any order, against an oracle that knows every version a user made.
 */
import { relabel } from "../../lib/codex/relabel.ts";
import { applySplices } from "../../lib/core/splice.ts";
import { planHandoff } from "../../lib/handoff/compare.ts";
import type { BaseEntry, HandoffPlan, Side, Situation, Step } from "../../lib/handoff/model.ts";
import type { Settings } from "../../lib/handoff/settings.ts";
import { memorySource } from "../../lib/text/source.ts";
import { messageLine, metaLine, settingsLine } from "../codex_model/rollouts.ts";
import { assert, assertEquals } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { scaled } from "../proof/size.ts";
import {
  carryOutAll,
  type Disk,
  entryOf,
  listingOf,
  looksOf,
  type MemoryFile,
  settingsOf,
  tombstonesOf,
} from "./world.ts";

type Planner = (settings: Settings, situation: Situation) => HandoffPlan;

/** A small generator of numbers: the same histories in every run. */
function randomOf(seed: number) {
  let state = seed * 2654435761 >>> 0;
  const next = () => {
    state = state + 0x6d2b79f5 >>> 0;
    let t = Math.imul(state ^ state >>> 15, state | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return ((t ^ t >>> 14) >>> 0) / 4294967296;
  };
  const below = (n: number) => Math.floor(next() * n);
  const pick = <T>(all: readonly T[]): T => all[below(all.length)]!;
  return { chance: (p: number) => next() < p, below, pick };
}

interface Machine {
  readonly name: string;
  readonly provider: string;
  readonly home: Disk;
  /** Its copy of the folder. */
  readonly folder: Disk;
  /** What the client last had in common with the server, by path. */
  readonly synced: Map<string, MemoryFile>;
  readonly skewMs: number;
  base: Map<string, BaseEntry>;
}

/** What a user made: the turns of a thread, in order. */
interface Version {
  readonly key: string;
  readonly turns: readonly string[];
}

const TURN = /"text":"(turn [^"]*)"/g;
const turnsOf = (text: string) => [...text.matchAll(TURN)].map(([, turn]) => turn!);
const keyOf = (path: string) => path.slice(path.lastIndexOf("/") + 1).replace(/\.zst$/, "");
const isPrefix = (a: readonly string[], b: readonly string[]) => a.every((turn, n) => b[n] === turn);
const CLOCK_START = Date.UTC(2026, 0, 1);

/** What may happen, as often as it stands here. */
const ACTIONS = [
  ...["new", "settings", "relabel", "archive", "unarchive", "delete", "compress", "prompt", "base lost"],
  ...["cloud loses", "cut", "cut"],
  ...Array<string>(12).fill("append"),
  ...Array<string>(8).fill("handoff"),
  ...Array<string>(6).fill("client"),
];

class World {
  readonly server: Disk = new Map();
  readonly machines: readonly Machine[];
  versions: Version[] = [];
  prompts: string[] = [];
  clock = 0;
  made = 0;
  readonly random: ReturnType<typeof randomOf>;
  readonly propagates: boolean;

  constructor(seed: number, readonly planner: Planner) {
    this.random = randomOf(seed);
    this.propagates = this.random.chance(0.5);
    this.machines = ["a", "b", "c"].map((name) => ({
      name,
      provider: `provider-${name}`,
      home: new Map(),
      folder: new Map(),
      synced: new Map(),
      skewMs: this.random.pick([0, 0, -90_000, 90_000]),
      base: new Map(),
    }));
  }

  now(machine: Machine): number {
    this.clock += 1000;
    return CLOCK_START + this.clock + machine.skewMs;
  }

  // ---- what users do ----

  act(): void {
    const { random } = this;
    const machine = random.pick(this.machines);
    const action = random.pick(ACTIONS);
    const path = random.pick(
      [...listingOf(machine.home).items.values()].filter((item) => item.kind === "rollout"),
    )?.path;
    if (action === "new" || path === undefined && action === "append") this.newThread(machine);
    else if (action === "handoff") {
      // mostly as people are told to: when the folder has been carried over
      if (random.chance(0.7)) this.client(machine, 0.9);
      this.handoff(machine, this.anySettings(), undefined);
      if (random.chance(0.7)) this.client(machine, 0.9);
    } else if (action === "cut") this.handoff(machine, this.anySettings(), random.below(3));
    else if (action === "client") this.client(machine, 0.6);
    else if (action === "base lost") machine.base = new Map();
    else if (action === "prompt") this.prompt(machine);
    else if (action === "cloud loses") {
      const lost = random.pick([...this.server.keys()].filter((name) => !name.startsWith(".codexkeep")));
      if (lost !== undefined && random.chance(0.3) && this.isAtHome(lost)) this.server.delete(lost);
    } else if (path !== undefined) this.change(machine, path, action);
  }

  newThread(machine: Machine): void {
    const n = ++this.made;
    const id = `0199f0a0-0000-7000-8000-${String(n).padStart(12, "0")}`;
    const day = String(1 + n % 3).padStart(2, "0");
    const mode = this.random.pick(["legacy", "paginated"] as const);
    const name = `rollout-2026-01-${day}T00-00-00-${id}.jsonl`;
    const first = metaLine({ mode, provider: machine.provider, payload: { id, session_id: id } });
    const text = `${first}\n${settingsLine(machine.provider, 1, mode)}\n`;
    this.write(machine, `sessions/2026/01/${day}/${name}`, text, true);
  }

  /** Puts a file into a home, with a turn more when asked. */
  write(machine: Machine, path: string, text: string, withTurn: boolean): void {
    const ordinal = text.split("\n").length - 1;
    const mode = text.includes('"history_mode":"legacy"') ? "legacy" : "paginated";
    const more = withTurn ? `${messageLine(`turn ${machine.name}${++this.made}`, ordinal, mode)}\n` : "";
    machine.home.set(path, { text: text + more, mtimeMs: this.now(machine) });
    const key = keyOf(path);
    if (withTurn) this.versions.push({ key, turns: turnsOf(text + more) });
  }

  change(machine: Machine, path: string, action: string): void {
    const { home, provider } = machine;
    const { text, mtimeMs } = home.get(path)!;
    const plain = path.replace(/\.zst$/, "");
    const name = path.slice(path.lastIndexOf("/") + 1);
    const archived = path.startsWith("archived_");
    const mode = text.includes('"history_mode":"legacy"') ? "legacy" : "paginated";
    const place = (to: string) => {
      if (home.has(to)) return;
      home.delete(path);
      home.set(to, { text, mtimeMs });
    };
    if (action === "append" || action === "settings") {
      home.delete(path);
      const ordinal = text.split("\n").length - 1;
      const event = action === "settings" || this.random.chance(0.3)
        ? `${settingsLine(provider, ordinal, mode)}\n`
        : "";
      this.write(machine, plain, text + event, action === "append");
    } else if (action === "relabel" && path === plain) {
      home.set(path, { text: labelled(text, `other-${this.random.below(3)}`), mtimeMs: this.now(machine) });
    } else if (action === "archive" && !archived) place(`archived_sessions/${name}`);
    else if (action === "unarchive" && archived) place(`sessions/2026/01/${name.slice(16, 18)}/${name}`);
    else if (action === "compress" && path === plain) place(`${path}.zst`);
    else if (action === "delete") this.remove(machine, path, text);
  }

  /** What a user deletes may go, with all it grew from; where deletions do not travel, only what nobody else has. */
  remove(machine: Machine, path: string, text: string): void {
    machine.home.delete(path);
    const key = keyOf(path);
    const turns = turnsOf(text);
    const elsewhere = [...this.machines.flatMap(({ home }) => [...home]), ...this.server]
      .filter(([other]) => keyOf(other) === key).map(([, file]) => turnsOf(file.text));
    this.versions = this.versions.filter((version) => {
      if (version.key !== key || !isPrefix(version.turns, turns)) return true;
      return !this.propagates && elsewhere.some((other) => isPrefix(version.turns, other));
    });
  }

  prompt(machine: Machine): void {
    const line = JSON.stringify({
      session_id: "s",
      ts: Math.floor(this.now(machine) / 1000),
      text: `p${++this.made}`,
    });
    this.prompts.push(line);
    const text = (machine.home.get("history.jsonl")?.text ?? "") + `${line}\n`;
    machine.home.set("history.jsonl", { text, mtimeMs: this.now(machine) });
  }

  // ---- what the engine of the folder does ----

  /** Brings a copy of the folder and the server in step, each file with this chance. */
  client(machine: Machine, chance: number): void {
    const { folder, synced } = machine;
    for (const path of new Set([...folder.keys(), ...this.server.keys(), ...synced.keys()])) {
      if (!this.random.chance(chance)) continue;
      const [mine, theirs, last] = [folder.get(path), this.server.get(path), synced.get(path)];
      if (mine === theirs) { /* nothing to do */ }
      else if (theirs === last) put(this.server, path, mine);
      else if (mine === last || mine === undefined) put(folder, path, theirs);
      else if (theirs === undefined) put(this.server, path, mine);
      else {
        folder.set(
          `${path.replace(/\.jsonl/, "")} (${machine.name}'s conflicted copy ${++this.made}).jsonl`,
          mine,
        );
        folder.set(path, theirs);
      }
      put(synced, path, folder.get(path));
    }
  }

  /** Whether some home has all of what the server has under this name: else nobody could bring it back. */
  isAtHome(path: string): boolean {
    const turns = turnsOf(this.server.get(path)!.text);
    const key = keyOf(path);
    return this.machines.some(({ home }) => {
      return [...home].some(([other, { text }]) => keyOf(other) === key && isPrefix(turns, turnsOf(text)));
    });
  }

  // ---- hand-overs ----

  anySettings(): Settings {
    const { pick } = this.random;
    return settingsOf(
      {
        direction: pick(["bidirectional", "bidirectional", "bidirectional", "to_local", "to_cloud"]),
        deletePolicy: this.propagates ? pick(["never", "propagate", "propagate"]) : "never",
        sessionMode: pick(["all", "all", "all", "last_date_only"]),
        compare: pick(["mtime", "mtime_hash_fallback"]),
        equalMtimeAction: pick(["skip", "prefer_local", "prefer_cloud", "manual_abort"]),
        timeToleranceSeconds: pick([0, 2]),
      },
      pick(["manual_abort", "prefer_local", "prefer_cloud", "prefer_newer_mtime"]),
      { maxDeletePercent: 100, maxChangedPercent: 100 },
    );
  }

  /** One hand-over; `cut`: after how many steps it is killed. Gives how many steps there were. */
  handoff(machine: Machine, settings: Settings, cut: number | undefined): number {
    const { home, folder } = machine;
    const tombstones = tombstonesOf(folder);
    const plan = this.planner(settings, {
      local: listingOf(home),
      cloud: listingOf(folder),
      base: machine.base,
      tombstones,
      marker: { folder: "m", base: machine.base.size === 0 ? undefined : "m" },
      looks: looksOf(home, folder),
      nowMs: this.clock,
    });
    // An empty side is looked into by a person, who says that it is right so.
    if (plan.halt?.code === "empty-side") machine.base = new Map();
    if (plan.halt !== undefined) return plan.steps.length;
    const hands = {
      machine: machine.name,
      at: new Date(CLOCK_START + this.clock + ++this.made).toISOString(),
    };
    const failed = carryOutAll(plan, home, folder, hands, cut);
    if (cut !== undefined && cut < plan.steps.length) return plan.steps.length;
    this.arrive(machine, plan.steps);
    const stones = tombstonesOf(folder);
    for (const key of new Set([...plan.steps.map((step) => step.key), ...plan.agreed])) {
      if (failed.has(key) || plan.partial.includes(key)) continue;
      const entry = entryOf(home, folder, key, stones.get(key)?.at);
      if (entry === undefined) machine.base.delete(key);
      else machine.base.set(key, entry);
    }
    const [there, away] = [listingOf(home).items, listingOf(folder).items];
    for (const key of [...machine.base.keys()]) {
      if (!there.has(key) && !away.has(key)) machine.base.delete(key);
    }
    return plan.steps.length;
  }

  /** Arrived threads get the machine's own provider, as a hand-over gives it to them. */
  arrive(machine: Machine, steps: readonly Step[]): void {
    for (const step of steps) {
      if ((step.do !== "copy" && step.do !== "extend") || step.to !== "local") continue;
      const file = machine.home.get(step.path);
      if (file === undefined || !step.key.startsWith("rollout-") || step.path.endsWith(".zst")) continue;
      machine.home.set(step.path, { text: labelled(file.text, machine.provider), mtimeMs: file.mtimeMs + 1 });
    }
  }

  /** Everybody hands over until nothing moves any more; gives whether that came to be. */
  settle(): boolean {
    const policy = this.propagates ? "propagate" : "never";
    for (let round = 0; round < 8; round++) {
      let steps = 0;
      for (const machine of this.machines) {
        this.client(machine, 1);
        const sync = { deletePolicy: policy, equalMtimeAction: "prefer_cloud" } as const;
        steps += this.handoff(
          machine,
          settingsOf(sync, "prefer_newer_mtime", { maxDeletePercent: 100, maxChangedPercent: 100 }),
          undefined,
        );
        this.client(machine, 1);
      }
      if (steps === 0 && round > 0) return true;
    }
    return false;
  }

  /**
   * Versions that are neither part of the thread on all machines nor kept beside it. Of a thread that the client left
   * at two places, one machine must have them: nothing is written over either until a person has looked.
   */
  lost(): Version[] {
    const holds = ({ key, turns }: Version, disk: Iterable<readonly [string, MemoryFile]>) =>
      [...disk].some(([path, { text }]) => path.includes(key) && isPrefix(turns, turnsOf(text)));
    const kept = [...this.server].filter(([path]) => path.startsWith(".codexkeep/conflicts/"));
    const twice = twiceIn(this.server);
    return this.versions.filter((version) => {
      if (holds(version, kept)) return false;
      const isAtHome = ({ home }: Machine) => holds(version, home);
      if (!twice.has(version.key)) return !this.machines.every(isAtHome);
      return !this.machines.some(isAtHome) && !holds(version, this.server);
    });
  }

  lostPrompts(): string[] {
    return this.prompts.filter((line) => {
      return this.machines.some(({ home }) => !home.get("history.jsonl")?.text.includes(line));
    });
  }
}

function put(disk: Map<string, MemoryFile>, path: string, file: MemoryFile | undefined): void {
  if (file === undefined) disk.delete(path);
  else disk.set(path, file);
}

function labelled(text: string, provider: string): string {
  const bytes = new TextEncoder().encode(text);
  const splices = relabel(memorySource(bytes), provider);
  return "refused" in splices ? text : new TextDecoder().decode(applySplices(bytes, splices));
}

/** Keys of rollouts that the client left at two places of the folder, having carried only half of a move. */
function twiceIn(folder: Disk): Set<string> {
  const { leftOut } = listingOf(folder);
  return new Set(leftOut.filter(({ reason }) => reason === "duplicate-name").map(({ path }) => keyOf(path)));
}

/** Keys whose threads differ between the machines after all, but for those that are shown to a person. */
function apart({ machines, server }: World): string[] {
  const twice = twiceIn(server);
  const states = machines.map(({ home }) => {
    return new Map([...listingOf(home).items].map(([key, item]) => {
      return [key, `${item.archived} ${turnsOf(home.get(item.path)!.text)}`];
    }));
  });
  const keys = new Set(states.flatMap((state) => [...state.keys()]));
  return [...keys].filter((key) =>
    !twice.has(key) && new Set(states.map((state) => state.get(key))).size > 1
  );
}

function play(seed: number, planner: Planner, actions = 80): World {
  const world = new World(seed, planner);
  for (let n = 0; n < actions; n++) world.act();
  return world;
}

const HISTORIES = scaled(200, 2000);
const GROUP = "random hand-over histories over three machines";

Deno.test("hand-over: no version is lost in random histories, and they settle", () => {
  const started = performance.now();
  let [lost, versions, losers, waiting, threads] = [0, 0, 0, 0, 0];
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const world = play(seed, planHandoff);
    assert(world.settle(), `history ${seed} does not settle`);
    assertEquals(world.lost(), [], `history ${seed} loses a version`);
    assertEquals(world.lostPrompts(), [], `history ${seed} loses a prompt`);
    assertEquals(apart(world), [], `history ${seed} ends with different threads`);
    lost += world.lost().length;
    versions += world.versions.length;
    waiting += twiceIn(world.server).size;
    threads += new Set(world.versions.map(({ key }) => key)).size;
    losers += [...world.server.keys()].filter((path) => path.endsWith(".loser")).length;
  }
  assert(versions > HISTORIES * 3 && losers > HISTORIES / 10, "the histories are worth the name");
  report(
    GROUP,
    "planning",
    { histories: HISTORIES, versions, "kept losers": losers, "lost versions": lost },
    started,
  );
});

/** Newest time wins, and nobody remembers anything. */
const newestWins: Planner = (_, { local, cloud }) => {
  const copy = (to: Side, from: ReturnType<typeof local.items.get>, over: typeof from): Step[] =>
    from === undefined ? [] : [{
      do: "copy",
      to,
      key: from.key,
      kind: from.kind,
      from: from.path,
      path: from.path,
      over,
      source: from.stamp,
      reason: "newer",
    }];
  const steps = [...new Set([...local.items.keys(), ...cloud.items.keys()])].flatMap((key) => {
    const [a, b] = [local.items.get(key), cloud.items.get(key)];
    const [mine, theirs] = [a?.stamp.mtimeMs ?? -1, b?.stamp.mtimeMs ?? -1];
    return mine > theirs ? copy("cloud", a, b) : theirs > mine ? copy("local", b, a) : [];
  });
  return { steps, conflicts: [], skipped: [], halt: undefined, agreed: [], partial: [], warnings: [] };
};

Deno.test("control: a planner that goes by the newest time alone loses versions", () => {
  const started = performance.now();
  const histories = Math.min(HISTORIES, 100);
  let lost = 0;
  for (let seed = 1; seed <= histories; seed++) {
    const world = play(seed, newestWins);
    world.settle();
    lost += world.lost().length;
  }
  assert(lost > histories / 20, `${lost} versions lost`);
  report(GROUP, "newest time wins", { histories, "lost versions": lost }, started, { control: true });
});
