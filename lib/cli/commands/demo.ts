import type { Command } from "../command.ts";

/** `codexkeep demo` */
export const DEMO: Command = {
  name: "demo",
  aliases: [],
  summary: "shows the whole way on a throw-away home: diagnose, repair, verify, restore",
  description: [
    "Builds a small home with history that has gone out of sight, then does to it what you would do to yours. Your own " +
    "home is not even opened. Needs neither Codex nor a network.",
  ],
  flags: [
    {
      name: "dir",
      kind: "string",
      placeholder: "DIR",
      summary: "where to build it (default: a temporary folder)",
    },
    { name: "keep", kind: "boolean", summary: "leave it there afterwards, to try things out" },
  ],
  args: [],
  effects: "reads",
  examples: [
    { line: "codexkeep demo", does: "watch it" },
    { line: "codexkeep demo --dir /tmp/codex-demo --keep", does: "leave a home to play with" },
  ],
  exitCodes: [],
  run: async (input) => (await import("../actions/demo.ts")).runDemo(input),
};
