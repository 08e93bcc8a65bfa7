import type { Command } from "../command.ts";
import { WRITE_FLAGS } from "../flags.ts";
import { PLAN_EXIT_CODES } from "./sync.ts";

/** `codexkeep switch PROVIDER` */
export const SWITCH: Command = {
  name: "switch",
  aliases: [],
  summary: "makes another provider the current one in config.toml, then does what sync does",
  description: [
    "Changes `model_provider` (and the model, where one is named) at the top of config.toml and leaves every other " +
    "byte of it as it is. The history follows in the same plan, so one `restore` takes back both.",
    "The provider must be built into Codex or declared in [model_providers].",
  ],
  flags: [
    {
      name: "model",
      kind: "string",
      placeholder: "NAME",
      format: "model",
      summary: "set the model, too (default: the one that the provider's table names, if it does)",
      excludes: ["keep-model"],
    },
    { name: "keep-model", kind: "boolean", summary: "leave the model as it is" },
    { name: "no-sync", kind: "boolean", summary: "change config.toml only, leave the history where it is" },
    ...WRITE_FLAGS,
  ],
  args: [{
    name: "PROVIDER",
    required: true,
    variadic: false,
    format: "provider",
    summary: "id of the provider",
  }],
  effects: "writes",
  examples: [
    { line: "codexkeep switch relay", does: "shows what would change and asks" },
    { line: "codexkeep switch openai --model gpt-5.2 --apply", does: "back to OpenAI with that model" },
  ],
  exitCodes: PLAN_EXIT_CODES,
  run: async (input) => (await import("../actions/switch.ts")).runSwitch(input),
};
