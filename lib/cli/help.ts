/** Help, generated from the command table. */
import type { Argument, Command, Flag, View } from "./command.ts";
import { exitCodesOf } from "./exit_codes.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { entry, indent, wrap } from "./layout.ts";

/** Wider than this, lines are hard to read. */
const MAX_WIDTH = 100;

/** Column at which the summaries of flags and commands begin. */
const SUMMARY_COLUMN = 28;

/** Help for one command: usage, description, arguments, flags, examples, exit statuses. */
export function commandHelp(command: Command, view: View): string[] {
  const { style } = view;
  const width = Math.min(view.width, MAX_WIDTH);
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", style.bold(title), ...indent(lines)];
  return [
    `${style.bold(`codexkeep ${command.name}`)}: ${command.summary}`,
    "",
    `Usage: codexkeep ${usage(command)} [flags]`,
    ...command.description.flatMap((paragraph) => ["", ...wrap(paragraph, width)]),
    ...section("Arguments", command.args.flatMap((one) => describe(argumentTerm(one), one.summary, width))),
    ...command.args.flatMap(({ name, explained = [] }) =>
      section(`${name} is one of`, explained.flatMap(([choice, means]) => describe(choice, means, width)))
    ),
    ...section("Flags", flagLines(command.flags, width)),
    ...section("Flags of every command", flagLines(GLOBAL_FLAGS, width)),
    ...section(
      "Examples",
      command.examples.flatMap(({ line, does }) => [line, ...indent(wrap(does, width - 4))]),
    ),
    ...section(
      "Exit status",
      exitCodesOf(command).flatMap(([code, means]) => entry(String(code), means, 6, width - 2)),
    ),
    ...(command.aliases.length === 0 ? [] : ["", `Also called: ${command.aliases.join(", ")}`]),
  ];
}

/** What the program is, all commands, and the flags that all of them have. */
export function overview(commands: readonly Command[], view: View): string[] {
  const { style } = view;
  const width = Math.min(view.width, MAX_WIDTH);
  return [
    `${style.bold("codexkeep")}: finds and repairs local Codex history that has gone out of sight`,
    "",
    "Usage: codexkeep COMMAND [arguments] [flags]",
    "",
    style.bold("Commands"),
    ...indent(commandLines(commands, width)),
    "",
    style.bold("Flags of every command"),
    ...indent(flagLines(GLOBAL_FLAGS, width)),
    "",
    ...wrap(
      "Nothing is changed without --apply or a yes to the question. Every change can be taken back: codexkeep restore latest.",
      width,
    ),
    "",
    "Help for one command: codexkeep help COMMAND",
  ];
}

/** The commands that share a first word, such as `backups`. */
export function familyHelp(family: string, commands: readonly Command[], view: View): string[] {
  const width = Math.min(view.width, MAX_WIDTH);
  const members = commands.filter(({ name }) => name.startsWith(family + " "));
  return [
    `Usage: codexkeep ${family} ${members.map(({ name }) => name.slice(family.length + 1)).join("|")}`,
    "",
    ...commandLines(members, width),
    "",
    `Help for one of them: codexkeep help ${family} ${members[0]?.name.slice(family.length + 1) ?? ""}`,
  ];
}

/** The commands as a Markdown table, for the README. */
export function commandTable(commands: readonly Command[]): string {
  const rows = commands.map((command) => {
    const codes = command.exitCodes.join(" ");
    return `| \`${usage(command).replaceAll("|", "\\|")}\` | ${command.summary} | ${codes} |`;
  });
  return ["| command | does | exit codes besides 0, 1, 4 |", "|---|---|---|", ...rows].join("\n") + "\n";
}

/** `sync [flags]`, `switch PROVIDER [flags]`. */
export function usage(command: Command): string {
  const args = command.args.map(argumentTerm);
  const required = command.flags.filter(({ required }) => required).map((flag) => flagTerm(flag));
  return [command.name, ...args, ...required].join(" ");
}

/** `-y, --apply, --yes`, `--keep N`. */
export function flagTerm({ short, name, aliases = [], placeholder, choices }: Flag): string {
  const value = placeholder ?? choices?.join("|");
  const names = [
    ...(short === undefined ? [] : [`-${short}`]),
    `--${name}`,
    ...aliases.map((alias) => `--${alias}`),
  ];
  return names.join(", ") + (value === undefined ? "" : ` ${value}`);
}

function argumentTerm({ name, required, variadic }: Argument): string {
  const term = variadic ? `${name}…` : name;
  return required ? term : `[${term}]`;
}

function flagLines(flags: readonly Flag[], width: number): string[] {
  return flags.flatMap((flag) => describe(flagTerm(flag), flagSummary(flag), width));
}

function flagSummary({ summary, fallback, required }: Flag): string {
  if (required) return `${summary} (required)`;
  return fallback === undefined ? summary : `${summary} (default ${fallback})`;
}

function commandLines(commands: readonly Command[], width: number): string[] {
  return commands.flatMap((command) => describe(usage(command), command.summary, width));
}

function describe(term: string, summary: string, width: number): string[] {
  return entry(term, summary, SUMMARY_COLUMN, width - 2);
}
