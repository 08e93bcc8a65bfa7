/** Changes read back from JSON that somebody may have altered: every field is checked, and nothing else is kept. */
import { type ByteString, parseByteString } from "./bytes.ts";
import { AppError } from "./error.ts";
import { type AbsPath, requireRelPath } from "./path.ts";
import type { Cell, Change, EntryChange, MoveChange, PutChange, RowChange } from "./plan.ts";
import type { Splice } from "./splice.ts";

/**
 * One change with exactly the fields it has, in one order, whatever else `value` holds. Throws `plan-invalid` or
 * `unsafe-path`.
 */
export function parseChange(value: unknown): Change {
  const fields = asObject(value, "change");
  const thread = fields.thread === undefined ? undefined : asText(fields.thread, "thread");
  switch (fields.kind) {
    case "edit":
      return {
        kind: "edit",
        path: requireRelPath(fields.path),
        thread,
        sets: asCells(fields.sets),
        size: asCount(fields.size, "size"),
        mtimeMs: fields.mtimeMs === undefined ? undefined : asNumber(fields.mtimeMs, "mtimeMs"),
        leaveMtimeMs: fields.leaveMtimeMs === undefined
          ? undefined
          : asNumber(fields.leaveMtimeMs, "leaveMtimeMs"),
        splices: asSplices(fields.splices),
      };
    case "recode":
      return {
        kind: "recode",
        path: requireRelPath(fields.path),
        thread,
        sets: asCells(fields.sets),
        size: asCount(fields.size, "size"),
        mtimeMs: asNumber(fields.mtimeMs, "mtimeMs"),
        contentSize: asCount(fields.contentSize, "contentSize"),
        splices: asSplices(fields.splices),
      };
    case "put":
      return parsePut(fields, thread);
    case "move":
      return parseMove(fields, thread);
    case "make":
    case "unmake":
      return {
        kind: fields.kind,
        path: requireRelPath(fields.path),
        thread: undefined,
        sets: asCells(fields.sets),
        content: asBytes(fields.content, "content"),
      };
    case "row":
      return parseRow(fields);
    case "entry":
      return parseEntry(fields, thread);
    case "drop":
      return { kind: "drop", record: asText(fields.record, "record"), bytes: asCount(fields.bytes, "bytes") };
    default:
      throw invalid("change", "has an unknown kind");
  }
}

function parsePut(fields: Record<string, unknown>, thread: string | undefined): PutChange {
  const from = asObject(fields.from, "from");
  return {
    kind: "put",
    path: requireRelPath(fields.path),
    thread,
    sets: asCells(fields.sets),
    beforeSha256: asSha256(fields.beforeSha256, "beforeSha256"),
    from: { record: asText(from.record, "from.record"), name: asHeldName(from.name) },
    sha256: asSha256(fields.sha256, "sha256"),
    mtimeMs: asNumber(fields.mtimeMs, "mtimeMs"),
  };
}

function parseMove(fields: Record<string, unknown>, thread: string | undefined): MoveChange {
  const path = requireRelPath(fields.path);
  const to = requireRelPath(fields.to);
  if (path === to) throw invalid("to", "is where the file is already");
  return {
    kind: "move",
    path,
    to,
    thread,
    sets: asCells(fields.sets),
    size: asCount(fields.size, "size"),
    mtimeMs: asNumber(fields.mtimeMs, "mtimeMs"),
  };
}

function parseEntry(fields: Record<string, unknown>, thread: string | undefined): EntryChange {
  const { op, table } = fields;
  if (op !== "change" && op !== "add" && op !== "remove") throw invalid("op", "is no operation");
  const cells = asCells(fields.cells);
  if (op === "change" && Object.keys(cells).length === 0) throw invalid("cells", "names no column");
  const none = op === "add" ? "before" : op === "remove" ? "after" : undefined;
  if (none !== undefined && Object.values(cells).some((cell) => cell[none] !== null)) {
    throw invalid("cells", `has values of a row that is not there ${none}`);
  }
  return {
    kind: "entry",
    database: asText(fields.database, "database") as AbsPath,
    table: asName(table, "table"),
    key: asKey(fields.key),
    op,
    thread,
    cells,
  };
}

function asKey(value: unknown): EntryChange["key"] {
  const key: Record<string, string | number> = {};
  for (const [name, part] of Object.entries(asObject(value, "key"))) {
    const plain = asCellValue(part);
    if (plain === null) throw invalid("key", "names no row");
    key[asName(name, "key")] = plain;
  }
  if (Object.keys(key).length === 0) throw invalid("key", "names no row");
  return key;
}

/** A table or column; anything else could be SQL. */
function asName(value: unknown, what: string): string {
  if (typeof value === "string" && /^[a-z][a-z0-9_]{0,63}$/.test(value)) return value;
  throw invalid(what, "names a table or column that cannot exist");
}

function asBytes(value: unknown, name: string): ByteString {
  const bytes = parseByteString(value);
  if (bytes === undefined) throw invalid(name, "holds something else than bytes");
  return bytes;
}

function parseRow(fields: Record<string, unknown>): RowChange {
  const cells = asCells(fields.cells);
  if (Object.keys(cells).length === 0) throw invalid("cells", "names no column");
  return {
    kind: "row",
    database: asText(fields.database, "database") as AbsPath,
    thread: asText(fields.thread, "thread"),
    cells,
  };
}

function asSplices(value: unknown): Splice[] {
  if (!Array.isArray(value)) throw invalid("splices", "is no list");
  return value.map((item: unknown) => {
    const fields = asObject(item, "splice");
    const before = parseByteString(fields.before);
    const after = parseByteString(fields.after);
    if (before === undefined || after === undefined) {
      throw invalid("splice", "holds something else than bytes");
    }
    return { at: asCount(fields.at, "at"), before, after };
  });
}

function asCells(value: unknown): Record<string, Cell> {
  const cells: Record<string, Cell> = {};
  for (const [name, cell] of Object.entries(asObject(value, "cells"))) {
    if (!/^[a-z][a-z0-9_]{0,63}$/.test(name)) throw invalid("cells", "names a column that cannot exist");
    const fields = asObject(cell, "cell");
    cells[name] = { before: asCellValue(fields.before), after: asCellValue(fields.after) };
  }
  return cells;
}

function asCellValue(value: unknown): string | number | null {
  // JSON reads 1e999 as infinity, which it would write as null.
  if (value === null || typeof value === "string" || Number.isFinite(value)) return value as Cell["before"];
  throw invalid("cell", "is no text, number or null");
}

/** Files of a record are held under the numbers of their changes; anything else could be a path to elsewhere. */
function asHeldName(value: unknown): string {
  if (typeof value !== "string" || !/^\d{1,9}$/.test(value)) throw invalid("from.name", "is no held file");
  return value;
}

function asSha256(value: unknown, name: string): string {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) throw invalid(name, "is no SHA-256");
  return value;
}

function asCount(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalid(name, "is no count");
  return value as number;
}

function asNumber(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw invalid(name, "is no number");
  return value;
}

/** `value` as text; throws `plan-invalid` naming the field otherwise. */
export function asText(value: unknown, name: string): string {
  if (typeof value !== "string" || value === "" || value.length > 4096) throw invalid(name, "is no text");
  return value;
}

/** `value` as a JSON object; throws `plan-invalid` naming the field otherwise. */
export function asObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(name, "is no object");
  }
  return value as Record<string, unknown>;
}

function invalid(name: string, problem: string): AppError {
  return new AppError("plan-invalid", `"${name}" ${problem}`);
}
