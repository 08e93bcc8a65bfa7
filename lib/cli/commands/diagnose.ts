import type { Command } from "../command.ts";
import { CHECK } from "../flags.ts";

/** Samples of a finding that are shown unless `--max-samples` says otherwise. */
export const DEFAULT_SAMPLES = 10;

/** `codexkeep diagnose` */
export const DIAGNOSE: Command = {
  name: "diagnose",
  aliases: [],
  summary: "lists everything that is wrong, with evidence and the repair for it",
  description: [
    "Runs every check and shows what it found, the worst first: what it means, a few samples, and the command that " +
    "cures it. Then the numbers: rollouts and rows, threads by provider and folder, files and rows that do not fit " +
    "together, what the app goes by, which provider it is really using and how that was concluded.",
    "Reads only. With --verbose every sample, every folder, and threads by source, provider and state.",
  ],
  flags: [
    {
      name: "max-samples",
      kind: "integer",
      placeholder: "N",
      min: 1,
      max: 1_000_000,
      fallback: DEFAULT_SAMPLES,
      summary: "samples shown for each finding and kind of misfit",
    },
    { ...CHECK, summary: "exit 10 if there is an error or a warning" },
  ],
  args: [],
  effects: "reads",
  examples: [
    { line: "codexkeep diagnose", does: "what is wrong, and what to do about it" },
    { line: "codexkeep diagnose --check --quiet", does: "for a script: exit 10 if something is wrong" },
  ],
  exitCodes: [7, 10],
  run: async (input) => (await import("../actions/diagnose.ts")).runDiagnose(input),
};
