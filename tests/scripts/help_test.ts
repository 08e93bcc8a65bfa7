/** Help says what the contract says. */
import { assertEquals } from "../assert.ts";
import { EXIT_CODES, pick } from "./contract.ts";
import { runJson } from "./program.ts";

Deno.test("help names the exit statuses that the contract has for each command", async () => {
  const { document } = await runJson(["help"]);
  const commands = pick(document, "commands") as { name: string }[];
  for (const { name } of commands) {
    const help = await runJson(["help", ...name.split(" ")]);
    const named = Object.keys(pick(help.document, "command.exit_codes") as object).map(Number);
    const promised = EXIT_CODES[name.split(" ")[0] ?? ""] ?? [];
    const expected = [0, 1, 4, ...promised.filter((code) => code !== 130)].sort((a, b) => a - b);
    assertEquals(named, expected, name);
  }
});
