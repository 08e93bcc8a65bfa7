/** Turns the description of a thread into the content of its files, the way Codex 0.169 would have written them. */
import type { RelPath } from "../core/path.ts";
import type { HistoryMode } from "../core/snapshot.ts";
import { makeId } from "./ids.ts";
import { type Draft, environmentLine, type Scene, settingsLine, turnLines } from "./lines.ts";
import { assemble, type BuiltFile, type Content, type TurnMark } from "./rollout.ts";
import { copiesIn, type ForkSpec, type ProviderCopies, type ThreadSpec, type TurnSpec } from "./spec.ts";

/** A thread, ready to be written. */
export interface Conversation {
  readonly id: string;
  readonly spec: ThreadSpec;
  readonly mode: HistoryMode;
  readonly cwd: string;
  readonly source: string;
  readonly providers: ProviderCopies;
  readonly atMs: number;
  /** Oldest first. */
  readonly files: readonly BuiltFile[];
  /** Content of each file, in the same order. */
  readonly contents: readonly Uint8Array<ArrayBuffer>[];
  /** The turns that Codex shows, inherited ones included, oldest first. */
  readonly shown: readonly Shown[];
  /** Lines of the newest file, which a legacy fork copies. */
  readonly lines: readonly Draft[];
}

/** A turn that is shown, and the file it stands in. */
export interface Shown {
  readonly turn: TurnSpec;
  readonly mark: TurnMark;
  readonly file: BuiltFile;
}

/** What a file that continues another one says about it. */
interface Base {
  readonly thread_id: string;
  readonly end_ordinal_exclusive: number;
  readonly end_byte_offset: number;
}

/** Time between the beginnings of two turns, and from the last line to the file's time; milliseconds. */
const TURN_MS = 60_000;
const SETTLE_MS = 500;

const DEFAULT_CWD = "/home/sam/code/app";
const DEFAULT_INSTRUCTIONS_BYTES = 2_000;
const INSTRUCTIONS = "You are a coding agent working in the user's terminal. Be precise, safe and helpful. ";

/** @param atMs when it begins @param seed makes its id @param parentOf finds the thread that a fork names */
export function converse(
  spec: ThreadSpec,
  atMs: number,
  seed: string,
  parentOf: (label: string) => Conversation,
): Conversation {
  const providers = copiesIn(spec);
  const { mode = "paginated", cwd = DEFAULT_CWD, source = "vscode" } = spec;
  const id = spec.id ?? makeId(atMs, seed);
  const parent = spec.fork === undefined ? undefined : parentOf(spec.fork.of);
  const thread: Conversation = {
    id,
    spec,
    mode,
    cwd,
    source,
    providers,
    atMs,
    files: [],
    contents: [],
    shown: [],
    lines: [],
  };
  const turns = spec.turns ?? [{ user: `question ${seed}`, agent: `answer ${seed}` }];
  const begun = parent === undefined || spec.fork === undefined
    ? beginRoot(thread, turns)
    : mode === "legacy"
    ? beginLegacyFork(thread, parent, turns)
    : beginFork(thread, parent, spec.fork, turns);
  return (spec.reverts ?? []).reduce(
    (before, { keep, turns = [] }) => revert(before, keep, turns),
    begun,
  );
}

function sceneOf({ id, mode, cwd, providers }: Conversation): Scene {
  return { id, mode, cwd, settings: providers.settings };
}

function beginRoot(thread: Conversation, turns: readonly TurnSpec[]): Conversation {
  const { atMs, spec: { extraMeta = [] } } = thread;
  const scene = sceneOf(thread);
  const said = turnsFrom(
    scene,
    turns,
    atMs,
    (at) => [environmentLine(scene, at), ...settingsLine(scene, at)],
  );
  const again = extraMeta.map((provider) => metaLine(thread, atMs + TURN_MS / 2, { provider }));
  const [first = [], ...others] = said;
  return addFile(thread, [metaLine(thread, atMs, {}), ...first, ...again, ...others.flat()], turns, [], {});
}

/** A paginated fork: a first line that points into the parent's file, the settings, then its own turns. */
function beginFork(
  thread: Conversation,
  parent: Conversation,
  { turns: kept }: ForkSpec,
  turns: readonly TurnSpec[],
): Conversation {
  const base = kept === undefined ? endOf(parent) : endOfTurn(parent, kept);
  const scene = sceneOf(thread);
  const forked = { forked_from_id: parent.id, forked_from_ordinal_exclusive: base.end_ordinal_exclusive };
  const lines = [
    metaLine(thread, thread.atMs, { base, more: forked }),
    ...settingsLine(scene, thread.atMs),
    ...turnsFrom(scene, turns, thread.atMs + 1000, () => []).flat(),
  ];
  return addFile(thread, lines, turns, parent.shown.slice(0, kept), { base });
}

/** A legacy fork: its own first line, a copy of the whole parent, the settings, then its own turns. */
function beginLegacyFork(
  thread: Conversation,
  parent: Conversation,
  turns: readonly TurnSpec[],
): Conversation {
  const { atMs } = thread;
  const scene = sceneOf(thread);
  const lines = [
    metaLine(thread, atMs, { more: { forked_from_id: parent.id } }),
    ...parent.lines.map((line) => ({ ...line, atMs })),
    ...settingsLine(scene, atMs),
    ...turnsFrom(scene, turns, atMs + 1000, () => []).flat(),
  ];
  const inherited = parent.shown.map(({ turn }) => turn);
  return addFile(thread, lines, [...inherited, ...turns], [], {});
}

