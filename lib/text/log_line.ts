/** One event as one line of a log, in each of the three forms. Whatever it holds, it stays one line and acts on nothing. */
import { isSecretName, redact, REDACTED } from "./redact.ts";
import { escapeJson, quote } from "./terminal.ts";

/** Value of a field. */
export type LogValue = string | number | boolean;

/** An event. */
export interface LogEvent {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly level: "DEBUG" | "INFO" | "WARNING" | "ERROR";
  readonly machine: string;
  /** Kebab-case. */
  readonly event: string;
  readonly fields: Readonly<Record<string, LogValue>>;
}

/** Most characters of a value, and most fields of an event; what is beyond is cut. */
const MAX_VALUE = 4096;
const MAX_FIELDS = 64;

/** Names that every line has by itself. */
const OWN: ReadonlySet<string> = new Set(["ts", "level", "machine", "event"]);

/** Text that needs no quotes in `key=value`. */
const BARE = /^[\w.:/@+,-]+$/;

/** The line, without its end. */
export function logLine(
  { at, level, machine, event, fields }: LogEvent,
  format: "text" | "json" | "logfmt",
): string {
  const clean = cleaned(fields);
  const what = redact(cut(event));
  switch (format) {
    case "json": {
      const whole = { ts: at, level, machine, event: what, ...Object.fromEntries(clean) };
      return escapeJson(JSON.stringify(whole));
    }
    case "logfmt":
      return pairs([
        ["ts", at],
        ["level", level.toLowerCase()],
        ["machine", machine],
        ["event", what],
        ...clean,
      ]);
    case "text":
      return [at, level.padEnd(7), quote(what), ...clean.length === 0 ? [] : [pairs(clean)]].join(" ");
  }
}

function cleaned(fields: LogEvent["fields"]): [string, LogValue][] {
  return Object.entries(fields).slice(0, MAX_FIELDS).map(([name, value]) => [
    nameOf(name),
    isSecretName(name) ? REDACTED : typeof value === "string" ? redact(cut(value)) : value,
  ]);
}

function nameOf(name: string): string {
  const plain = name.slice(0, 64).replaceAll(/[^\w.-]/g, "_");
  return OWN.has(plain) || plain === "" || plain === "__proto__" ? `field_${plain}` : plain;
}

/** Redaction comes after this: half a secret must not slip through, so the cut is made where a word ends. */
function cut(text: string): string {
  const whole = text.toWellFormed();
  if (whole.length <= MAX_VALUE) return whole;
  return `${whole.slice(0, MAX_VALUE).replace(/\S{1,512}$/, "").toWellFormed()}…`;
}

function pairs(entries: readonly (readonly [string, LogValue])[]): string {
  return entries.map(([name, value]) => `${name}=${word(value)}`).join(" ");
}

function word(value: LogValue): string {
  const text = String(value);
  if (BARE.test(text)) return text;
  return `"${quote(text.replaceAll("\\", "\\\\").replaceAll('"', '\\"'))}"`;
}
