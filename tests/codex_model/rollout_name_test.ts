import { parseRolloutName, segmentMadeAt } from "../../lib/codex/rollout_name.ts";
import { assertEquals } from "../assert.ts";
import { ID, OTHER_ID } from "./rollouts.ts";

const STEM = `rollout-2026-11-21T10-00-00-${ID}`;

Deno.test("parseRolloutName() reads thread, segment and encoding", () => {
  assertEquals(parseRolloutName(`${STEM}.jsonl`), { encoding: "plain", id: ID, segment: undefined });
  assertEquals(parseRolloutName(`${STEM}_${OTHER_ID}.jsonl.zst`), {
    encoding: "zstd",
    id: ID,
    segment: OTHER_ID,
  });
  assertEquals(parseRolloutName(`${STEM.replace(ID, ID.toUpperCase())}.jsonl`)?.id, ID);
});

Deno.test("parseRolloutName() knows a rollout's name that holds no id", () => {
  for (const name of ["rollout-.jsonl", "rollout-2026-11-21T10-00-00.jsonl", `rollout-x${ID}y.jsonl`]) {
    assertEquals(parseRolloutName(name), { encoding: "plain", id: undefined, segment: undefined });
  }
});

Deno.test("parseRolloutName() leaves other names alone", () => {
  const names = [
    `${STEM}.jsonl.bak`,
    `${STEM}.json`,
    `${STEM}.jsonl.zst.tmp`,
    `${STEM} (conflicted copy).jsonl~`,
    `.codexkeep-000001-x-${STEM}.tmp`,
    `x${STEM}.jsonl`,
    `${STEM}.jsonl\n`,
    "history.jsonl",
    "",
  ];
  for (const name of names) assertEquals(parseRolloutName(name), undefined, name);
});

Deno.test("segmentMadeAt() reads the time that the id of a segment begins with", () => {
  assertEquals(segmentMadeAt("019b8d99-6900-7b86-ab27-3ff34fce19d6"), 0x019b8d996900);
  assertEquals(new Date(segmentMadeAt("01a1fc6c-bb64-73e1-bed2-c9ee0a9858d4")).getUTCFullYear(), 2026);
});
