/** Ways in which a thread can be ill, as values: how it is made by Codex, and what is then done to the closed home. */
import { zstdCompressSync } from "node:zlib";
import { changeIndex, editLines, filesOf, linesOf } from "./disk.ts";
import { asText, fieldOf } from "./json.ts";

/** How Codex makes a thread that is to fall ill; by default a paginated one of the current provider. */
export type Making =
  | "other provider"
  | "archived"
  | "archived, other provider"
  | "exec"
  | "legacy"
  | "unused"
  | "owned"
  | "fork"
  | "reverted"
  | "reverted, nothing said since";

/** One ailment. */
export type Ailment = {
  readonly make?: Making;
  readonly harm?: (home: string, id: string) => void;
};

/** Every ailment by name; the current provider is `mock`, the other one `relay`, and `lost` is not declared. */
export const AILMENTS = {
  "healthy": {},
  "never used": { make: "unused" },
  "other provider": { make: "other provider" },
  "archived": { make: "archived" },
  "archived, other provider": { make: "archived, other provider" },
  "made by exec": { make: "exec" },
  "of an account": { make: "owned" },
  "row without preview": { harm: (home, id) => setRow(home, id, "preview = ''") },
  "row of source exec": { harm: (home, id) => setRow(home, id, "source = 'exec'") },
  "row of another provider": { harm: (home, id) => setRow(home, id, "model_provider = 'relay'") },
  "row of an undeclared provider": { harm: (home, id) => setRow(home, id, "model_provider = 'lost'") },
  "row without provider": { harm: (home, id) => setRow(home, id, "model_provider = ''") },
  "rollout of another provider": { harm: (home, id) => inFile(home, id, "relay") },
  "rollout of an undeclared provider": { harm: (home, id) => inFile(home, id, "lost") },
  "first line of another provider": { harm: (home, id) => inFirstLine(home, id, "relay") },
  "first line without provider": { harm: (home, id) => inFirstLine(home, id, undefined) },
  "settings of another provider": { harm: (home, id) => inSettings(home, id, "relay") },
  "provider not declared": { harm: (home, id) => everywhere(home, id, "lost") },
  "legacy": { make: "legacy" },
  "legacy, row of another provider": {
    make: "legacy",
    harm: (home, id) => setRow(home, id, "model_provider = 'relay'"),
  },
  "legacy, rollout of another provider": { make: "legacy", harm: (home, id) => inFile(home, id, "relay") },
  "legacy, first line of another provider": {
    make: "legacy",
    harm: (home, id) => inFirstLine(home, id, "relay"),
  },
  "legacy, first line without provider": {
    make: "legacy",
    harm: (home, id) => inFirstLine(home, id, undefined),
  },
  "legacy, settings of another provider": {
    make: "legacy",
    harm: (home, id) => inSettings(home, id, "relay"),
  },
  "legacy, row missing": { make: "legacy", harm: dropRow },
  "legacy, row missing, settings of another provider": {
    make: "legacy",
    harm: (home, id) => {
      inSettings(home, id, "relay");
      dropRow(home, id);
    },
  },
  "fork of a missing thread": { make: "fork", harm: removeParent },
  "reverted": { make: "reverted" },
  "reverted, nothing said since": { make: "reverted, nothing said since" },
  "reverted, first file missing": {
    make: "reverted",
    harm: (home, id) => Deno.removeSync(fileOf(home, id)),
  },
  "reverted, first file damaged": { make: "reverted", harm: damage },
  "reverted, newest file missing": {
    make: "reverted",
    harm: (home, id) => Deno.removeSync(filesOf(home, id).at(-1) ?? ""),
  },
  "rollout missing": { harm: (home, id) => Deno.removeSync(fileOf(home, id)) },
  "archived rollout missing": { make: "archived", harm: (home, id) => Deno.removeSync(fileOf(home, id)) },
  "row missing": { harm: dropRow },
  "row missing, settings of another provider": {
    harm: (home, id) => {
      inSettings(home, id, "relay");
      dropRow(home, id);
    },
  },
  "row missing, rollout of an undeclared provider": {
    harm: (home, id) => {
      inFile(home, id, "lost");
      dropRow(home, id);
    },
  },
  "archived row missing": { make: "archived", harm: dropRow },
  "row points elsewhere": {
    harm: (home, id) => setRow(home, id, "rollout_path = '/nowhere' || substr(rollout_path, -70)"),
  },
  "row says archived": { harm: (home, id) => setRow(home, id, "archived = 1, archived_at = 1") },
  "row and path say archived": {
    harm: (home, id) => {
      setRow(home, id, "archived = 1, archived_at = 1");
      setPath(home, id, archivedPath(home, id));
    },
  },
  "rollout moved to the archive": { harm: (home, id) => move(home, id, archivedPath(home, id)) },
  "rollout and path moved to the archive": {
    harm: (home, id) => setPath(home, id, move(home, id, archivedPath(home, id))),
  },
  "rollout and path not in a date folder": {
    harm: (home, id) => setPath(home, id, move(home, id, `${home}/sessions/${nameOf(fileOf(home, id))}`)),
  },
  "rollout and path in another date folder": {
    harm: (home, id) =>
      setPath(home, id, move(home, id, `${home}/sessions/2020/01/02/${nameOf(fileOf(home, id))}`)),
  },
  "rollout compressed": { harm: (home, id) => compress(fileOf(home, id)) },
  "rollout compressed, and the row says so": {
    harm: (home, id) => {
      compress(fileOf(home, id));
      setRow(home, id, "rollout_path = rollout_path || '.zst'");
    },
  },
  "rollout is a link": { harm: link },
  "first line damaged": { harm: damage },
  "first line names another thread": {
    harm: (home, id) =>
      editLines(fileOf(home, id), ([first = "", ...rest]) => [
        first.replaceAll(id, id.replace(/.{4}$/, "0000")),
        ...rest,
      ]),
  },
  "rollout empty": { harm: (home, id) => Deno.writeTextFileSync(fileOf(home, id), "") },
  "rollout begins with an empty line": {
    harm: (home, id) => editLines(fileOf(home, id), (lines) => ["", ...lines]),
  },
  "rollout begins with a byte order mark": {
    harm: (home, id) => editLines(fileOf(home, id), ([first = "", ...rest]) => [`\ufeff${first}`, ...rest]),
  },
} as const satisfies Record<string, Ailment>;

