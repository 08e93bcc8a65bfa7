/** `version`. */
import type { Invocation, Outcome } from "../command.ts";
import { makeOutcome } from "../outcome.ts";

/** Versions of the program and of what runs it. The SQLite engine is only loaded where its version is shown. */
export async function runVersion({ command, flags, versions, view }: Invocation): Promise<Outcome> {
  const { codexkeep, deno, v8, platform } = versions;
  const asked = flags.has("json") || view.verbose;
  const sqlite = asked ? await versions.sqlite() : null;
  const line = `codexkeep ${codexkeep}`;
  const more = [`deno ${deno}`, `v8 ${v8}`, `sqlite ${sqlite ?? "unknown"}`, `on ${platform}`];
  return makeOutcome({
    command: command.name,
    result: { version: codexkeep, deno, v8, sqlite, platform },
    text: ({ verbose }) => verbose ? [line, ...more] : [line],
    verdict: line,
  });
}
