/** A program that takes the database for a moment while a run is under way. */
import type { AbsPath } from "../../lib/core/path.ts";
import { assert, assertEquals } from "../assert.ts";
import { withHome } from "../home.ts";
import { HAS_PYTHON } from "../system/fixture.ts";
import { carryOut, CONFIG, MIXED, planSync, threadsAt } from "./fixture.ts";

/** Keeps everybody out of a database for half a second; makes the file `argv[2]` when it begins. */
const KEEP_OUT = `
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
db.execute("pragma locking_mode = exclusive")
db.execute("begin exclusive")
db.execute("select count(*) from threads").fetchone()
open(sys.argv[2], "w").close()
time.sleep(0.5)
db.execute("rollback")
`;

for (const stage of ["changing files", "verifying"]) {
  Deno.test({
    name: `a database that is taken for a moment is waited for: ${stage}`,
    ignore: !HAS_PYTHON,
    fn: () =>
      withHome({ config: CONFIG, threads: MIXED }, async (home) => {
        const sign = `${home.path}/../taken`;
        let holder: Deno.ChildProcess | undefined;
        const onProgress = (now: string) => {
          if (now === stage) holder ??= keepOut(home.state!, sign);
        };
        const { record, skipped } = await carryOut(await planSync(home.path), { onProgress });
        assert(holder !== undefined && (await holder.status).success);
        assertEquals(skipped, []);
        assert(record !== undefined);
        assertEquals((await threadsAt(home, "new")).length, MIXED.length);
      }),
  });
}

/** Returns when the program has the database. */
function keepOut(database: AbsPath, sign: string): Deno.ChildProcess {
  const child = new Deno.Command("python3", { args: ["-c", KEEP_OUT, database, sign] }).spawn();
  for (const end = performance.now() + 10_000; performance.now() < end;) {
    try {
      Deno.lstatSync(sign);
      return child;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error("nobody took the database");
}
