/**
 * The harness's own, plain relabelling of a rollout to another provider: a second, independent way to write what
 * Codex accepts, to compare the tool with. Works on uncompressed rollouts of a home no Codex is using.
 */
import { changeIndex, editLines, rolloutFiles } from "./disk.ts";
import { asObject, asText, fieldOf, type JsonObject } from "./json.ts";

/** Which of the three copies of the provider to change; all by default. */
export type Relabelling = {
  /** The first lines of the rollouts (every own `session_meta` line of legacy ones). */
  readonly firstLines?: boolean;
  /** The last settings: one line more on paginated rollouts, rewritten lines on legacy ones. */
  readonly settings?: boolean;
  /** The rows of the index. */
  readonly rows?: boolean;
};

/** Keys whose bytes a longer provider id may take; no reader misses them on a thread the tests make. */
const SPARE_KEYS = ["session_id", "runtime_workspace_roots", "multi_agent_version"];

/** Changes the provider of every thread of the home from `from` to `to`, keeping file times. */
export function relabel(home: string, from: string, to: string, what: Relabelling = {}): void {
  for (const path of rolloutFiles(home)) {
    editLines(path, (lines) => {
      const meta = asObject(fieldOf(parsed(lines[0]), "payload"));
      return meta["history_mode"] === "paginated"
        ? relabelPaginated(lines, from, to, what)
        : relabelLegacy(lines, asText(meta["id"]), from, to, what);
    });
  }
  if (what.rows ?? true) {
    changeIndex(home, "UPDATE threads SET model_provider = ? WHERE model_provider = ?", to, from);
  }
}

function relabelPaginated(
  lines: readonly string[],
  from: string,
  to: string,
  what: Relabelling,
): readonly string[] {
  const [first = "", ...rest] = lines;
  const settings = rest.findLast((line) => line.includes('"thread_settings_applied"'));
  return [
    (what.firstLines ?? true) ? sameLength(first, from, to) : first,
    ...rest,
    ...((what.settings ?? true) && settings !== undefined
      ? [JSON.stringify(nextSettings(parsed(settings), parsed(lines.at(-1)), to))]
      : []),
  ];
}

/** A copy of the last settings event with the new provider, as the event after `last`. */
function nextSettings(settings: JsonObject, last: JsonObject, provider: string): JsonObject {
  const payload = asObject(settings["payload"]);
  const inner = { ...asObject(payload["thread_settings"]), "model_provider_id": provider };
  return {
    ...settings,
    timestamp: last["timestamp"] ?? null,
    ordinal: Number(last["ordinal"]) + 1,
    payload: { ...payload, "thread_settings": inner },
  };
}

/** Replaces the provider in a first line; spaces behind it, or bytes of spare keys, keep the line's length. */
function sameLength(line: string, from: string, to: string): string {
  const before = `"model_provider":"${from}"`;
  const after = `"model_provider":"${to}"`;
  let text = line;
  for (const key of SPARE_KEYS) {
    if (line.length - text.length >= after.length - before.length) break;
    text = text.replace(new RegExp(`"${key}":("[^"]*"|\\[[^\\]]*\\]),`), "");
  }
  const slack = line.length - text.length + before.length - after.length;
  if (!text.includes(before) || slack < 0) {
    throw new Error(`cannot write "${to}" into: ${line.slice(0, 600)}`);
  }
  return text.replace(before, after + " ".repeat(slack));
}

function relabelLegacy(
  lines: readonly string[],
  id: string,
  from: string,
  to: string,
  what: Relabelling,
): readonly string[] {
  return lines.map((line) => {
    const { type, payload } = parsed(line);
    if (type === "session_meta" && fieldOf(payload, "id") === id && (what.firstLines ?? true)) {
      return line.replace(`"model_provider":"${from}"`, `"model_provider":"${to}"`);
    }
    if (fieldOf(payload, "type") === "thread_settings_applied" && (what.settings ?? true)) {
      return line.replace(`"model_provider_id":"${from}"`, `"model_provider_id":"${to}"`);
    }
    return line;
  });
}

function parsed(line: string | undefined): JsonObject {
  return asObject(JSON.parse(line ?? "null"));
}
