/** New first lines for rollouts: another length, another place to continue from. */
import type { EditChange, Meaning, RecodeChange } from "../core/plan.ts";
import type { Splice } from "../core/splice.ts";
import { historyBase } from "../codex/history.ts";
import { donors, type Refusal } from "../codex/relabel.ts";
import { readFirstLine } from "../codex/rollout.ts";
import { member } from "../text/json_span.ts";
import { replaceSameLength } from "../text/same_length.ts";
import type { ByteSource } from "../text/source.ts";
import type { HistoryFile } from "./history_marks.ts";
import type { Contents } from "./repair.ts";

/** What is to become of a first line. */
export interface LineWish {
  readonly file: HistoryFile;
  /** By how many bytes it is to become longer; negative: shorter. */
  readonly growth: number;
  /** The right `end_byte_offset` of its `history_base`; undefined leaves it. */
  readonly end: number | undefined;
}

/** The edit that gives a file the first line that is wished for, every other byte staying; or why there is none. */
export function editFirstLine(contents: Contents, wish: LineWish): EditChange | RecodeChange | Refusal {
  const { thread: { id: thread }, rollout } = wish.file;
  const { path, encoding, stamp: { size, mtimeMs } } = rollout;
  return contents.with(rollout, (content) => {
    // A plan that mixes what the scan saw with what came later would fit neither.
    if (encoding === "plain" && content.size !== size) return { refused: "another program is writing to it" };
    const edit = newLine(content, wish);
    if ("refused" in edit) return edit;
    const common = { path, thread, sets: edit.sets, size, mtimeMs, splices: edit.splices };
    return encoding === "zstd"
      ? { kind: "recode", ...common, contentSize: content.size }
      : { kind: "edit", ...common, leaveMtimeMs: mtimeMs };
  });
}

function newLine(
  content: ByteSource,
  { growth, end }: LineWish,
): { readonly splices: readonly Splice[]; readonly sets: Meaning } | Refusal {
  const first = readFirstLine(content);
  if ("reason" in first) return { refused: first.detail };
  const { line: { at, bytes }, parsed } = first;
  const base = end === undefined ? undefined : historyBase(bytes, parsed);
  const value = base?.span ?? parsed.provider ?? member(parsed.payload, "id")?.value;
  if (value === undefined) return { refused: "its first line names no thread" };
  const text = base === undefined
    ? bytes.slice(value.start, value.end)
    : new TextEncoder().encode(String(end));
  const spare = donors(bytes, parsed).filter((span) => span.end <= value.start || span.start >= value.end);
  const splices = replaceSameLength(bytes, value, text, spare, growth);
  if (splices === undefined) return { refused: "its first line has nothing that can be left out" };
  return {
    splices: splices.map((splice) => ({ ...splice, at: at + splice.at })),
    sets: {
      ...growth === 0 ? {} : { first_line_bytes: { before: bytes.length, after: bytes.length + growth } },
      ...base === undefined || end === undefined
        ? {}
        : { history_base_end_byte_offset: { before: base.mark.at, after: end } },
    },
  };
}
