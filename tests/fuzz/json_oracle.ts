/** A plain JSON reader that knows where everything stands, written apart from the one under test: the judge of edits. */

/** A JSON value and where it stands in the text. */
export interface Node {
  readonly kind: "string" | "number" | "object" | "array" | "true" | "false" | "null";
  readonly start: number;
  readonly end: number;
  /** Of an object. */
  readonly members: readonly NodeMember[];
  /** Of an array. */
  readonly items: readonly Node[];
}

/** One member of an object. */
export interface NodeMember {
  readonly key: string;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: Node;
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const PLAIN = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
const SPACE = /[ \t\r\n]*/y;

/** Bytes as one character each. */
export function bytesText(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x2000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x2000));
  }
  return text;
}

/** The only value of `text` (one character per byte); undefined when it is not JSON in UTF-8. */
export function parseNode(text: string): Node | undefined {
  try {
    utf8(text);
    const [node, end] = value(text, skip(text, 0));
    return skip(text, end) === text.length ? node : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Text of bytes that are given as one character each. Throws `TypeError`. */
export function utf8(text: string): string {
  const bytes = Uint8Array.from({ length: text.length }, (_, n) => text.charCodeAt(n));
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** The text of a string value or key. */
export function textAt(text: string, start: number, end: number): string {
  return JSON.parse(utf8(text.slice(start, end))) as string;
}

function skip(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  if (!pattern.test(text)) throw new SyntaxError(`at ${at}`);
  return pattern.lastIndex;
}

function value(text: string, start: number): readonly [Node, number] {
  const none = { members: [], items: [] };
  const first = text[start];
  if (first === "{") return container(text, start, "object");
  if (first === "[") return container(text, start, "array");
  const end = first === '"' ? stringEnd(text, start) : match(PLAIN, text, start);
  const word = text.slice(start, end);
  const kind = first === '"'
    ? "string"
    : word === "true" || word === "false" || word === "null"
    ? word
    : "number";
  return [{ kind, start, end, ...none }, end];
}

function container(text: string, start: number, kind: "object" | "array"): readonly [Node, number] {
  const close = kind === "object" ? "}" : "]";
  const members: NodeMember[] = [];
  const items: Node[] = [];
  let at = skip(text, start + 1);
  while (text[at] !== close || members.length + items.length > 0) {
    if (kind === "object") {
      const keyStart = at;
      const keyEnd = stringEnd(text, at);
      at = skip(text, keyEnd);
      if (text[at] !== ":") throw new SyntaxError(`at ${at}`);
      const [node, end] = value(text, skip(text, at + 1));
      members.push({ key: textAt(text, keyStart, keyEnd), keyStart, keyEnd, value: node });
      at = skip(text, end);
    } else {
      const [node, end] = value(text, at);
      items.push(node);
      at = skip(text, end);
    }
    if (text[at] === close) break;
    if (text[at] !== ",") throw new SyntaxError(`at ${at}`);
    at = skip(text, at + 1);
  }
  return [{ kind, start, end: at + 1, members, items }, at + 1];
}

/** The offset after a string; one step at a time, as a pattern would run out of stack on a string of megabytes. */
function stringEnd(text: string, start: number): number {
  if (text[start] !== '"') throw new SyntaxError(`at ${start}`);
  for (let at = start + 1; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) break;
    at = code === 0x5c ? match(ESCAPE, text, at) : at + 1;
  }
  throw new SyntaxError(`at ${start}`);
}

/** JSON without the white space between its tokens, every token spelled as it was. */
export function compact(text: string): string {
  let result = "";
  let from = 0;
  for (let at = 0; at < text.length;) {
    const sign = text[at];
    if (sign === '"') {
      at++;
      while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
      at++;
    } else if (sign === " " || sign === "\t" || sign === "\r" || sign === "\n") {
      result += text.slice(from, at);
      from = ++at;
    } else at++;
  }
  return result + text.slice(from);
}

/** The only member of that name; undefined for none and for several, which Codex refuses. */
export function only(node: Node | undefined, key: string): Node | undefined {
  const found = node?.members.filter((one) => one.key === key) ?? [];
  return found.length === 1 ? found[0]?.value : undefined;
}

/** Whether a key stands there more than once. */
export function isRepeated(node: Node, key: string): boolean {
  return node.members.filter((one) => one.key === key).length > 1;
}
