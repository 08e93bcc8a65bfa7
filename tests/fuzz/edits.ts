/** What each edit of a rollout must lead to, worked out from the words of the guarantees alone. */
import {
  firstOf,
  linesOf,
  literalOf,
  type RawLine,
  spareKeys,
  type Stated,
  stated,
  tokenFault,
} from "./identity.ts";
import { type Node, only, parseNode, textAt } from "./json_oracle.ts";

/** Why an edited rollout (one character per byte) is not what it should be; undefined when it is. */
export type Judge = (before: string, after: string) => string | undefined;

/** Changes of one line: spans of it and what they become. */
type Puts = readonly (readonly [at: { readonly start: number; readonly end: number }, literal: string])[];

function withPuts(text: string, puts: Puts): string {
  let result = text;
  for (const [{ start, end }, literal] of puts.toSorted((a, b) => b[0].start - a[0].start)) {
    result = result.slice(0, start) + literal + result.slice(end);
  }
  return result;
}

/** A legacy file in which `putsOf` says what changes in each line that states something. */
function legacy(
  before: string,
  putsOf: (text: string, said: Stated, id: string) => Puts,
): string | undefined {
  const lines = linesOf(before);
  const id = firstOf(lines)?.said.id;
  if (id === undefined) return undefined;
  return lines.map(({ text, ending }) => {
    const said = stated(text, "legacy");
    const own = said !== undefined && (said.kind === "settings" || said.id === id);
    return (own ? withPuts(text, putsOf(text, said, id)) : text) + ending;
  }).join("");
}

/** The rollout states `provider` wherever it stated one, and nothing else changed. */
export function relabelJudge(provider: string): Judge {
  const literal = literalOf(provider);
  const put = (_: string, { holder, provider: now, providerNode }: Stated): Puts => {
    if (now === provider) return [];
    if (providerNode !== undefined) return [[providerNode, literal]];
    const end = holder.members.at(-1)?.value.end ?? 0;
    return [[{ start: end, end }, `,"model_provider":${literal}`]];
  };
  return (before, after) => {
    const first = firstOf(linesOf(before));
    if (first === undefined) return before === after ? undefined : "an unfit file was changed";
    if (first.said.mode === "legacy") {
      return legacy(before, put) === after ? undefined : "a legacy file is not what it should be";
    }
    const values = new Map([["model_provider", literal]]);
    return paginated(before, after, {
      values,
      must: (said) => said.provider === provider,
      ends: lastWord(provider),
    });
  };
}

/** What happens to a paginated file. */
interface Paging {
  /** New values of the first line. */
  readonly values: ReadonlyMap<string, string>;
  /** Whether the first line says what it should. */
  readonly must: (said: Stated) => boolean;
  /** The line that has to be added at the end; undefined: none. */
  readonly ends: (lines: readonly RawLine[], first: RawLine) => string | undefined;
  /** More keys that may be left out of the first line. */
  readonly givenUp?: ReadonlySet<string>;
}

function paginated(before: string, after: string, { values, must, ends, givenUp = new Set() }: Paging) {
  const lines = linesOf(before);
  const first = firstOf(lines);
  if (first === undefined) return "there is no first line";
  const { line, said } = first;
  const end = line.at + line.text.length;
  if (after.slice(0, line.at) !== before.slice(0, line.at)) return "something above the first line changed";
  if (after.slice(end, before.length) !== before.slice(end)) {
    return "something behind the first line moved or changed";
  }
  const now = after.slice(line.at, end);
  if (now !== line.text) {
    const wanted = { values, givenUp: givenUp.union(spareKeys(line.text, said)) };
    const fault = tokenFault(line.text, said.holder, now, wanted);
    if (fault !== undefined) return fault;
  }
  const saidNow = stated(now, "paginated");
  if (saidNow === undefined || !must(saidNow)) return "the first line does not say what it should";
  const wanted = ends(lines, line);
  const glue = before.endsWith("\n") || before === "" ? "" : "\n";
  const added = after.slice(before.length);
  return added === (wanted === undefined ? "" : `${glue}${wanted}\n`)
    ? undefined
    : "what was added is not what it should be";
}

/** The copy of the last settings event that makes `provider` the last word; none when it is that already. */
function lastWord(provider: string) {
  return (lines: readonly RawLine[], first: RawLine): string | undefined => {
    const id = stated(first.text, "paginated")?.id;
    const word = lines.findLast(({ text }) => {
      const said = stated(text, "paginated");
      return said?.kind === "settings" || said !== undefined && said.id === id && said.provider !== undefined;
    });
    if (word === undefined || word.at === first.at || stated(word.text, "paginated")?.provider === provider) {
      return undefined;
    }
    return settingsCopy(
      lines,
      ({ providerNode }) => providerNode === undefined ? [] : [[providerNode, literalOf(provider)]],
    );
  };
}

