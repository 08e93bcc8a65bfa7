/**
 * Rows without a preview, which lists made from the database alone leave out, of threads whose files hold a message of
 * the user. Codex 0.169 does not mend such a row by itself (seen there); it gets what Codex makes of the file when it
 * indexes it anew. A fork in which nothing was said yet gets what its parent began with, as Codex gives it when it
 * makes one. Threads in which nothing was said have no preview and are rightly hidden.
 */
import { AppError } from "../core/error.ts";
import type { Finding } from "../core/finding.ts";
import type { Cell } from "../core/plan.ts";
import type { Rollout, Thread } from "../core/snapshot.ts";
import { type HistoryBase, historyBase } from "../codex/history.ts";
import { readFirstLine } from "../codex/rollout.ts";
import { firstPreview, titleFor } from "../codex/user_message.ts";
import type { ByteSource } from "../text/source.ts";
import type { Draft, Facts, Repair, RepairOptions, TableRow } from "./repair.ts";
import { changeCells, threadCells, withoutBusy } from "./small_file.ts";

/** Finds and cures rows without a preview. */
export const previewRepair: Repair = {
  name: "preview",
  summary: "give threads without a preview theirs back",
  safe: true,
  find: findEmpty,
  plan: planPreviews,
};

/** How many characters of a preview a finding shows. */
const SHOWN = 60;

function findEmpty(facts: Facts): readonly Finding[] {
  const look = previewer(facts);
  const found = [...facts.snapshot.threads.values()].flatMap((thread) => {
    const preview = look(thread);
    return preview === undefined ? [] : [{ id: thread.id, ...preview }];
  });
  const own = found.filter(({ isOwn }) => isOwn);
  const inherited = found.filter(({ isOwn }) => !isOwn);
  const finding = (threads: typeof found, severity: Finding["severity"], message: string): Finding[] =>
    threads.length === 0 ? [] : [{
      code: "preview-empty",
      severity,
      count: threads.length,
      repair: "preview",
      message: `${threads.length} thread(s) ${message}`,
      samples: threads.map(({ id, text }) => `${id}: ${JSON.stringify(text.slice(0, SHOWN))}`),
    }];
  return [
    ...finding(
      own,
      "warning",
      "have no preview in the database although their files hold messages; lists made from the database leave them out",
    ),
    // Codex makes them so itself when it makes the database anew.
    ...finding(
      inherited,
      "info",
      "go on from others, have no message of their own and no preview; lists made from the database leave them out",
    ),
  ];
}

function planPreviews(facts: Facts, { threads }: RepairOptions): Draft {
  const empty = threads.filter(({ row }) => row !== undefined && !row.hasPreview);
  if (empty.length === 0) return { changes: [], skipped: [] };
  const cells = cellsById(facts);
  const look = previewer(facts);
  const changes = empty.flatMap((thread) => {
    const preview = look(thread);
    const row = cells.get(thread.id);
    if (preview === undefined || row === undefined) return [];
    return changeCells(facts, thread.id, cellsOf(row, preview)) ?? [];
  });
  return withoutBusy(facts, changes);
}

/** The preview a thread ought to have, and whether it was said in the thread itself. */
interface Preview {
  readonly text: string;
  readonly isOwn: boolean;
}

/** Tells the preview that a thread ought to have and has not; undefined for all others. */
function previewer({ snapshot, contents }: Facts): (thread: Thread) => Preview | undefined {
  let byId: ReadonlyMap<string, Rollout> | undefined;
  const fileOf = (id: string) => {
    byId ??= new Map(
      [...snapshot.threads.values()].flatMap(({ rollouts }) => rollouts)
        .map((rollout) => [rollout.segment ?? rollout.nameId ?? "", rollout]),
    );
    return byId.get(id);
  };
  return ({ row, rollouts }) => {
    if (row === undefined || row.hasPreview) return undefined;
    const newest = rollouts.findLast(({ damage }) => damage === undefined);
    if (newest === undefined) return undefined;
    const own = newest.bare ? undefined : read(newest, contents, firstPreview);
    if (own !== undefined) return { text: own, isOwn: true };
    const inherited = inheritedPreview(newest, contents, fileOf);
    return inherited === undefined ? undefined : { text: inherited, isOwn: false };
  };
}

/** What was said first in the files that one goes on from, as far as it goes on from them: as Codex shows a fork. */
function inheritedPreview(
  rollout: Rollout,
  contents: Facts["contents"],
  fileOf: (id: string) => Rollout | undefined,
): string | undefined {
  const chain: { readonly file: Rollout; readonly end: number }[] = [];
  const seen = new Set<Rollout>([rollout]);
  for (let file: Rollout | undefined = rollout; file?.meta?.base !== undefined;) {
    const base: HistoryBase | undefined = read(file, contents, baseOf);
    file = base === undefined ? undefined : fileOf(base.file);
    if (base === undefined || file === undefined || seen.has(file)) break;
    seen.add(file);
    chain.unshift({ file, end: base.mark.at });
  }
  for (const { file, end } of chain) {
    const text = read(file, contents, (source) => firstPreview(source, end));
    if (text !== undefined) return text;
  }
  return undefined;
}

function baseOf(source: ByteSource): HistoryBase | undefined {
  const first = readFirstLine(source);
  return "reason" in first ? undefined : historyBase(first.line.bytes, first.parsed);
}

/** What `use` makes of a file; undefined when it cannot be read. */
function read<T>(
  rollout: Rollout,
  contents: Facts["contents"],
  use: (source: ByteSource) => T | undefined,
): T | undefined {
  if (rollout.damage !== undefined) return undefined;
  try {
    return contents.with(rollout, use);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** The cells of rows without a preview, by thread. */
function cellsById(facts: Facts): ReadonlyMap<string, TableRow> {
  const columns = { preview: "'?'", first_user_message: "'?'", title: "'?'" };
  const rows = threadCells(
    facts,
    columns,
    (has) => has("preview") ? "coalesce(preview, '') = ''" : "false",
  );
  return new Map(rows.map((row) => [String(row["id"]), row]));
}

/** The preview and, where they are empty too, the other cells that hold the first message of the thread itself. */
function cellsOf(row: TableRow, { text, isOwn }: Preview): Readonly<Record<string, Cell>> {
  const others = { first_user_message: text, title: titleFor(text) };
  const wanted = { preview: text, ...isOwn ? others : {} };
  const cells: Record<string, Cell> = {};
  for (const [name, after] of Object.entries(wanted)) {
    const before = row[name];
    if ((before === "" || before === null) && after !== "") cells[name] = { before, after };
  }
  return cells;
}
