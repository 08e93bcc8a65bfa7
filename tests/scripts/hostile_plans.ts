/** Plans that somebody made by hand, checksums and all, and what none of them may reach. */
import { sha256 } from "../../lib/core/bytes.ts";
import type { Change } from "../../lib/core/plan.ts";
import { assertEquals } from "../assert.ts";
import type { Stage } from "./stage.ts";

/** What stands in the files that no plan may reach. */
export const SECRET: string = "the secret stays as it is\n";

/** Files that no plan may reach, inside the home and beside it. */
export const TRIPWIRES: readonly string[] = [
  "../beside.txt",
  "auth.json",
  "history.jsonl",
  "skills/tool.md",
  "other.toml",
];

/** Paths that lead to them, or would on some system. */
export const PATHS: readonly string[] = [
  "../beside.txt",
  "sessions/../../beside.txt",
  "sessions/../auth.json",
  "..\\beside.txt",
  "sessions\\..\\..\\beside.txt",
  "/etc/hostname",
  "C:\\beside.txt",
  "C:beside.txt",
  "\\\\server\\share\\x",
  "config.toml:stream",
  "auth.json\u0000.jsonl",
  "auth.json",
  "history.jsonl",
  "skills/tool.md",
  "other.toml",
  "state_5.sqlite",
  "backups_state/codexkeep/ledger.jsonl",
  "./auth.json",
  "sessions//x.jsonl",
  "sessions/CON",
  "sessions/x.jsonl.",
  "sessions/x.jsonl ",
  "",
  ".",
  "..",
];

/** Puts the tripwires in place. */
export function setUp(stage: Stage): void {
  Deno.mkdirSync(stage.path("skills"));
  for (const file of TRIPWIRES) Deno.writeTextFileSync(stage.path(file), SECRET);
}

/** Fails unless every tripwire is as it was. */
export function expectUntouched(stage: Stage, what: string): void {
  for (const file of TRIPWIRES) {
    assertEquals(Deno.readTextFileSync(stage.path(file)), SECRET, `${what}: ${file}`);
  }
}

/** Writes a plan whose digest is right, whatever is in it. */
export function savePlan(stage: Stage, changes: readonly Change[]): string {
  const head = { purpose: "sync", home: stage.home, reverts: null };
  const digest = sha256([head, ...changes].map((part) => JSON.stringify(part)).join("\n"));
  const file = `${stage.folder}/plan.json`;
  const plan = { schema: "codexkeep-plan/1", digest, ...head, skipped: [], changes };
  Deno.writeTextFileSync(file, JSON.stringify(plan));
  return file;
}
