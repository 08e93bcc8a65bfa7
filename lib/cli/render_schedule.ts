/** What `schedule …` prints: files and commands whole, for they are shown before they are written and run. */
import type { JobPart } from "../handoff/schedule.ts";
import { quote } from "../text/terminal.ts";
import type { View } from "./command.ts";
import { indent } from "./layout.ts";
import { block, facts, line, name as shortName } from "./render_parts.ts";

/** A job that is to be installed, or was. */
export interface InstallReport {
  readonly name: string;
  readonly kind: string;
  readonly mode: "dry-run" | "apply";
  readonly program: string;
  readonly args: readonly string[];
  readonly every_minutes: number | null;
  readonly at: string | null;
  readonly files: readonly {
    readonly path: string;
    readonly content: string;
    readonly state: "same" | "other" | "missing";
  }[];
  /** What is run to make it known. */
  readonly commands: readonly string[];
  readonly applied: boolean;
  readonly installed: boolean;
}

/** Jobs that are to be removed, or were. */
export interface RemoveReport {
  readonly name: string;
  readonly jobs: readonly {
    readonly kind: string;
    readonly parts: readonly JobPart[];
    readonly commands: readonly string[];
  }[];
  readonly applied: boolean;
}

/** Jobs that are there. */
export interface ShowReport {
  readonly name: string;
  readonly jobs: readonly { readonly kind: string; readonly parts: readonly JobPart[] }[];
}

const STATES = { same: "there already", other: "is replaced", missing: "new" } as const;

/** The job, its files and commands, and what became of it; without the files where they were shown above a question. */
export function installText(report: InstallReport, isShown: boolean, view: View): string[] {
  const verdict = ["", installVerdict(report)];
  if (isShown) return verdict;
  const when = report.at === null
    ? `every ${report.every_minutes} minutes`
    : `every day at ${line(report.at)}`;
  return [
    ...facts([
      ["Job", shortName(report.name)],
      ["Scheduler", report.kind],
      ["When", when],
      [
        "Does",
        report.mode === "apply" ? "the hand-over" : "shows the plan only (--mode apply carries it out)",
      ],
    ], view.style),
    ...report.files.flatMap(({ path, content, state }) =>
      partLines(`${path} (${STATES[state]})`, content, view)
    ),
    ...block("Made known by", report.commands.map(quote), view),
    ...verdict,
  ];
}

/** How it stands, in one line. */
export function installVerdict({ name, applied, installed }: InstallReport): string {
  if (applied) return `the job "${shortName(name)}" is installed`;
  return installed
    ? `the job "${shortName(name)}" is there in this form`
    : "nothing was written; --apply installs it";
}

/** What is removed, and how. */
export function removeText(report: RemoveReport, isShown: boolean, view: View): string[] {
  const verdict = ["", removeVerdict(report)];
  if (isShown || report.jobs.length === 0) return verdict.slice(report.jobs.length === 0 ? 1 : 0);
  return [
    ...report.jobs.flatMap(({ kind, parts, commands }) => [
      ...parts.flatMap(({ path, content }) => partLines(`${path} (${kind})`, content, view)),
      ...block("Forgotten by", commands.map(quote), view),
    ]).slice(1),
    ...verdict,
  ];
}

/** How it stands, in one line. */
export function removeVerdict({ name, jobs, applied }: RemoveReport): string {
  if (jobs.length === 0) return `there is no job "${shortName(name)}"`;
  return applied ? `the job "${shortName(name)}" is removed` : "nothing was removed; --apply removes it";
}

/** What is there. */
export function showText(report: ShowReport, view: View): string[] {
  return [
    ...report.jobs.flatMap(({ kind, parts }) =>
      parts.flatMap(({ path, content }) => partLines(`${path} (${kind})`, content, view))
    ).slice(1),
    ...(report.jobs.length === 0 ? [] : [""]),
    showVerdict(report),
  ];
}

/** How it stands, in one line. */
export function showVerdict({ name, jobs }: ShowReport): string {
  if (jobs.length === 0) return `there is no job "${shortName(name)}"`;
  return `the job "${shortName(name)}" is known to ${jobs.map(({ kind }) => kind).join(" and ")}`;
}

function partLines(title: string, content: string, { style }: View): string[] {
  const lines = content.replace(/\r?\n$/, "").split(/\r?\n/).map(quote);
  return ["", style.bold(line(title)), ...indent(lines)];
}
