/** Several ailments on one thread, drawn at random: whatever they are, no repair makes a thread worse. */
import { assertEquals } from "../assert.ts";
import { dropIndex, threadRows } from "./disk.ts";
import { type TestHome, withCopy, withHome } from "./home.ts";
import { assertNoWorse, makePatients, randomOf, showAll, type Shown } from "./mixed.ts";
import { FULL } from "./oracle.ts";
import { setPath } from "./places.ts";
import { printDifferences, printHome } from "./prints.ts";
import { type Document, pick } from "./program.ts";
import { runJson } from "../scripts/program.ts";

const RUNS = FULL ? 60 : 2;
/** Done, and done but for targets that are named. */
const DONE = [0, 8];

Deno.test("repair all makes no thread worse, whatever ailments it has together", async (test) => {
  for (let seed = 1; seed <= RUNS; seed++) {
    await test.step(`seed ${seed}`, () => withHome("mock", (home) => checkRun(home, seed)));
  }
});

async function checkRun(home: TestHome, seed: number): Promise<void> {
  const patients = await makePatients(home, randomOf(seed));
  const ill = printHome(home.path);
  const [kept, rebuilt] = await look(home);

  const applied = await repairAll(home);
  assertEquals([pick(applied, "applied"), pick(applied, "verified")], [true, true]);
  const [keptAfter, rebuiltAfter] = await look(home);
  assertNoWorse(patients, kept, keptAfter, "at once");
  assertNoWorse(patients, rebuilt, rebuiltAfter, "after the database was made anew");
  const again = await repairAll(home);
  assertEquals([pick(again, "plan.changes"), pick(again, "record")], [0, null]);

  await run(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(ill, printHome(home.path)), []);
}

function repairAll(home: TestHome): Promise<Document> {
  return run(home, ["repair", "all", "--apply"]);
}

async function run(home: TestHome, args: readonly string[]): Promise<Document> {
  const { code, document } = await runJson(args, { home: home.path, cwd: home.work });
  assertEquals(
    DONE.includes(code),
    true,
    `${args.join(" ")} ended with ${code}: ${JSON.stringify(document.errors)}`,
  );
  return document;
}

/** What Codex shows of the home as it is, and after its database was made anew. */
async function look(
  home: TestHome,
): Promise<readonly [ReadonlyMap<string, Shown>, ReadonlyMap<string, Shown>]> {
  const kept = await withCopy(home, (copy) => {
    // The rows of a copy are set to its own place; those that were wrong shall stay so.
    for (const { id, path } of threadRows(home.path)) {
      setPath(copy.path, id, path.replace(home.path, copy.path));
    }
    return showAll(copy);
  });
  return [
    kept,
    await withCopy(home, (copy) => {
      dropIndex(copy.path);
      return showAll(copy);
    }),
  ];
}
