/**
 * A record: what a run leaves behind, and at once its backup, its journal and its undo. Three files in a folder:
 * `manifest.json` (what and why), `changes.jsonl` (every change with its before-image) and `journal.jsonl` (how far
 * the run came). Every byte of them is covered by a checksum, so a flipped bit is found before it is used.
 */
import { sha256 } from "./bytes.ts";
import { AppError } from "./error.ts";
import type { AbsPath, RelPath } from "./path.ts";
import type { Move, Purpose } from "./plan.ts";
import { asObject, asText } from "./plan_json.ts";

/** Names of the files of a record. */
export const RECORD_FILES = {
  manifest: "manifest.json",
  changes: "changes.jsonl",
  journal: "journal.jsonl",
  /** The old files, held by hard link while the run lasts, and for good where only the whole file can be put back. */
  held: "held",
} as const;

/** The head of a record. */
export interface Manifest {
  readonly id: string;
  readonly seq: number;
  readonly createdAt: string;
  readonly purpose: Purpose;
  readonly home: AbsPath;
  readonly version: string;
  readonly planDigest: string;
  readonly changes: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly threads: number;
  readonly moves: readonly Move[];
  /** Record that this run took back. */
  readonly reverts: string | undefined;
  readonly changesSha256: string;
  readonly changesBytes: number;
}

/** One entry of the journal. `n` is the index of a change in the plan's order. */
export type JournalEntry =
  /** Everything needed for undo is on disk; from here on the home may be changed. */
  | { readonly event: "prepared" }
  /** The files in the list are about to be replaced. */
  | { readonly event: "begin"; readonly files: readonly StagedFile[] }
  /** Files are about to get or lose names, and these folders to be made, the outer ones first. */
  | {
    readonly event: "names";
    readonly files: readonly NamedFile[];
    readonly folders: readonly RelPath[];
  }
  /** A begun change was taken back, or never made, because somebody else was at work there. */
  | { readonly event: "skipped"; readonly n: number; readonly reason: string }
  /** The rows are about to be committed, in one transaction per database. */
  | { readonly event: "rows" }
  /** All is done and verified; the run can no longer be interrupted, only restored. */
  | { readonly event: "committed" }
  /** The run was taken back; the home is as it was. */
  | { readonly event: "undone" };

/** What is known of a file when its replacement begins. */
export interface StagedFile {
  readonly n: number;
  readonly before: string;
  readonly after: string;
  /** Bytes of the file on disk after. */
  readonly size: number;
}

/** What a file that is to be moved or taken away was like just before; of one to be made, what it will be. */
export interface NamedFile {
  readonly n: number;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds; 0 for a file to be made. */
  readonly mtimeMs: number;
}

/** How far a run came. */
export type RecordState = "complete" | "pending" | "undone" | "damaged";

const SCHEMA = "codexkeep-record/1";

/** The manifest as the text of its file: canonical JSON with a checksum of itself. */
export function serializeManifest(manifest: Manifest): string {
  const body = { schema: SCHEMA, ...manifest, reverts: manifest.reverts ?? null };
  return JSON.stringify({ ...body, sha256: sha256(JSON.stringify(body)) }) + "\n";
}

/** Reads a manifest; throws `record-damaged` unless every byte is as it was written. */
export function parseManifest(text: string): Manifest {
  const { sha256: sum, schema, ...fields } = parseObject(text, "manifest");
  const known = schema === SCHEMA && sum === sha256(JSON.stringify({ schema, ...fields }));
  if (!known) throw damaged("manifest does not match its checksum");
  if (!isManifest(fields)) throw damaged("manifest is not in the form of one");
  const manifest = { ...fields, reverts: fields.reverts ?? undefined };
  if (serializeManifest(manifest) !== text) throw damaged("manifest is not in the form it was written");
  return manifest;
}

const PURPOSES: Readonly<Record<Purpose, true>> = {
  sync: true,
  switch: true,
  repair: true,
  restore: true,
  handoff: true,
};

/** A checksum can be made by anybody; every field is of its type before any of them is used or shown. */
function isManifest(fields: Record<string, unknown>): fields is Record<string, unknown> & Manifest {
  const { byKind, moves, reverts } = fields;
  const texts = [fields.id, fields.createdAt, fields.home, fields.version];
  const counts = [fields.seq, fields.changes, fields.threads, fields.changesBytes];
  return texts.every((one) => typeof one === "string") && counts.every(isCount) &&
    !Number.isNaN(Date.parse(String(fields.createdAt))) && typeof fields.purpose === "string" &&
    Object.hasOwn(PURPOSES, fields.purpose) &&
    isSha256(fields.planDigest) && isSha256(fields.changesSha256) &&
    (reverts === null || reverts === undefined || typeof reverts === "string") &&
    isFields(byKind) && Object.values(byKind).every(isCount) &&
    isListOf(
      moves,
      ({ from, to, threads }) => typeof from === "string" && typeof to === "string" && isCount(threads),
    );
}