/** A new file that goes on after turn number `keep`. */
function revert(thread: Conversation, keep: number, turns: readonly TurnSpec[]): Conversation {
  if (thread.mode === "legacy") throw new TypeError("a legacy thread has no segments");
  const atMs = (thread.files.at(-1)?.lastMs ?? thread.atMs) + TURN_MS;
  const base = endOfTurn(thread, keep);
  const scene = sceneOf(thread);
  const lines = [
    metaLine(thread, atMs, { base, timestampMs: atMs }),
    ...settingsLine(scene, atMs),
    ...turnsFrom(scene, turns, atMs + 1000, () => []).flat(),
  ];
  const segment = makeId(atMs, `${thread.id}/segment/${thread.files.length}`);
  return addFile(thread, lines, turns, thread.shown.slice(0, keep), { base, segment, startMs: atMs });
}

function turnsFrom(
  scene: Scene,
  turns: readonly TurnSpec[],
  atMs: number,
  opening: (atMs: number) => readonly Draft[],
): Draft[][] {
  return turns.map((turn, index) =>
    turnLines(scene, turn, atMs + index * TURN_MS, index === 0 ? opening : () => [])
  );
}

interface MetaOptions {
  readonly provider?: string;
  readonly base?: Base;
  readonly timestampMs?: number;
  readonly more?: object;
}

/** A `session_meta` line. Its keys stand in the order of Codex 0.169. */
function metaLine(thread: Conversation, atMs: number, options: MetaOptions): Draft {
  const { id, mode, cwd, source, spec, providers } = thread;
  const provider = options.provider ?? providers.firstLine;
  const bytes = spec.instructionsBytes ?? DEFAULT_INSTRUCTIONS_BYTES;
  const text = INSTRUCTIONS.repeat(Math.ceil(bytes / INSTRUCTIONS.length));
  const payload = {
    account_scoped: true,
    session_id: id,
    id,
    ...options.more,
    timestamp: new Date(options.timestampMs ?? thread.atMs).toISOString(),
    cwd,
    runtime_workspace_roots: [cwd],
    originator: ORIGINATORS.get(source) ?? "codex_vscode",
    cli_version: "0.169.0",
    source,
    ...(provider === null ? {} : { model_provider: provider }),
    base_instructions: {
      text: text.slice(0, bytes),
      provenance: { type: "model", model: "gpt-5" },
    },
    history_mode: mode,
    ...(options.base === undefined ? {} : { history_base: options.base }),
    context_window: { window_id: makeId(atMs, `${id}/window`) },
    ...spec.meta,
  };
  return { atMs, type: "session_meta", payload };
}

/** Who writes threads of each source (seen in Codex 0.169). */
const ORIGINATORS: ReadonlyMap<string, string> = new Map([["cli", "codex-tui"], ["exec", "codex_exec"]]);

/** Where a fork that takes everything begins. */
function endOf({ files, id }: Conversation): Base {
  const file = files.at(-1);
  if (file === undefined) throw new TypeError(`thread ${id} has no file to fork`);
  return { thread_id: file.id, end_ordinal_exclusive: file.nextOrdinal, end_byte_offset: file.size };
}

/** The place behind turn number `kept`, which may be in an older file. */
function endOfTurn({ shown, id }: Conversation, kept: number): Base {
  const last = shown[kept - 1];
  if (last === undefined) throw new TypeError(`thread ${id} has no turn ${kept}`);
  const { file, mark } = last;
  return {
    thread_id: file.id,
    end_ordinal_exclusive: mark.endOrdinal + 1,
    end_byte_offset: mark.endOffset,
  };
}

interface FileOptions {
  readonly base?: Base;
  readonly segment?: string;
  readonly startMs?: number;
}

function addFile(
  thread: Conversation,
  lines: readonly Draft[],
  turns: readonly TurnSpec[],
  before: readonly Shown[],
  { base, segment, startMs = thread.atMs }: FileOptions,
): Conversation {
  const content: Content = assemble(lines, thread.mode, base?.end_ordinal_exclusive ?? 0);
  const { bytes, ...places } = content;
  const file: BuiltFile = {
    ...places,
    path: pathOf(thread, startMs, segment),
    id: segment ?? thread.id,
    size: bytes.length,
    mtimeMs: thread.spec.mtimeMs ?? content.lastMs + SETTLE_MS,
  };
  const own = turns.flatMap((turn, index): Shown[] => {
    const mark = file.marks[index];
    return mark === undefined ? [] : [{ turn, mark, file }];
  });
  return {
    ...thread,
    files: [...thread.files, file],
    contents: [...thread.contents, bytes],
    shown: [...before, ...own],
    lines,
  };
}

/** Codex names files by local time; here it is UTC, so that a home is the same everywhere. */
function pathOf({ id, spec }: Conversation, startMs: number, segment: string | undefined): RelPath {
  const stamp = new Date(startMs).toISOString().slice(0, 19);
  const folder = spec.archived ? "archived_sessions" : `sessions/${stamp.slice(0, 10).replaceAll("-", "/")}`;
  const ids = segment === undefined ? id : `${id}_${segment}`;
  return `${folder}/rollout-${stamp.replaceAll(":", "-")}-${ids}.jsonl${
    spec.compressed ? ".zst" : ""
  }` as RelPath;
}
