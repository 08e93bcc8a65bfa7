/** `codexkeep sync` judged by the real Codex: a synced home shows and does what the home did on its old provider. */
import { assert, assertEquals } from "../assert.ts";
import { type Cast, makeCast, ROLES, withCast } from "./cast.ts";
import { filesOf } from "./disk.ts";
import { PROVIDERS } from "./home.ts";
import { differences, FULL, type Observation, observe } from "./oracle.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";

const FROM = "custom";
/** Shorter than the old id, as long, longer. */
const TARGETS = FULL
  ? PROVIDERS.filter((id) => id !== FROM)
  : ["a", "openai", "a-very-long-provider-id-for-the-tests"];

Deno.test("sync --apply on threads of every kind", async (test) => {
  const cast = await makeCast(FROM);
  try {
    const before = await observe(cast, FROM);
    await test.step("has nothing to do on a healthy home, and diagnose no complaint", () =>
      checkHealthy(cast));
    for (const provider of TARGETS) {
      await test.step(
        `gives them to "${provider}" and Codex shows and does the same`,
        () => withCast(cast, (copy) => checkSync(copy, before, provider)),
      );
    }
    await test.step(
      "leads over three providers back to the first",
      () => withCast(cast, (copy) => checkChain(copy, before)),
    );
  } finally {
    await cast.home.dispose();
  }
});

async function checkHealthy({ home }: Cast): Promise<void> {
  const print = printHome(home.path);
  assertEquals(await complaints(home), []);
  const sync = await keep(home, ["sync", "--apply"]);
  assertEquals([pick(sync, "plan.changes"), pick(sync, "record")], [0, null]);
  assertEquals(printDifferences(print, printHome(home.path)), []);
}

async function checkSync(copy: Cast, before: Observation, provider: string): Promise<void> {
  const { home } = copy;
  home.configure(provider);
  assertEquals(await complaints(home), [`warning provider-mismatch ${ROLES.length}`]);
  const print = printHome(home.path);
  const contents = contentsOf(copy);
  const sync = await keep(home, ["sync", "--apply"]);
  assertEquals(
    [pick(sync, "applied"), pick(sync, "verified"), pick(sync, "plan.skipped"), pick(sync, "plan.moves")],
    [true, true, [], [{ from: FROM, to: provider, threads: ROLES.length }]],
  );
  checkFiles(contents, contentsOf(copy));
  checkTraces(print, printHome(home.path), provider);
  assertEquals(await complaints(home), []);

  const synced = printHome(home.path);
  const again = await keep(home, ["sync", "--apply"]);
  assertEquals([pick(again, "plan.changes"), pick(again, "record")], [0, null]);
  assertEquals(printDifferences(synced, printHome(home.path)), []);
  assertEquals(differences(before, await observe(copy, provider)), []);
}

/** Nothing but rollouts and providers of rows changed; the files kept their modes and times. */
function checkTraces(before: Print, after: Print, provider: string): void {
  const changed = [...before.files].filter(([path, print]) => after.files.get(path) !== print);
  for (const [path, print] of changed) {
    assert(/^(archived_)?sessions\/.*\.jsonl$/.test(path), path);
    const [, ...modeAndTime] = print.split(" ");
    assertEquals(after.files.get(path)?.split(" ").slice(1), modeAndTime, path);
  }
  assertEquals([...after.files.keys()], [...before.files.keys()]);
  const renamed = before.rows.map((row) =>
    row.replaceAll(`"model_provider":"${FROM}"`, `"model_provider":"${provider}"`)
  );
  assertEquals(printDifferences({ ...after, rows: renamed }, after), []);
}

type Print = ReturnType<typeof printHome>;

/** In paginated files every stored byte offset still leads to the same byte. */
function checkFiles(before: Contents, after: Contents): void {
  for (const [path, lines] of before) {
    const now = after.get(path) ?? [];
    if (!lines[0]?.includes('"history_mode":"paginated"')) {
      assertEquals(now.length, lines.length, path);
      continue;
    }
    assertEquals(now[0]?.length, lines[0]?.length, path);
    assertEquals(now.slice(1, lines.length), lines.slice(1), path);
    assert(now.length - lines.length <= 1, path);
  }
}

type Contents = ReadonlyMap<string, readonly string[]>;

function contentsOf({ home, ids }: Cast): Contents {
  return new Map(
    ROLES.flatMap((role) => filesOf(home.path, ids[role])).map((path) => [
      path,
      Deno.readTextFileSync(path).trimEnd().split("\n"),
    ]),
  );
}

async function checkChain(copy: Cast, before: Observation): Promise<void> {
  for (const provider of ["a", "a-very-long-provider-id-for-the-tests", FROM]) {
    copy.home.configure(provider);
    await keep(copy.home, ["sync", "--apply"]);
  }
  assertEquals(await complaints(copy.home), []);
  assertEquals(differences(before, await observe(copy, FROM)), []);
}
