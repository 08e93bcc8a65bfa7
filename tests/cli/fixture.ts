/** Worlds, terminals and reports for the tests of the command line. */
import type { Command, Outcome, Versions, View } from "../../lib/cli/command.ts";
import { makeOutcome } from "../../lib/cli/outcome.ts";
import { runIn, type World } from "../../lib/cli/run.ts";
import { makeStyle, PLAIN } from "../../lib/cli/style.ts";
import type { AuditReport } from "../../lib/core/audit_report.ts";
import type {
  Counts,
  DiagnoseReport,
  ExplainReport,
  ExportReport,
  RecordDetailReport,
  RecordReport,
  RecordsReport,
  StatusReport,
  WriteReport,
} from "../../lib/core/report.ts";
import { realMachine } from "../../lib/system/machine.ts";

/** Eighty columns without colour. */
export const VIEW: View = { style: PLAIN, width: 80, verbose: false };
/** The same with colour. */
export const COLOR_VIEW: View = { ...VIEW, style: makeStyle(true) };

/** What a run printed and how it ended. */
export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What may differ from a run in a pipe without any environment. */
export interface Setting {
  readonly commands: readonly Command[];
  readonly env?: Readonly<Record<string, string>>;
  readonly outIsTerminal?: boolean;
  readonly errIsTerminal?: boolean;
  readonly inIsTerminal?: boolean;
  readonly typed?: readonly string[];
  readonly signal?: AbortSignal;
}

const VERSIONS: Versions = {
  codexkeep: "1.2.3",
  deno: "2.0.0",
  v8: "14",
  platform: "linux x86_64",
  sqlite: () => Promise.resolve("3.53.2"),
};

/** Runs a command line in a made-up world. */
export async function runLine(setting: Setting, ...argv: readonly string[]): Promise<Printed> {
  const { commands, env = {}, signal = new AbortController().signal } = setting;
  const printed = { out: "", err: "" };
  const typed = [...setting.typed ?? []];
  const world: World = {
    commands,
    machine: { ...realMachine(), env: (name) => env[name] },
    versions: VERSIONS,
    terminal: {
      out: { isTerminal: setting.outIsTerminal ?? false, write: (text) => printed.out += text },
      err: { isTerminal: setting.errIsTerminal ?? false, write: (text) => printed.err += text },
      inIsTerminal: setting.inIsTerminal ?? false,
      width: 80,
      readLine: () => Promise.resolve(typed.shift() ?? null),
    },
  };
  return { code: await runIn(world, argv, signal), ...printed };
}

/** A command for one test. */
export function testCommand(run: Command["run"], more: Partial<Command> = {}): Command {
  return {
    name: "probe",
    aliases: [],
    summary: "",
    description: [],
    flags: [],
    args: [],
    effects: "reads",
    examples: [],
    exitCodes: [],
    run,
    ...more,
  };
}

/** An outcome with text, verdict, warning and result. */
export function sampleOutcome(more: Partial<Outcome> = {}): Outcome {
  const outcome = makeOutcome({
    command: "probe",
    result: { answer: 42 },
    text: ({ style }) => [style.bold("first line"), "second line"],
    verdict: "all is well",
    warnings: [{ code: "odd", message: "that is odd", hint: "look closer" }],
  });
  return { ...outcome, ...more };
}

/** Counts in which every foreign text is `text`. */
export function counts(text: string): Counts {
  return {
    rollouts: { active: 1391, archived: 2, compressed: 3, damaged: 1 },
    threads: { total: 1393, active: 1391, archived: 2 },
    providers: { rollouts: { [text]: 1391, openai: 2 }, database: { [text]: 1390, openai: 2 } },
  };
}

/** A record in which every foreign text is `text`. */
export function record(text: string): RecordReport {
  return { id: text, created_at: text, purpose: text, changes: 2782, bytes: 1_400_000, state: "complete" };
}

/** A status in which every foreign text is `text`. */
export function status(text: string): StatusReport {
  return {
    ...counts(text),
    home: text,
    provider: {
      id: text,
      source: text,
      layers: [{ name: text, provider: text }, { name: text, provider: null }],
    },
    databases: [
      { path: text, live: true, origin: text, because: text, threads: 1391, problem: null },
      {
        path: text,
        live: false,
        origin: text,
        because: text,
        threads: null,
        problem: { code: "database-malformed", message: text },
      },
    ],
    encrypted: { [text]: 12 },
    codex: {
      running: true,
      processes: [{ pid: 4711, name: text, command: text, why: text }],
      busy_threads: [text],
    },
    pending_record: text,
    records: [record(text)],
    verdict: text,
    next: text,
  };
}

