/** The command line that carries out the plan on show: the one that was given, told to write. */
import type { StatusReport } from "../core/report.ts";
import type { Invocation } from "./command.ts";
import { flagsOf } from "./flags.ts";

/** Flags about how a plan is shown or kept, not about what it does. */
const NOT_OFFERED: ReadonlySet<string> = new Set([
  "apply",
  "check",
  "dry-run",
  "plan-out",
  "json",
  "quiet",
  "verbose",
  "no-color",
]);

/** Words that no shell reads as anything else. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/** The line for `input`, with every flag that decides what is changed; `args` stand for its own arguments. */
export function offerLine(
  { command, flags, args: own }: Pick<Invocation, "command" | "flags" | "args">,
  args: readonly string[] = own,
): string {
  const given = flagsOf(command).filter(({ name }) => !NOT_OFFERED.has(name)).flatMap((flag) => {
    if (flag.kind === "boolean") return flags.has(flag.name) ? [`--${flag.name}`] : [];
    const values = flag.kind === "strings"
      ? flags.texts(flag.name)
      : flag.kind === "integer"
      ? numberOf(flags.integer(flag.name), flag.fallback)
      : [flags.text(flag.name) ?? []].flat();
    return values.map((value) => `--${flag.name}${value.startsWith("-") ? "=" : " "}${shellWord(value)}`);
  });
  return ["codexkeep", command.name, ...args.map(shellWord), ...given, "--apply"].join(" ");
}

/** The line that takes the run with record `id` back, in the home that `flags` name. */
export function restoreLine(input: Pick<Invocation, "flags">, id: string): string {
  return `${lineThere(input, `codexkeep restore ${id}`)} --apply`;
}

/** The command `line` for the home that `flags` name. */
export function lineThere({ flags }: Pick<Invocation, "flags">, line: string): string {
  const home = ["codex-home", "sqlite-home"].flatMap((name) => {
    const value = flags.text(name);
    return value === undefined ? [] : [`--${name} ${shellWord(value)}`];
  });
  return [line, ...home].join(" ");
}

/** A report whose next command is for the home that `flags` name. */
export function nextThere<T extends Pick<StatusReport, "next">>(
  input: Pick<Invocation, "flags">,
  report: T,
): T {
  return report.next === null ? report : { ...report, next: lineThere(input, report.next) };
}

function numberOf(value: number | undefined, fallback: number | undefined): string[] {
  return value === undefined || value === fallback ? [] : [String(value)];
}

/** Quoted where a shell would take it for more than one word. */
export function shellWord(text: string): string {
  if (PLAIN.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}
