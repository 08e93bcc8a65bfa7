/**
 * Gives a rollout another folder, in every place of the file that a reader of Codex 0.169 takes one from (seen there):
 * lists made from files go by the first line, a rebuild of the database and a resume by the last settings event, and
 * the folders that a sandbox may write to come from `runtime_workspace_roots` beside the folder in either.
 */
import { toByteString } from "../core/bytes.ts";
import { applySplices, type Splice, spliceBetween } from "../core/splice.ts";
import { type Member, member, objectMembers, stringLiteral, stringValue } from "../text/json_span.ts";
import { memberWithComma, replaceSameLength } from "../text/same_length.ts";
import type { ByteSource } from "../text/source.ts";
import { donors, editLegacyLines, type Refusal } from "./relabel.ts";
import { lastSettings, type MetaLine, parseMetaLine, parseSettingsLine, readFirstLine } from "./rollout.ts";
import { appendSettingsCopy, type Put, splicesOf } from "./settings_copy.ts";

/** Where a folder is to lie; undefined for one that stays. */
export type MoveFolder = (folder: string) => string | undefined;

const FOLDER = "cwd";
const ROOTS = "runtime_workspace_roots";

/** The edits after which `source` names the new folders wherever it named old ones; empty when it names none. */
export function moveFolders(source: ByteSource, move: MoveFolder): readonly Splice[] | Refusal {
  const first = readFirstLine(source);
  if ("reason" in first) return { refused: first.detail };
  const { line, parsed } = first;
  if (parsed.meta.mode === "legacy") {
    return editLegacyLines(
      source,
      (bytes) => splicesOf(bytes, putsOf(bytes, membersOf(bytes, parsed.meta.id), move)),
    );
  }
  const head = moveInFirstLine(line.bytes, parsed, move);
  if (head === undefined) return { refused: "its first line has no room for a longer folder" };
  const tail = appendSettings(source, move);
  if ("refused" in tail) return tail;
  return [...head.map((splice) => ({ ...splice, at: line.at + splice.at })), ...tail];
}

/** The first line of a paginated file, at its old length; undefined when there is no room. */
function moveInFirstLine(bytes: Uint8Array, parsed: MetaLine, move: MoveFolder): Splice[] | undefined {
  const puts = putsOf(bytes, parsed.payload, move);
  if (puts.length === 0) return [];
  const changed = withPuts(bytes, puts) ?? withoutRoots(bytes, parsed, puts);
  return changed && [spliceBetween(bytes, changed)];
}

/** A value to put in place, by the name of its member. */
interface Named extends Put {
  readonly key: string;
}

/** The folder and the workspace roots among these members, as far as they move. */
function putsOf(bytes: Uint8Array, members: readonly Member[], move: MoveFolder): Named[] {
  const puts: Named[] = [];
  const folder = member(members, FOLDER);
  const text = folder && stringValue(bytes, folder.value);
  const moved = text === undefined ? undefined : move(text);
  if (folder && moved !== undefined) {
    puts.push({ key: FOLDER, span: folder.value, literal: stringLiteral(moved) });
  }
  const roots = member(members, ROOTS);
  const literal = roots && movedRoots(bytes.subarray(roots.value.start, roots.value.end), move);
  if (roots && literal) puts.push({ key: ROOTS, span: roots.value, literal });
  return puts;
}

function movedRoots(literal: Uint8Array, move: MoveFolder): Uint8Array | undefined {
  const roots: unknown = JSON.parse(new TextDecoder().decode(literal));
  if (!Array.isArray(roots)) return undefined;
  const moved = roots.map((root: unknown) => typeof root === "string" ? move(root) ?? root : root);
  const isSame = moved.every((root, n) => root === roots[n]);
  return isSame ? undefined : new TextEncoder().encode(JSON.stringify([...new Set(moved)]));
}

/** The line with the values, one after the other, as long as before. */
function withPuts(line: Uint8Array, puts: readonly Named[]): Uint8Array | undefined {
  let changed: Uint8Array | undefined = line;
  // Roots that only repeat the folder may be given up, but not while they are what is to be changed.
  for (const { key, literal } of puts) changed = changed && putSameLength(changed, key, literal, ROOTS);
  return changed;
}

function putSameLength(
  line: Uint8Array,
  key: string,
  literal: Uint8Array,
  except: string,
): Uint8Array | undefined {
  const parsed = parseMetaLine(line);
  const found = "reason" in parsed ? undefined : member(parsed.payload, key);
  if ("reason" in parsed || found === undefined) return undefined;
  const splices = replaceSameLength(line, found.value, literal, donors(line, parsed, except));
  return splices && applySplices(line, splices);
}

/** Roots that only repeat the folder are left out, if that makes room for it: Codex then takes the folder itself. */
function withoutRoots(bytes: Uint8Array, parsed: MetaLine, puts: readonly Named[]): Uint8Array | undefined {
  const roots = member(parsed.payload, ROOTS);
  const folder = puts.find(({ key }) => key === FOLDER);
  if (roots === undefined || folder === undefined || parsed.meta.cwd === undefined) return undefined;
  const said = toByteString(bytes.subarray(roots.value.start, roots.value.end));
  if (said !== `[${toByteString(stringLiteral(parsed.meta.cwd))}]`) return undefined;
  const { start, end } = memberWithComma(bytes, parsed.payload, parsed.payload.indexOf(roots));
  const blank = bytes.slice();
  blank.fill(0x20, start, end);
  return putSameLength(blank, FOLDER, folder.literal, ROOTS);
}

/** A copy of the last settings event with the new folder, at the end of a paginated file. */
function appendSettings(source: ByteSource, move: MoveFolder): readonly Splice[] | Refusal {
  const last = lastSettings(source, "paginated");
  if (last === undefined) return [];
  const puts = putsOf(last.bytes, settingsOf(last.bytes, last.top), move);
  if (puts.length === 0) return [];
  const copy = appendSettingsCopy(source, last, puts);
  return copy === undefined ? { refused: "none of its last lines can be read" } : [copy];
}

function settingsOf(bytes: Uint8Array, top: readonly Member[]): readonly Member[] {
  const payload = nested(bytes, top, "payload");
  return nested(bytes, payload, "thread_settings");
}

function nested(bytes: Uint8Array, members: readonly Member[], key: string): readonly Member[] {
  const found = member(members, key);
  return found?.kind === "object" ? objectMembers(bytes, found.value.start).members : [];
}

/** The members of a legacy line that may name folders. */
function membersOf(bytes: Uint8Array, id: string): readonly Member[] {
  const settings = parseSettingsLine({ at: 0, bytes, ending: "\n" }, "legacy");
  if (settings !== undefined) return settingsOf(bytes, settings.top);
  const parsed = parseMetaLine(bytes);
  return "reason" in parsed || parsed.meta.id !== id ? [] : parsed.payload;
}
