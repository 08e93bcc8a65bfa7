import type { Command } from "../command.ts";

/** `codexkeep explain THREAD` */
export const EXPLAIN: Command = {
  name: "explain",
  aliases: [],
  summary: "tells which parts of Codex show one thread, what hides it in the others, and what helps",
  description: [
    "For each reader of Codex (the picker of the command line, `resume --last`, the list of the app, lists that only " +
    "ask the database, opening by id): would it show the thread, and which condition decides.",
    "Then every cause that hides it, also those behind the first one, and everything else that is wrong with it or " +
    "with the whole home, each with the command that cures it.",
    "Reads only.",
  ],
  flags: [],
  args: [{
    name: "THREAD",
    required: true,
    variadic: false,
    format: "thread",
    summary: "id of the thread; a unique prefix of at least 8 characters will do",
  }],
  effects: "reads",
  examples: [{ line: "codexkeep explain 0199a1b2", does: "why that thread is not in the list" }],
  exitCodes: [7],
  run: async (input) => (await import("../actions/explain.ts")).runExplain(input),
};