/** The name of an ailment. */
export type AilmentName = keyof typeof AILMENTS;

/** The names of all ailments, in order. */
export const AILMENT_NAMES = Object.keys(AILMENTS) as readonly AilmentName[];

function setRow(home: string, id: string, assignments: string): void {
  changeIndex(home, `UPDATE threads SET ${assignments} WHERE id = ?`, id);
}

function setPath(home: string, id: string, path: string): void {
  changeIndex(home, "UPDATE threads SET rollout_path = ? WHERE id = ?", path, id);
}

function dropRow(home: string, id: string): void {
  changeIndex(home, "DELETE FROM threads WHERE id = ?", id);
}

function inFirstLine(home: string, id: string, provider: string | undefined): void {
  const named = '"model_provider":"mock",';
  const other = provider === undefined ? "" : `"model_provider":"${provider}",`;
  editLines(fileOf(home, id), ([first = "", ...rest]) => [
    first.replace(named, other.padEnd(named.length)),
    ...rest,
  ]);
}

function inSettings(home: string, id: string, provider: string): void {
  editLines(
    fileOf(home, id),
    (lines) =>
      lines.map((line) => line.replace('"model_provider_id":"mock"', `"model_provider_id":"${provider}"`)),
  );
}

function inFile(home: string, id: string, provider: string): void {
  inFirstLine(home, id, provider);
  inSettings(home, id, provider);
}

function everywhere(home: string, id: string, provider: string): void {
  inFile(home, id, provider);
  changeIndex(home, "UPDATE threads SET model_provider = ? WHERE id = ?", provider, id);
}

function damage(home: string, id: string): void {
  editLines(fileOf(home, id), ([first = "", ...rest]) => [`x${first.slice(1)}`, ...rest]);
}

function removeParent(home: string, id: string): void {
  const meta = fieldOf(linesOf(fileOf(home, id))[0], "payload");
  Deno.removeSync(fileOf(home, asText(fieldOf(fieldOf(meta, "history_base"), "thread_id"))));
}

function move(home: string, id: string, target: string): string {
  Deno.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true });
  Deno.renameSync(fileOf(home, id), target);
  return target;
}

/** Relative, so that it stays right in a copy of the home. */
function link(home: string, id: string): void {
  const path = fileOf(home, id);
  move(home, id, `${home}/elsewhere/${nameOf(path)}`);
  Deno.symlinkSync(`../../../../elsewhere/${nameOf(path)}`, path);
}

function compress(path: string): void {
  const { atime, mtime } = Deno.statSync(path);
  Deno.writeFileSync(`${path}.zst`, zstdCompressSync(Deno.readFileSync(path)));
  if (atime !== null && mtime !== null) Deno.utimeSync(`${path}.zst`, atime, mtime);
  Deno.removeSync(path);
}

function archivedPath(home: string, id: string): string {
  return `${home}/archived_sessions/${nameOf(fileOf(home, id))}`;
}

function fileOf(home: string, id: string): string {
  const [path = ""] = filesOf(home, id);
  return path;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
