/** Runs codexkeep on a home that the real Codex made: the program as a user starts it, by another process. */
import { assertEquals } from "../assert.ts";
import { type Document, pick } from "../scripts/contract.ts";
import { runJson } from "../scripts/program.ts";
import type { TestHome } from "./home.ts";

export { type Document, pick } from "../scripts/contract.ts";

/** Runs `codexkeep ARGS --json` on a home and gives its document; throws when it does not end with `status`. */
export async function keep(home: TestHome, args: readonly string[], status = 0): Promise<Document> {
  const { code, document } = await runJson(args, { home: home.path, cwd: home.work });
  const told = [...document.errors, ...document.warnings].map(({ message }) => message).join("; ");
  assertEquals(code, status, `codexkeep ${args.join(" ")} ended with ${code}: ${told}`);
  return document;
}

/** What `codexkeep diagnose` reports as an error or a warning, each as `severity code count`. */
export async function complaints(home: TestHome): Promise<readonly string[]> {
  const found = pick(await keep(home, ["diagnose"]), "findings") as readonly Finding[];
  return found
    .filter(({ severity }) => severity !== "info")
    .map(({ severity, code, count }) => `${severity} ${code} ${count}`);
}

/** Whether this build of codexkeep may write beside a running Codex: SQLite older than 3.51.3 must not. */
export async function writesBesideCodex(): Promise<boolean> {
  const version = String(pick((await runJson(["version"])).document, "sqlite"));
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return major * 1_000_000 + minor * 1000 + patch >= 3_051_003;
}

type Finding = { readonly severity: string; readonly code: string; readonly count: number };
