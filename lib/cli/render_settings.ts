/** What `handoff init-config` and `handoff validate` print. */
import type { View } from "./command.ts";
import { plural } from "./layout.ts";
import { block, facts, line } from "./render_parts.ts";

/** What `validate` has found. */
export interface ValidateReport {
  readonly file: string;
  readonly valid: boolean;
  readonly faults: readonly FaultReport[];
  /** What has no effect. */
  readonly remarks: readonly FaultReport[];
  /** Where things are; null where there is a fault. */
  readonly places: {
    readonly machine: string;
    readonly local: string;
    readonly cloud: string;
    readonly backup: string;
  } | null;
}

/** One fault in a document. */
export interface FaultReport {
  readonly line: number | null;
  readonly key: string;
  readonly message: string;
  readonly hint: string | null;
}

/** What was written, and what comes next. */
export function initText(
  { file, backup }: { readonly file: string | null; readonly backup: string | null },
  next: string,
  { style }: View,
): string[] {
  if (file === null) return [];
  return [
    `Settings written to ${line(file)}`,
    ...(backup === null ? [] : [`The old file is ${line(backup)}`]),
    "Look at identity.machine_id and paths.cloud_root_dir in it; the rest can stay.",
    `${style.dim("next:")} ${line(next)}`,
  ];
}

/** Every fault on a line of its own, with what to do below it. */
export function validateText(report: ValidateReport, view: View): string[] {
  const { faults, remarks, places } = report;
  return [
    ...facts([["Settings", line(report.file)]], view.style),
    ...block("Faults", faults.flatMap((one) => faultLines(one, view)), view),
    ...block("Without effect", remarks.flatMap((one) => faultLines(one, view)), view),
    ...(places === null ? [] : [
      "",
      ...facts([
        ["Machine", line(places.machine)],
        ["Home", line(places.local)],
        ["Folder", line(places.cloud)],
        ["Snapshots", line(places.backup)],
      ], view.style),
    ]),
    "",
    validateVerdict(report),
  ];
}

function faultLines({ line: at, message, hint }: FaultReport, { style }: View): string[] {
  const place = at === null ? "" : `line ${at}: `;
  return [place + line(message), ...(hint === null ? [] : [`  ${style.dim("hint:")} ${line(hint)}`])];
}

/** How it stands, in one line. */
export function validateVerdict({ valid, faults }: ValidateReport): string {
  return valid ? "the settings are right" : `${plural(faults.length, "fault")} in the settings`;
}
