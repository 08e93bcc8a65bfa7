/** The command line contract as values: exit statuses of every command, and the shape of every JSON document. */
import { assert, assertEquals } from "../assert.ts";

/** A document that a run printed with `--json`. */
export interface Document {
  readonly schema: string;
  readonly command: string | null;
  readonly ok: boolean;
  readonly exit_code: number;
  readonly result: unknown;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly errors: readonly { readonly code: string; readonly message: string; readonly hint?: string }[];
}

/** The value at a dotted path (`plan.skipped.0.reason`) of a document's result; undefined when there is none. */
export function pick({ result }: Pick<Document, "result">, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => {
    if (typeof value !== "object" || value === null) return undefined;
    return key === "length" && Array.isArray(value) ? value.length : (value as Record<string, unknown>)[key];
  }, result);
}

const WRITING = [3, 5, 6, 7, 8, 9, 10, 130];

/** Exit statuses besides 0, 1 and 4. */
export const EXIT_CODES: Readonly<Record<string, readonly number[]>> = {
  status: [7],
  diagnose: [7, 10],
  explain: [7],
  sync: WRITING,
  switch: WRITING,
  repair: WRITING,
  apply: [2, ...WRITING],
  backups: [5, 6, 9, 10],
  restore: [2, ...WRITING],
  recover: [3, 5, 6, 7, 8, 9],
  handoff: [2, 3, 5, 6, 8, 9, 10],
  schedule: [5],
};

/** Requires that a command line ends with a status that the contract has for it. */
export function checkExitCode(args: readonly string[], code: number): void {
  const command = args.find((word) => Object.hasOwn(EXIT_CODES, word)) ?? "";
  const allowed = [0, 1, 4, ...EXIT_CODES[command] ?? []];
  assert(allowed.includes(code), `"${args.join(" ")}" ended with ${code}, not one of ${allowed}`);
}

/** A shape: a type name, a list of one shape, a map of one shape, or an object with at least these fields. */
type Shape = string | readonly [Shape] | { readonly mapOf: Shape } | { readonly [field: string]: Shape };

const COUNTS = {
  rollouts: { active: "number", archived: "number", compressed: "number", damaged: "number" },
  threads: { total: "number", active: "number", archived: "number" },
  providers: { rollouts: { mapOf: "number" }, database: { mapOf: "number" } },
} as const;

const RECORD = {
  id: "string",
  created_at: "string",
  purpose: "string",
  changes: "number",
  bytes: "number",
  state: "string",
} as const;

const STATUS = {
  home: "string",
  provider: { id: "string", source: "string" },
  databases: [{ path: "string", live: "boolean", threads: "number|null", problem: "object|null" }],
  ...COUNTS,
  encrypted: { mapOf: "number" },
  codex: {
    running: "boolean",
    processes: [{ pid: "number", name: "string", command: "string", why: "string" }],
    busy_threads: ["string"],
  },
  pending_record: "string|null",
  records: [RECORD],
  verdict: "string",
  next: "string|null",
} as const;

const PLAN = {
  digest: "string",
  changes: "number",
  by_kind: { mapOf: "number" },
  skipped: [{ subject: "string", reason: "string" }],
} as const;

const WRITE = {
  plan: PLAN,
  applied: "boolean",
  record: "string|null",
  verified: "boolean|null",
  before: "object|null",
  after: "object|null",
} as const;

const INTEGRITY = { count: "number", samples: ["string"] } as const;

const AUDIT = {
  sessions_rollouts: "number",
  archived_rollouts: "number",
  rollouts_total: "number",
  threads_total: "number",
  threads_active: "number",
  threads_archived: "number",
  by_provider: { mapOf: "number" },
  by_cwd: { mapOf: "number" },
  groups: [{ source: "string", provider: "string", archived: "boolean", threads: "number" }],
  integrity: {
    disk_not_in_db: INTEGRITY,
    db_not_on_disk: INTEGRITY,
    missing_rollout_path: INTEGRITY,
    duplicate_rollout_ids: INTEGRITY,
  },
} as const;

const APP = {
  latest_thread: "object|null",
  user_event_drift: "number",
  session_index: { exists: "boolean", entries: "number", threads: "number" },
  ui_state: { exists: "boolean", readable: "boolean", keys: ["string"], keys_total: "number" },
} as const;