/** Numbers in which every foreign text is `text`. */
function audit(text: string): AuditReport {
  const folders = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`${text}/${n}`, 20 - n]));
  const some = { count: 4, samples: [text, text, text, text] };
  return {
    sessions_rollouts: 1391,
    archived_rollouts: 2,
    rollouts_total: 1393,
    threads_total: 1392,
    threads_active: 1390,
    threads_archived: 2,
    by_provider: { [text]: 1390, openai: 2 },
    by_cwd: { [text]: 1170, ...folders },
    groups: [
      { source: text, provider: text, archived: false, threads: 1390 },
      { source: "cli", provider: "<empty>", archived: true, threads: 2 },
    ],
    integrity: {
      disk_not_in_db: some,
      db_not_on_disk: some,
      missing_rollout_path: { count: 0, samples: [] },
      duplicate_rollout_ids: some,
    },
  };
}

/** A diagnosis in which every foreign text is `text`. */
export function diagnosis(text: string): DiagnoseReport {
  const samples = Array.from({ length: 25 }, () => text);
  return {
    ...status(text),
    app_provider: { id: text, inferred_from: text },
    audit: audit(text),
    app: {
      latest_thread: { id: text, provider: text, updated_at: text },
      user_event_drift: 3,
      session_index: { exists: true, entries: 12, threads: 10 },
      ui_state: { exists: true, readable: true, keys: [text, text], keys_total: 9 },
    },
    safety: text,
    findings: [
      {
        code: "record-pending",
        severity: "info",
        count: 1,
        repair: undefined,
        cure: null,
        message: text,
        samples: [],
      },
      {
        code: "provider-mismatch",
        severity: "error",
        count: 1391,
        repair: text,
        cure: `codexkeep repair ${text}`,
        message: text,
        hint: text,
        samples,
      },
      {
        code: "database-split",
        severity: "warning",
        count: 2,
        repair: undefined,
        cure: null,
        message: text,
        samples: [text],
      },
    ],
  };
}

/** An explanation in which every foreign text is `text`. */
export function explanation(text: string): ExplainReport {
  return {
    thread: {
      id: text,
      provider: { first_line: text, recorded: null, database: text },
      current_provider: text,
      source: text,
      cwd: text,
      archived: true,
      history_mode: text,
      rollouts: [text, text],
      busy: true,
      account_bound: true,
      files: [
        { path: text, archived: false, compressed: true, segment: text, damage: text },
        { path: text, archived: true, compressed: false, segment: null, damage: null },
      ],
      row: {
        rollout_path: text,
        file: null,
        cwd: text,
        source: text,
        archived: true,
        has_preview: false,
        updated_at: text,
      },
    },
    readers: [
      { reader: text, visible: true, because: text },
      { reader: text, visible: false, because: text },
    ],
    causes: [
      {
        code: "provider-mismatch",
        severity: "warning",
        message: text,
        hides: [text, text],
        samples: Array.from({ length: 7 }, () => text),
        cure: text,
        hint: null,
      },
      { code: text, severity: "error", message: text, hides: [], samples: [], cure: null, hint: text },
      { code: text, severity: "info", message: text, hides: [], samples: [text], cure: text, hint: text },
    ],
    remarks: [text],
  };
}

/** An export in which every foreign text is `text`. */
export function exported(text: string): ExportReport {
  return { record: text, file: text, rows: 3, moves: [{ from: text, to: text, threads: 3 }] };
}

/** A run that was carried out, in which every foreign text is `text`. */
export function written(text: string): WriteReport {
  return {
    plan: {
      digest: text,
      changes: 2782,
      by_kind: { edit: 1388, recode: 3, row: 1391, [text]: 1 },
      threads: 1391,
      moves: [{ from: text, to: text, threads: 1391 }],
      files: Array.from({ length: 20 }, () => text),
      skipped: Array.from({ length: 12 }, () => ({ subject: text, reason: text })),
    },
    applied: true,
    record: text,
    verified: true,
    before: counts(text),
    after: counts(text),
    pruned: [text],
  };
}

/** A list of records in which every foreign text is `text`. */
export function records(text: string): RecordsReport {
  return { directory: text, records: [record(text), { ...record(text), state: "pending" }], foreign: [text] };
}

/** A record in detail in which every foreign text is `text`. */
export function recordDetail(text: string): RecordDetailReport {
  return {
    ...record(text),
    directory: text,
    home: text,
    moves: [{ from: text, to: text, threads: 3 }],
    by_kind: { [text]: 3 },
    files: [text],
    threads: 3,
    reverts: text,
  };
}
