/** Text of the numbers of `diagnose`. */
import type { AppReport, AuditReport, IntegrityReport } from "../core/audit_report.ts";
import type { DiagnoseReport } from "../core/report.ts";
import type { View } from "./command.ts";
import { type Cell, groupDigits, indent, plural, table } from "./layout.ts";
import { providerTable } from "./render_counts.ts";
import { block, facts, line, name, providerName, someOf } from "./render_parts.ts";

/** Entries of a distribution that are shown unless everything is asked for. */
const SHOWN_VALUES = 12;

/** Samples of a class that are shown unless everything is asked for: its finding has shown more. */
const SHOWN_DOUBTS = 3;

/** Files and rows in numbers, their distributions, how they fit together, and what the app goes by. */
export function numbersText(report: DiagnoseReport, maxSamples: number, view: View): string[] {
  const { audit, app, app_provider } = report;
  const { style, verbose } = view;
  return [
    ...block("Numbers", facts([...countRows(audit), ...appRows(app, view)], style), view),
    ...block("Threads by provider", providerTable(report, report.provider.id, style), view),
    ...block("Threads by folder", shares(audit.by_cwd, view), view),
    ...(verbose ? block("Threads by source, provider and state", groupLines(audit), view) : []),
    ...block("Files and rows", integrityLines(audit, maxSamples, view), view),
    "",
    `The app is using ${style.bold(providerName(app_provider.id))}, going by ${
      line(app_provider.inferred_from)
    }.`,
  ];
}

type Rows = readonly (readonly [label: string, value: string | readonly string[]])[];

function countRows(audit: AuditReport): Rows {
  return [
    [
      "Rollouts",
      `${groupDigits(audit.rollouts_total)}: ${groupDigits(audit.sessions_rollouts)} in sessions, ${
        groupDigits(audit.archived_rollouts)
      } in archived_sessions`,
    ],
    [
      "Rows",
      `${groupDigits(audit.threads_total)}: ${groupDigits(audit.threads_active)} active, ${
        groupDigits(audit.threads_archived)
      } archived`,
    ],
    ["Sources", sourcesOf(audit)],
  ];
}

function sourcesOf({ groups }: AuditReport): string {
  const counts = new Map<string, number>();
  for (const { source, threads } of groups) counts.set(source, (counts.get(source) ?? 0) + threads);
  const words = [...counts].sort(([, n], [, m]) => m - n).map(([source, n]) =>
    `${name(source)} ${groupDigits(n)}`
  );
  return words.length === 0 ? "none" : someOf(words, false).join(", ");
}

function appRows({ latest_thread, user_event_drift, session_index, ui_state }: AppReport, view: View): Rows {
  const index = session_index.exists
    ? `${plural(session_index.entries, "entry", "entries")} for ${plural(session_index.threads, "thread")}`
    : "no session_index.jsonl";
  return [
    [
      "Newest in app",
      latest_thread === null
        ? "none"
        : `${name(latest_thread.id)}, provider ${providerName(latest_thread.provider)}`,
    ],
    ["Name index", index],
    ["App state", uiStateLines(ui_state, view)],
    ...(user_event_drift === 0 ? [] : [
      [
        "User events",
        `${plural(user_event_drift, "row says", "rows say")} that the user wrote nothing`,
      ] as const,
    ]),
  ];
}

function uiStateLines({ exists, readable, keys, keys_total }: AppReport["ui_state"], view: View): string[] {
  if (!exists) return ["no .codex-global-state.json"];
  if (!readable) return [view.style.yellow(".codex-global-state.json cannot be read")];
  const about = `${plural(keys.length, "key")} of ${groupDigits(keys_total)} about the sidebar`;
  return [about, ...(view.verbose ? keys.map((key) => `  ${line(key)}`) : [])];
}

/** Values with their counts, the most frequent first. */
function shares(counts: Readonly<Record<string, number>>, { verbose, style }: View): string[] {
  const entries = Object.entries(counts).sort(([, n], [, m]) => m - n);
  const shown = verbose ? entries : entries.slice(0, SHOWN_VALUES);
  const rows = shown.map(([value, n]): Cell[] => [
    { text: groupDigits(n), right: true },
    { text: line(value) },
  ]);
  const rest = entries.length - shown.length;
  return [
    ...table(rows),
    ...(rest === 0 ? [] : [style.dim(`… and ${plural(rest, "more folder", "more folders")} (--verbose)`)]),
  ];
}

function groupLines({ groups }: AuditReport): string[] {
  return table(groups.map(({ source, provider, archived, threads }): Cell[] => [
    { text: groupDigits(threads), right: true },
    { text: name(source) },
    { text: providerName(provider) },
    { text: archived ? "archived" : "active" },
  ]));
}

function integrityLines({ integrity }: AuditReport, maxSamples: number, view: View): string[] {
  const classes: readonly (readonly [string, IntegrityReport])[] = [
    ["threads on disk, not in the database", integrity.disk_not_in_db],
    ["threads in the database, not on disk", integrity.db_not_on_disk],
    ["rows that name a file that is not there", integrity.missing_rollout_path],
    ["threads with the same file twice", integrity.duplicate_rollout_ids],
  ];
  const width = Math.max(...classes.map(([, { count }]) => groupDigits(count).length));
  return classes.flatMap(([words, { count, samples }]) => {
    const mark = count === 0 ? view.style.dim : view.style.yellow;
    return [
      `${mark(groupDigits(count).padStart(width))}  ${words}`,
      ...indent(sampleLines(samples, Math.min(maxSamples, SHOWN_DOUBTS), view), " ".repeat(width + 2)),
    ];
  });
}

/** Whole samples where everything is asked for, else the ids that they begin with: findings have told the rest. */
function sampleLines(samples: readonly string[], most: number, view: View): string[] {
  if (view.verbose) return samples.map(line).map(view.style.dim);
  return someOf(samples.map((sample) => line(sample.replace(/: .*/s, ""))), false, most).map(view.style.dim);
}