const FAULT = { line: "number|null", key: "string", message: "string", hint: "string|null" } as const;

/** `result` of every command that has one. */
const RESULTS: Readonly<Record<string, Shape>> = {
  status: STATUS,
  diagnose: {
    ...STATUS,
    findings: [{
      code: "string",
      severity: "string",
      count: "number",
      repair: "string|null",
      message: "string",
      samples: ["string"],
      cure: "string|null",
    }],
    app_provider: { id: "string", inferred_from: "string" },
    audit: AUDIT,
    app: APP,
    safety: "string",
  },
  explain: {
    thread: { id: "string", files: [{ path: "string", damage: "string|null" }], row: "object|null" },
    readers: [{ reader: "string", visible: "boolean", because: "string" }],
    causes: [{
      code: "string",
      severity: "string",
      message: "string",
      hides: ["string"],
      samples: ["string"],
      cure: "string|null",
      hint: "string|null",
    }],
    remarks: ["string"],
  },
  "backups export": { record: "string", file: "string|null", rows: "number", moves: "list" },
  sync: WRITE,
  switch: WRITE,
  repair: WRITE,
  apply: WRITE,
  restore: WRITE,
  "backups prune": WRITE,
  "backups list": { records: [RECORD] },
  "backups show": { ...RECORD, files: ["string"] },
  "backups verify": { records: [{ id: "string", ok: "boolean", state: "string", problems: ["string"] }] },
  recover: { recovered: ["string"], swept: "number", left: [{ subject: "string", reason: "string" }] },
  version: { version: "string" },
  "schedule install": {
    name: "string",
    kind: "string",
    mode: "string",
    files: [{ path: "string", content: "string", state: "string" }],
    commands: ["string"],
    applied: "boolean",
    installed: "boolean",
  },
  "schedule remove": { name: "string", jobs: "list", applied: "boolean" },
  "schedule show": { name: "string", jobs: "list" },
  "handoff init-config": { file: "string|null", backup: "string|null" },
  "handoff validate": {
    file: "string",
    valid: "boolean",
    faults: [FAULT],
    remarks: [FAULT],
    places: "object|null",
  },
};

/** Requires that a document is as the contract says, and gives it back typed. */
export function checkDocument(value: unknown): Document {
  const keys = Object.keys(value as object);
  assertEquals(keys, ["schema", "command", "ok", "exit_code", "result", "warnings", "errors"]);
  const remark = { code: "string", message: "string" } as const;
  checkShape(value, {
    schema: "string",
    command: "string|null",
    ok: "boolean",
    exit_code: "number",
    result: "object|null",
    warnings: [remark],
    errors: [remark],
  }, "document");
  const document = value as Document;
  assertEquals(document.schema, "codexkeep/1");
  assertEquals(document.ok, document.exit_code === 0);
  for (const { code, message } of [...document.warnings, ...document.errors]) {
    assert(/^[a-z]+(-[a-z]+)*$/.test(code), `"${code}" is a code`);
    assert(message !== "", "a message says something");
  }
  if (document.exit_code !== 0 && document.result === null) assert(document.errors.length > 0);
  const shape = RESULTS[document.command ?? ""];
  if (shape !== undefined && document.result !== null) checkShape(document.result, shape, "result");
  return document;
}

function checkShape(value: unknown, shape: Shape, at: string): void {
  if (typeof shape === "string") {
    const type = value === null ? "null" : Array.isArray(value) ? "list" : typeof value;
    assert(shape.split("|").includes(type), `${at} is ${type}, not ${shape}`);
  } else if (Array.isArray(shape)) {
    assert(Array.isArray(value), `${at} is a list`);
    value.forEach((item: unknown, n) => checkShape(item, shape[0] as Shape, `${at}[${n}]`));
  } else {
    assert(typeof value === "object" && value !== null && !Array.isArray(value), `${at} is an object`);
    const fields = value as Record<string, unknown>;
    if ("mapOf" in shape) {
      for (const [key, one] of Object.entries(fields)) checkShape(one, shape.mapOf as Shape, `${at}.${key}`);
    } else {
      for (const [key, one] of Object.entries(shape as Record<string, Shape>)) {
        assert(Object.hasOwn(fields, key), `${at} has "${key}"`);
        checkShape(fields[key], one, `${at}.${key}`);
      }
    }
  }
}