/** The last settings event with other values, the next ordinal and the last time. */
function settingsCopy(
  lines: readonly RawLine[],
  putsOf: (said: Stated, text: string) => Puts,
): string | undefined {
  const last = lines.findLast(({ text }) => stated(text, "paginated")?.kind === "settings");
  const said = last && stated(last.text, "paginated");
  const end = lines.map(({ text }) => ordinalOf(text)).findLast((one) => one !== undefined);
  if (last === undefined || said === undefined || end === undefined) return undefined;
  const puts = putsOf(said, last.text);
  if (puts.length === 0) return undefined;
  const top = parseNode(last.text);
  const put = (key: string, literal: string): Puts => {
    const node = only(top, key);
    return node === undefined ? [] : [[node, literal]];
  };
  return withPuts(last.text, [
    ...puts,
    ...put("timestamp", literalOf(end.timestamp)),
    ...put("ordinal", String(end.ordinal + 1)),
  ]);
}

function ordinalOf(text: string): { readonly ordinal: number; readonly timestamp: string } | undefined {
  try {
    const bytes = Uint8Array.from({ length: text.length }, (_, n) => text.charCodeAt(n));
    const { ordinal, timestamp } = JSON.parse(new TextDecoder().decode(bytes));
    return Number.isSafeInteger(ordinal) && typeof timestamp === "string"
      ? { ordinal, timestamp }
      : undefined;
  } catch {
    return undefined;
  }
}

const CREATOR = new Set(["creator_user_id", "creator_account_id"]);

/** The rollout names no creator any more; no byte of it moved. */
export const disownJudge: Judge = (before, after) => {
  const lines = linesOf(before);
  const first = firstOf(lines);
  if (first === undefined) return before === after ? undefined : "an unfit file was changed";
  if (before.length !== after.length) return "the length changed";
  for (const { at, text } of lines) {
    const said = stated(text, "legacy");
    const now = after.slice(at, at + text.length);
    const own = said?.kind === "meta" &&
      (at === first.line.at || first.said.mode === "legacy" && said.id === first.said.id);
    if (!own || !said.holder.members.some(({ key }) => CREATOR.has(key))) {
      if (now !== text) return "another line changed";
      continue;
    }
    const fault = tokenFault(text, said.holder, now, { values: new Map(), givenUp: CREATOR });
    if (fault !== undefined) return fault;
    for (let n = 0; n < text.length; n++) {
      if (now[n] !== text[n] && now[n] !== " ") return "a byte is no space";
    }
    if (stated(now, "legacy")?.holder.members.some(({ key }) => CREATOR.has(key))) return "a creator is left";
  }
  return [...linesOf(after)].every(({ at }, n) => at === lines[n]?.at) ? undefined : "lines moved";
};

/** The rollout lies in other folders, wherever it named old ones. */
export function moveJudge(move: (folder: string) => string | undefined): Judge {
  const putsOf = (text: string, { holder }: Stated): Puts => {
    const puts: (readonly [Node, string])[] = [];
    const cwd = only(holder, "cwd");
    const to = cwd?.kind === "string" ? move(textAt(text, cwd.start, cwd.end)) : undefined;
    if (cwd !== undefined && to !== undefined) puts.push([cwd, literalOf(to)]);
    const roots = only(holder, "runtime_workspace_roots");
    const literal = roots?.kind === "array" ? rootsLiteral(text, roots, move) : undefined;
    if (roots !== undefined && literal !== undefined) puts.push([roots, literal]);
    return puts;
  };
  return (before, after) => {
    const first = firstOf(linesOf(before));
    if (first === undefined) return before === after ? undefined : "an unfit file was changed";
    if (first.said.mode === "legacy") {
      return legacy(before, putsOf) === after ? undefined : "a legacy file is not what it should be";
    }
    const { line, said } = first;
    const puts = putsOf(line.text, said);
    const values = new Map(puts.map(([node, literal]) => [
      said.holder.members.find(({ value }) => value === node)?.key ?? "",
      literal,
    ]));
    return paginated(before, after, {
      values,
      must: ({ holder }) => {
        const cwd = only(holder, "cwd");
        const text = after.slice(line.at, line.at + line.text.length);
        return cwd?.kind !== "string" || values.get("cwd") === undefined ||
          text.slice(cwd.start, cwd.end) === values.get("cwd");
      },
      ends: (lines) => settingsCopy(lines, (last, text) => putsOf(text, last)),
    });
  };
}

function rootsLiteral(
  text: string,
  roots: Node,
  move: (folder: string) => string | undefined,
): string | undefined {
  const now = roots.items.map(({ kind, start, end }) =>
    kind === "string" ? textAt(text, start, end) : undefined
  );
  const moved = now.map((one) => one === undefined ? undefined : move(one) ?? one);
  if (moved.every((one, n) => one === now[n])) return undefined;
  return literalOf("").slice(0, 0) + `[${[...new Set(moved)].map((one) => literalOf(one ?? "")).join(",")}]`;
}
