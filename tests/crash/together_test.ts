/** Several runs started at once on one home: one works, the others say so and leave nothing behind. */
import { assert, assertEquals } from "../assert.ts";
import { awayFrom, checkRecords } from "./checker.ts";
import { type Document, documentOf } from "./judge.ts";
import { openStage, type Scenario, scenarioOf } from "./scenarios.ts";
import { FULL, runChild } from "./sweep.ts";

const ROUNDS = FULL ? 50 : 3;
const RUNS = 5;

for (const name of ["sync", "sync --keep 1"]) {
  const what = name === "sync" ? "on a home that never had a run" : "on a home that had one";
  Deno.test(`runs started together ${what}: one works, the others find the lock taken`, async () => {
    const codes = new Map<number, number>();
    const faults = await together(scenarioOf(name), codes);
    const seen = [...codes].map(([code, times]) => `${times} × exit ${code}`).join(", ");
    Deno.stderr.writeSync(new TextEncoder().encode(`together, ${name}: ${seen}\n`));
    assertEquals(faults, []);
  });
}

async function together(scenario: Scenario, codes: Map<number, number>): Promise<string[]> {
  const faults: string[] = [];
  const stage = await openStage(scenario);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      stage.reset();
      const order = { home: stage.home, argv: [...stage.argv, "--json"], at: 0, half: false, links: true };
      const runs = await Promise.all(Array.from({ length: RUNS }, () => runChild(order)));
      let worked = 0;
      for (const run of runs) {
        assert(run !== undefined, "a run was killed");
        const { errors, result } = documentOf(run) as Document & { result: { applied?: boolean } | null };
        codes.set(run.code, (codes.get(run.code) ?? 0) + 1);
        if (result?.applied) worked++;
        // 8: planned while another run was at work, and what it found changed since is named.
        const isFine = [0, 6, 8].includes(run.code) ||
          errors.some(({ message }) => /named codex/.test(message));
        if (!isFine) faults.push(`exit ${run.code}: ${errors.map(({ message }) => message).join("; ")}`);
      }
      if (worked === 0) faults.push("nobody did it");
      faults.push(...awayFrom(stage.home, stage.ends, "after").slice(0, 1), ...checkRecords(stage.home));
    }
  } finally {
    stage.dispose();
  }
  return faults;
}
