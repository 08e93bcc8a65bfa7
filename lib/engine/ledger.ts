/**
 * The ledger: which provider a thread belonged to when it was first changed. Append-only, never pruned, so that
 * `restore --originals` works long after the records are gone.
 */
import { type AbsPath, joinPath } from "../core/path.ts";
import { meaningOf, type Plan } from "../core/plan.ts";
import { asObject } from "../core/plan_json.ts";
import type { Disk } from "../system/disk.ts";
import type { Machine } from "../system/machine.ts";
import { linesWith } from "../text/jsonl.ts";
import { ownFile } from "./own_file.ts";
import { recordsDir } from "./records.ts";

const LEDGER = "ledger.jsonl";
/** Every line of the ledger holds this; a torn one that does not is passed over. */
const MARKER = new TextEncoder().encode('{"thread":');

/** Provider by thread id, as first seen. Lines that a crash tore are passed over. */
export function readLedger(disk: Disk, home: AbsPath): Map<string, string> {
  const originals = new Map<string, string>();
  const path = joinPath(recordsDir(home), LEDGER);
  if (disk.lstat(path) === undefined) return originals;
  const file = disk.openRead(path);
  try {
    for (const line of linesWith(file, [MARKER])) {
      const entry = line.tooLong ? undefined : parse(line.bytes);
      if (entry && !originals.has(entry.thread)) originals.set(entry.thread, entry.provider);
    }
  } finally {
    file.close();
  }
  return originals;
}

function parse(bytes: Uint8Array): { thread: string; provider: string } | undefined {
  try {
    const { thread, provider } = asObject(JSON.parse(new TextDecoder().decode(bytes)), "entry");
    return typeof thread === "string" && typeof provider === "string" ? { thread, provider } : undefined;
  } catch {
    return undefined;
  }
}

/** Writes down the threads of `plan` that the ledger does not know yet. On the disk when it returns. */
export function appendLedger(machine: Machine, plan: Plan): void {
  const fresh = originalsOf(plan);
  if (fresh.size === 0) return;
  const known = readLedger(machine.disk, plan.home);
  const seen = machine.now().toISOString();
  const lines = [...fresh].filter(([thread]) => !known.has(thread)).map(([thread, provider]) =>
    JSON.stringify({ thread, provider, seen }) + "\n"
  );
  if (lines.length === 0) return;
  const path = joinPath(recordsDir(plan.home), LEDGER);
  ownFile(machine.disk, path);
  const file = machine.disk.openAppend(path, 0o600);
  try {
    // The first newline closes off a line that an interrupted run may have torn.
    file.write(new TextEncoder().encode("\n" + lines.join("")));
    file.sync();
  } finally {
    file.close();
  }
}

/** What the plan says each thread belonged to: its file's word, else its row's. */
function originalsOf(plan: Plan): Map<string, string> {
  const originals = new Map<string, string>();
  for (const change of plan.changes) {
    if (change.kind === "drop" || change.thread === undefined || originals.has(change.thread)) continue;
    const before = meaningOf(change).model_provider?.before;
    if (typeof before === "string") originals.set(change.thread, before);
  }
  return originals;
}
