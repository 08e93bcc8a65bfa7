import type { Command } from "../command.ts";
import { INSTALLED, SHELLS } from "../completions/scripts.ts";

/** `codexkeep completions` */
export const COMPLETIONS: Command = {
  name: "completions",
  aliases: [],
  summary: "prints the script with which a shell completes command lines",
  description: [
    "The script asks the program itself, so what it offers is always what this version takes: commands, flags, their " +
    "values, providers that are declared, records that are there.",
    ...Object.entries(INSTALLED).map(([shell, line]) => `${shell}: ${line}`),
    "With words behind --, it prints what could stand in place of the last one, which has a + before it: this is what " +
    "the scripts call.",
  ],
  flags: [],
  args: [
    { name: "SHELL", required: true, variadic: false, choices: SHELLS, summary: "the shell" },
    { name: "WORD", required: false, variadic: true, summary: "the words of a command line, behind --" },
  ],
  effects: "reads",
  examples: [{ line: "codexkeep completions bash", does: "the script for bash" }],
  exitCodes: [],
  run: async (input) => (await import("../actions/completions.ts")).runCompletions(input),
};
