import { AppError } from "../../lib/core/error.ts";
import type { RelPath } from "../../lib/core/path.ts";
import type { Change, EditChange, MoveChange } from "../../lib/core/plan.ts";
import { requireKnownTargets } from "../../lib/engine/targets.ts";
import { assertThrows } from "../assert.ts";
import { rolloutPath } from "../codex_model/snapshots.ts";

const PLACE = rolloutPath(1);
const NAME = PLACE.slice(PLACE.lastIndexOf("/") + 1);

function move(path: string, to: string): MoveChange {
  const file = { thread: undefined, sets: {}, size: 1, mtimeMs: 1 };
  return { kind: "move", path: path as RelPath, to: to as RelPath, ...file };
}

function edit(path: string): EditChange {
  const file = { thread: undefined, sets: {}, size: 1, mtimeMs: 1, leaveMtimeMs: 1, splices: [] };
  return { kind: "edit", path: path as RelPath, ...file };
}

function assertRefused(...changes: readonly Change[]): void {
  assertThrows(() => requireKnownTargets(changes), AppError, "codexkeep does not");
}

Deno.test("requireKnownTargets() lets rollouts be put in their places, from anywhere in the home, and back", () => {
  const origins = [
    `sessions/${NAME}`,
    `sessions/2026/11/21/x-${NAME}`,
    `sessions/2026/11/21/${NAME.replace(".jsonl", " copy.jsonl")}`,
    `sessions_old/2026/11/21/${NAME}`,
    `archived_sessions/${NAME}`,
  ];
  for (const path of origins) {
    requireKnownTargets([move(path, PLACE), edit(path)]);
    requireKnownTargets([move(PLACE, path), edit(PLACE)]);
  }
  requireKnownTargets([move(PLACE, `${PLACE}.bak`), move(`${PLACE}.2.bak`, PLACE)]);
});

Deno.test("requireKnownTargets() refuses to make a rollout of anything else", () => {
  for (const path of ["auth.json", "config.toml", "state_5.sqlite", "notes.jsonl", `old/${NAME}.bak`]) {
    assertRefused(move(path, PLACE));
    assertRefused(move(PLACE, path));
  }
  assertRefused(move(rolloutPath(2, "old"), PLACE));
  assertRefused(move(rolloutPath(1, "old"), "sessions/2026/11/21/rollout-x.jsonl"));
  assertRefused(edit(`old/${NAME}`));
  assertRefused(move("state_5.sqlite", "db-backups/x/state_5.sqlite"), edit("state_5.sqlite"));
});
