/** `help`, also for `--help` behind any command. */
import type { Command, Invocation, Outcome } from "../command.ts";
import { exitCodesOf } from "../exit_codes.ts";
import { findCommand } from "../find_command.ts";
import { flagsOf } from "../flags.ts";
import { commandHelp, familyHelp, overview, usage } from "../help.ts";
import { makeOutcome } from "../outcome.ts";
import { COMMANDS } from "../registry.ts";
import { shown, usageError } from "../usage.ts";

/** Help about the command that the arguments name, about a family of commands, or about all of them. Throws `usage`. */
export function runHelp({ command, args }: Invocation): Promise<Outcome> {
  const about = args.flatMap((word) => word.split(" "));
  const { command: found, family, at } = findCommand(about, COMMANDS);
  const extra = about[at.length];
  if (extra !== undefined) throw usageError(`unknown command ${shown(about.join(" "))}`, "codexkeep help");
  const members = COMMANDS.filter(({ name }) => family === undefined || name.startsWith(family + " "));
  return Promise.resolve(makeOutcome({
    command: command.name,
    result: found === undefined ? { commands: members.map(summarize) } : { command: describe(found) },
    text: (view) =>
      found !== undefined
        ? commandHelp(found, view)
        : family !== undefined
        ? familyHelp(family, COMMANDS, view)
        : overview(COMMANDS, view),
    verdict: null,
  }));
}

function summarize(command: Command): object {
  return { name: command.name, usage: usage(command), summary: command.summary };
}

function describe(command: Command): object {
  const flags = flagsOf(command).map(({ name, short, aliases, kind, placeholder, summary }) => {
    return { name, short, aliases, kind, placeholder, summary };
  });
  const { args, description, examples, effects } = command;
  return {
    ...summarize(command),
    description,
    effects,
    args,
    flags,
    examples,
    "exit_codes": Object.fromEntries(exitCodesOf(command)),
  };
}
