/**
 * The home of the demo: somebody worked for months with one provider, then through a proxy at work, tried a model in a
 * lab, and changed to yet another provider last week. Since then Codex's lists show the last few days only.
 */
import { type AbsPath, inHome, type RelPath } from "../core/path.ts";
import type { Disk } from "../system/disk.ts";
import { compressZstd } from "../system/zstd.ts";
import { type Conversation, CONVERSATIONS } from "./conversations.ts";
import { buildHome, type BuiltHome } from "./home.ts";
import { makeId } from "./ids.ts";
import type { HomeSpec, ThreadSpec } from "./spec.ts";

/** The provider in use. */
const CURRENT = "relay";

/** How many of the conversations, oldest first, were held with which provider. `lab` is not in `config.toml` any more. */
const ERAS: readonly (readonly [provider: string, threads: number])[] = [
  ["openai", 40],
  ["work-proxy", 14],
  ["lab", 3],
  [CURRENT, 4],
];

/** What is special about single conversations, by their number, oldest first. */
const SPECIAL: Readonly<Record<number, Partial<ThreadSpec>>> = {
  0: { compressed: true },
  1: { compressed: true, archived: true },
  7: { name: "offline-first sync" },
  15: { label: "checkout", name: "checkout as a state machine", pinned: true },
  // Somebody changed the database alone, which the next listing of Codex takes back.
  28: { provider: { firstLine: "openai", settings: "openai", row: "work-proxy" } },
  35: { fork: { of: "checkout" } },
  36: {
    reverts: [{
      keep: 1,
      turns: [{
        user: "One form per reason is better",
        agent: "Split into three, with what they share in one place.",
      }],
    }],
  },
};

/** Threads begun before Codex knew paginated history, and threads with reasoning that was kept, encrypted. */
const isLegacy = (n: number) => n >= 2 && n < 14;
const isEncrypted = (n: number) => n === 20 || n === 33 || n === 44;

const HOUR_MS = 3_600_000;

/** Builds it. @param nowMs the present: the newest thread is two hours old then */
export function buildStory(disk: Disk, home: AbsPath, nowMs: number): BuiltHome {
  const built = buildHome(disk, home, storySpec(nowMs));
  leaveEmptyFile(disk, home, built);
  return built;
}

/** The threads of the story and the configuration of today. */
export function storySpec(nowMs: number): HomeSpec {
  return {
    config: { provider: CURRENT, providers: ["work-proxy", CURRENT] },
    threads: CONVERSATIONS.map((conversation, n) => threadOf(conversation, n, nowMs)),
  };
}

function threadOf({ cwd, turns }: Conversation, n: number, nowMs: number): ThreadSpec {
  const special = SPECIAL[n] ?? {};
  return {
    provider: providerOf(n),
    atMs: begunMs(n, nowMs),
    cwd,
    source: n % 3 === 1 ? "cli" : "vscode",
    ...(isLegacy(n) ? { mode: "legacy" } : {}),
    ...special,
    ...(special.compressed ? { compressed: canCompress() } : {}),
    // The first turn of the reverted thread is kept, the second one taken back.
    turns: [...turns, ...(special.reverts === undefined ? [] : [{ user: "Now style it", agent: "Styled." }])]
      .map((turn) => isEncrypted(n) ? { ...turn, encrypted: true } : turn),
  };
}

/** Some runtimes have no zstd (Deno 2.6.8); the demo can do without. */
function canCompress(): boolean {
  try {
    return compressZstd(new Uint8Array()).length > 0;
  } catch {
    return false;
  }
}

function providerOf(n: number): string {
  let before = 0;
  for (const [provider, threads] of ERAS) {
    before += threads;
    if (n < before) return provider;
  }
  return CURRENT;
}

/** The further back, the longer the pauses: the oldest is five months old. */
function begunMs(n: number, nowMs: number): number {
  const back = CONVERSATIONS.length - 1 - n;
  return Math.trunc(nowMs / 1000) * 1000 - (2 + 3 * back + back * back) * HOUR_MS;
}

/** A full disk left a rollout of nothing beside that of a thread; no row was ever written for it. */
function leaveEmptyFile(disk: Disk, home: AbsPath, { threads }: BuiltHome): void {
  const beside = threads.at(-20)?.files[0];
  if (beside === undefined) return;
  const id = makeId(beside.lastMs, "empty");
  const path = inHome(home, beside.path.replace(/[0-9a-f-]{36}\.jsonl$/, `${id}.jsonl`) as RelPath);
  disk.createFile(path, 0o600).close();
  disk.setTimes(path, beside.mtimeMs, beside.mtimeMs);
}
