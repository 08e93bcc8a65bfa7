/**
 * The repairs by name, for the command line and its help, which must not wait for the repairs themselves to load. A
 * test holds this list and the repairs together.
 */
import type { Repair } from "./repair.ts";

/** What is said about a repair before it is needed. */
export type RepairEntry = Pick<Repair, "name" | "summary" | "safe">;

/** All that can change something, in the order in which help shows them. */
export const CATALOGUE: readonly RepairEntry[] = [
  {
    name: "config",
    summary: "turn profiles of an older Codex into <name>.config.toml files; report what Codex refuses",
    safe: false,
  },
  {
    name: "database",
    summary:
      "set a damaged state database aside so that Codex rebuilds it, then put back names, pins and sections",
    safe: false,
  },
  { name: "archive", summary: "make the archived flag and the place of the file agree", safe: true },
  {
    name: "paths",
    summary: "point rows at their files again, and put files back where Codex looks",
    safe: true,
  },
  { name: "history", summary: "give stored positions in rollouts their right values again", safe: true },
  {
    name: "provider",
    summary: "make threads belong to the provider in use, in their files and in the database alike",
    safe: true,
  },
  { name: "cwd", summary: "follow a project folder that was moved or renamed (--map OLD=NEW)", safe: false },
  {
    name: "account",
    summary: "show threads to every ChatGPT account that uses this home (takes a privacy boundary away)",
    safe: false,
  },
  { name: "unarchive", summary: "bring archived threads back", safe: false },
  { name: "preview", summary: "give threads without a preview theirs back", safe: true },
  {
    name: "user-events",
    summary: "mark threads that hold a message of the user, for older versions",
    safe: true,
  },
  { name: "backfill", summary: "let Codex index rollouts it does not know", safe: true },
  {
    name: "index",
    summary: "write the names of threads into session_index.jsonl, where they outlive the database",
    safe: true,
  },
  { name: "ui-state", summary: "show all workspaces in the app again", safe: true },
];
