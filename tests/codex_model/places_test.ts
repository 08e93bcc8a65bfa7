import {
  compareAge,
  fileIdOf,
  ignoredPlace,
  isListedPlace,
  isSameFile,
  isWholeName,
  namePartsOf,
  placeOf,
  rolloutName,
  stampOf,
} from "../../lib/codex/places.ts";
import { parseRolloutName } from "../../lib/codex/rollout_name.ts";
import { baseName, type RelPath } from "../../lib/core/path.ts";
import { assert, assertEquals } from "../assert.ts";
import { ID, OTHER_ID } from "./rollouts.ts";

const STAMP = "2026-11-21T10-00-00";
const NAME = `rollout-${STAMP}-${ID}.jsonl`;

Deno.test("isWholeName() takes exactly the names that Codex opens", () => {
  for (const name of [NAME, `${NAME}.zst`, NAME.replace(".jsonl", `_${OTHER_ID}.jsonl`)]) {
    assert(isWholeName(name), name);
  }
  const others = [
    `x-${NAME}`,
    NAME.replace("rollout-", "rollout-backup-"),
    NAME.replace(".jsonl", " copy.jsonl"),
    NAME.replace(`${STAMP}-`, ""),
    NAME.replace(ID, ID.toUpperCase()),
    `${NAME}.bak`,
  ];
  assertEquals(others.filter(isWholeName), []);
});

Deno.test("namePartsOf() finds what is left of a name, and rolloutName() puts it together again", () => {
  const whole = [NAME, `${NAME}.zst`, NAME.replace(".jsonl", `_${OTHER_ID}.jsonl`)];
  for (const name of whole) {
    for (const odd of [name, `x-${name}`, `copy of ${name}`, name.replace(".jsonl", " (1).jsonl")]) {
      const parts = namePartsOf(odd);
      assertEquals(parts && rolloutName(parts), name);
    }
  }
  assertEquals(namePartsOf(NAME.replace(ID, ID.toUpperCase()))?.id, ID);
  for (const name of [`rollout-${ID}.jsonl`, `rollout-${STAMP}.jsonl`, `${NAME}.bak`, "notes.jsonl"]) {
    assertEquals(namePartsOf(name), undefined);
  }
});

Deno.test("placeOf() gives the folder of the day in the name, or the flat archive", () => {
  assertEquals(placeOf(NAME, false), `sessions/2026/11/21/${NAME}`);
  assertEquals(placeOf(`${NAME}.zst`, true), `archived_sessions/${NAME}.zst`);
  assertEquals(placeOf(`x-${NAME}`, false), undefined);
});

Deno.test("isListedPlace() knows where Codex lists files, whatever the numbers are", () => {
  const listed = [`sessions/2020/1/99/${NAME}`, `archived_sessions/${NAME}`];
  const others = [
    `sessions/${NAME}`,
    `sessions/backup/${NAME}`,
    `sessions/a/b/c/${NAME}`,
    `sessions/backup/2026/11/21/${NAME}`,
    `archived_sessions/2026/11/21/${NAME}`,
    `sessions_old/2026/11/21/${NAME}`,
  ];
  assertEquals([...listed, ...others].filter((path) => isListedPlace(path as RelPath)), listed);
});

Deno.test("stampOf() takes the time of a name or of a first line", () => {
  assertEquals([stampOf(NAME), stampOf("2026-11-21T10:00:00.123Z"), stampOf("yesterday")], [
    STAMP,
    STAMP,
    undefined,
  ]);
});

Deno.test("ignoredPlace() gives names that are no rollouts", () => {
  const path = `sessions/2026/11/21/${NAME}` as RelPath;
  const places = [ignoredPlace(path), ignoredPlace(path, 2), ignoredPlace(`${path}.zst` as RelPath)];
  assertEquals(places, [`${path}.bak`, `${path}.2.bak`, `${path}.zst.bak`] as RelPath[]);
  assertEquals(places.map((place) => parseRolloutName(baseName(place))), [undefined, undefined, undefined]);
});

Deno.test("compareAge() puts the first file before its segments, and those by the time in their ids", () => {
  const first = { stamp: STAMP, segment: undefined, id: ID };
  const early = { stamp: "2026-11-21T23-00-00", segment: "0199f0a0-0000-7000-8000-00000000000a", id: ID };
  const late = { stamp: "2026-11-20T01-00-00", segment: "0199f0a0-0001-7000-8000-000000000001", id: ID };
  assertEquals([late, first, early].toSorted(compareAge), [first, early, late]);
  assertEquals([first, early].map(fileIdOf), [ID, early.segment]);
});

Deno.test("isSameFile() takes spellings of one file for each other, and no two files", () => {
  const path = `/home/u/.codex/sessions/${NAME}`;
  assert(isSameFile(path, `${path}.zst`));
  assert(isSameFile(`\\\\?\\C:\\Users\\u\\${NAME}`, `c:/users/u/${NAME}`));
  assert(!isSameFile(path, path.replace("/u/", "/U/")));
  assert(!isSameFile(path, `${path}.bak`));
});
