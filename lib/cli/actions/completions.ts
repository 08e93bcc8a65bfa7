/** `completions`. */
import { knownProviders } from "../../codex/config.ts";
import { readConfigOf, resolveHome } from "../../engine/home.ts";
import { listRecordIds } from "../../engine/records.ts";
import { quote } from "../../text/terminal.ts";
import type { Machine } from "../../system/machine.ts";
import type { Invocation, Outcome } from "../command.ts";
import { complete, type Completion, homeIn, type Known } from "../completions/complete.ts";
import { MARK, SCRIPTS, type Shell } from "../completions/scripts.ts";
import { makeOutcome } from "../outcome.ts";
import { COMMANDS } from "../registry.ts";

/** Prints a script, or what could stand in place of the last word. */
export function runCompletions({ command, args, machine }: Invocation): Promise<Outcome> {
  const [shell, ...given] = args as [Shell, ...string[]];
  const data = given.length === 0 ? SCRIPTS[shell] : candidates(machine, given);
  return Promise.resolve(
    makeOutcome({
      command: command.name,
      result: { shell, text: data },
      text: () => [],
      verdict: null,
      data,
    }),
  );
}

function candidates(machine: Machine, given: readonly string[]): string {
  const last = given.at(-1) ?? "";
  const words = [...given.slice(0, -1), last.startsWith(MARK) ? last.slice(MARK.length) : last];
  return linesOf(complete(words, COMMANDS, knownAt(machine, homeIn(words))));
}

/** Words that no shell reads as anything but themselves; what else a provider may be called has to be typed. */
const PLAIN = /^[\w@%+=:,./-]+$/;

function linesOf({ candidates, names }: Completion): string {
  const lines = candidates.filter(({ value }) => PLAIN.test(value))
    .map(({ value, means }) => `${value} ${quote(means)}`);
  return [...lines, ...names === "none" ? [] : [`:${names}`]].map((line) => line + "\n").join("");
}

/** Looks only where the words ask for it; a home that cannot be read knows nothing. */
function knownAt(machine: Machine, home: string | undefined): Known {
  return (format) => {
    try {
      const path = resolveHome(machine, home);
      if (format === "provider") {
        return knownProviders(readConfigOf(machine.disk, path)).map((value) => ({
          value,
          means: "provider",
        }));
      }
      if (format !== "record") return [];
      return ["latest", ...listRecordIds(machine.disk, path)].map((value) => ({ value, means: "" }));
    } catch {
      return [];
    }
  };
}
