/** Text of `explain`. */
import type { ExplainReport } from "../core/report.ts";
import type { View } from "./command.ts";
import { type Cell, table } from "./layout.ts";
import { block, facts, line, name, providerName } from "./render_parts.ts";

/** One thread: what is known of it, and which reader shows it and why. */
export function explainText({ thread, readers }: ExplainReport, view: View): string[] {
  const { style } = view;
  const { first_line, recorded, database } = thread.provider;
  const heading: Cell[] = ["reader", "shown", "why"].map((text) => ({ text, mark: style.dim }));
  const rows = readers.map(({ reader, visible, because }): Cell[] => [
    { text: name(reader) },
    { text: visible ? "yes" : "no", mark: visible ? style.green : style.red },
    { text: line(because) },
  ]);
  return [
    ...facts([
      ["Thread", style.bold(name(thread.id))],
      ["Provider", [
        `first line ${providerName(first_line)}, recorded ${providerName(recorded)}, database ${
          providerName(database)
        }`,
        `in use: ${providerName(thread.current_provider)}`,
      ]],
      ["Source", thread.source === null ? "unknown" : name(thread.source)],
      ["Directory", thread.cwd === null ? "unknown" : line(thread.cwd)],
      ["Archived", thread.archived ? "yes" : "no"],
      ["History", thread.history_mode === null ? "unknown" : name(thread.history_mode)],
      ["Rollouts", thread.rollouts.length === 0 ? "none" : thread.rollouts.map(line)],
      ...(thread.busy ? [["In use", style.yellow("yes, Codex is writing to it")] as const] : []),
    ], style),
    ...block("Who shows it", table([heading, ...rows]), view),
    "",
    explainVerdict({ thread, readers }),
  ];
}

/** `Shown by 2 of 4 readers of Codex`, for the end and for `--quiet`. */
export function explainVerdict({ readers }: ExplainReport): string {
  const shown = readers.filter(({ visible }) => visible).length;
  if (shown === readers.length) return "Shown by every reader of Codex.";
  return `Shown by ${shown} of ${readers.length} readers of Codex.`;
}
