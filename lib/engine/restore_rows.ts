/** Takes back what a record did to rows of databases. */
import { type Cell, invert, type Meaning } from "../core/plan.ts";
import { hasValues, type Present, type RowReader } from "./cells.ts";
import type { Undone } from "./restore.ts";
import { type DatabaseChange, rowName, spotOf } from "./rows.ts";

/** What gives a row back its old values, going by what it says now. */
export function restoreRow(rows: RowReader, change: DatabaseChange, force: boolean): Undone {
  const found = rows.of(change);
  const subject = rowName(change);
  if ("problem" in found) return { conflict: { subject, reason: found.problem } };
  const { op } = spotOf(change);
  if (op === "change" && found.row === undefined) return { conflict: { subject, reason: "the row is gone" } };
  if (op === "change" && found.row !== undefined) return restoreCells(change, found.row, force);
  if (op === "add") return takeAway(change, found.row, force);
  return addAgain(change, found.row, force);
}

function restoreCells(change: DatabaseChange, row: Present, force: boolean): Undone {
  const cells: Record<string, Cell> = {};
  let foreign: string | undefined;
  for (const [name, { before, after }] of Object.entries(change.cells)) {
    const now = row[name] ?? null;
    if (now !== before) cells[name] = { before: now, after: before };
    if (now !== before && now !== after) foreign ??= name;
  }
  const back = Object.keys(cells).length === 0 ? {} : { change: { ...change, cells } };
  if (foreign === undefined) return back;
  const said = JSON.stringify(row[foreign] ?? null);
  const reason = foreign === "model_provider" ? `it says ${said} now` : `its ${foreign} is ${said} now`;
  const conflict = { subject: rowName(change), reason };
  return force ? { conflict, ...back } : { conflict };
}

/** A row that was added goes, with the values it has now if that is what the user wants. */
function takeAway(change: DatabaseChange, row: Present | undefined, force: boolean): Undone {
  if (row === undefined || change.kind !== "entry") return {};
  if (hasValues(row, change.cells, "after")) return { change: invert(change) };
  const conflict = { subject: rowName(change), reason: "it was changed since" };
  if (!force) return { conflict };
  const cells: Meaning = Object.fromEntries(
    Object.entries(row).filter(([name, now]) => now !== null && !(name in change.key)).map(([name, now]) => [
      name,
      { before: now, after: null },
    ]),
  );
  return { conflict, change: { ...change, op: "remove", cells } };
}

function addAgain(change: DatabaseChange, row: Present | undefined, force: boolean): Undone {
  if (row === undefined) return { change: invert(change) };
  if (hasValues(row, change.cells, "before") || change.kind !== "entry") return {};
  const conflict = { subject: rowName(change), reason: "another row is in its place now" };
  if (!force) return { conflict };
  const cells: Record<string, Cell> = {};
  for (const [name, { before }] of Object.entries(change.cells)) {
    const now = row[name] ?? null;
    if (now !== before) cells[name] = { before: now, after: before };
  }
  return { conflict, change: { ...change, op: "change", cells } };
}