/** One journal line, with a checksum that chains nothing: each line stands for itself. */
export function serializeEntry(entry: JournalEntry): string {
  const body = JSON.stringify(entry);
  return JSON.stringify({ sum: sha256(body).slice(0, 16), entry }) + "\n";
}

/**
 * Reads a journal. A torn last line, as a crash leaves it, is not an entry; anything else that is not as written
 * throws `record-damaged`, and so does a journal without its first entry, which is there before the record is.
 */
export function parseJournal(text: string): JournalEntry[] {
  const entries = readEntries(text);
  if (entries[0]?.event !== "prepared") throw damaged("journal does not begin as every journal does");
  return entries;
}

function readEntries(text: string): JournalEntry[] {
  const lines = text.split("\n");
  const tail = lines.pop() ?? "";
  const entries = lines.map((line, index) => requireEntry(line, index + 1));
  const last = parseEntry(tail);
  if (last !== undefined) return [...entries, last];
  // A whole entry with one more byte is no torn line: its newline was altered, and what it says must not be lost.
  if (parseEntry(tail.slice(0, -1)) !== undefined) {
    throw damaged(`journal line ${lines.length + 1} was altered`);
  }
  return entries;
}

function requireEntry(line: string, number: number): JournalEntry {
  const entry = parseEntry(line);
  if (entry === undefined) throw damaged(`journal line ${number} does not match its checksum`);
  return entry;
}

function parseEntry(line: string): JournalEntry | undefined {
  if (!line.endsWith("}")) return undefined;
  try {
    const { sum, entry } = asObject(JSON.parse(line), "entry");
    const same = sum === sha256(JSON.stringify(entry)).slice(0, 16) &&
      JSON.stringify({ sum, entry }) === line;
    return same && isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** A checksum can be made by anybody; what does not have the form of an entry is none. */
function isEntry(value: unknown): value is JournalEntry {
  const entry = asObject(value, "entry");
  switch (entry.event) {
    case "prepared":
    case "rows":
    case "committed":
    case "undone":
      return true;
    case "begin":
      return isListOf(
        entry.files,
        ({ n, before, after, size }) => isCount(n) && isCount(size) && isSha256(before) && isSha256(after),
      );
    case "names":
      return isListOf(
        entry.files,
        ({ n, size, mtimeMs }) => isCount(n) && isCount(size) && Number.isFinite(mtimeMs),
      ) &&
        Array.isArray(entry.folders) && entry.folders.every((one) => typeof one === "string");
    case "skipped":
      return isCount(entry.n) && typeof entry.reason === "string";
    default:
      return false;
  }
}

function isListOf(value: unknown, has: (fields: Record<string, unknown>) => boolean): boolean {
  return Array.isArray(value) && value.every((item: unknown) => isFields(item) && has(item));
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSha256(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/** What the journal says of the run. */
export function stateOf(journal: readonly JournalEntry[]): RecordState {
  const last = journal.at(-1);
  if (last?.event === "committed") return "complete";
  return last?.event === "undone" ? "undone" : "pending";
}

const ID = /^(\d{6,15})-(\d{8}T\d{6}Z)-([a-z]+)-([0-9a-f]{8})$/;

/** Id of a record: a number that orders it whatever the clock says, the time, the purpose and a few random digits. */
export function recordId(seq: number, at: Date, purpose: Purpose, random: string): string {
  const stamp = at.toISOString().replace(/[-:]/g, "").replace(/\.\d+/, "");
  return `${String(seq).padStart(6, "0")}-${stamp}-${purpose}-${random}`;
}

/** The sequence number in a record id; undefined for any other name. */
export function sequenceOf(id: string): number | undefined {
  const match = ID.exec(id);
  return match ? Number(match[1]) : undefined;
}

/** Orders record ids newest first: by their numbers, which the clock has no part in. */
export function byNewest(a: string, b: string): number {
  return (sequenceOf(b) ?? 0) - (sequenceOf(a) ?? 0) || (a < b ? 1 : -1);
}

/** Throws `record-unknown` unless `id` has the form of a record id, so that it is safe as a folder name. */
export function requireRecordId(id: unknown): string {
  if (typeof id === "string" && ID.test(id)) return id;
  throw new AppError("record-unknown", `${JSON.stringify(id)} is no record id`, {
    hint: "codexkeep backups list",
  });
}

function parseObject(text: string, what: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(text), what);
  } catch (cause) {
    throw damaged(`${what} is not readable`, cause);
  }
}

function damaged(message: string, cause?: unknown): AppError {
  return new AppError("record-damaged", message, { cause, hint: "codexkeep backups verify" });
}

/** Requires that a manifest speaks of the folder and the home it was found in. Throws `record-damaged`. */
export function checkManifest(manifest: Manifest, id: string, home: AbsPath): void {
  if (manifest.id !== id) throw damaged(`the manifest in "${id}" belongs to "${asText(manifest.id, "id")}"`);
  if (manifest.home !== home) {
    throw new AppError("record-damaged", `record "${id}" was made in another home, "${manifest.home}"`, {
      hint: "use it with the home it was made in",
    });
  }
}
