/** What a home must be like after a run to which something happened, by how the run says it ended. */
import type { AbsPath } from "../../lib/core/path.ts";
import { listRecords } from "../../lib/engine/records.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { awayFrom, checkRecords, checkRecovery, checkThreads } from "./checker.ts";
import { type Ran, runUndisturbed } from "./home.ts";
import type { Stage } from "./scenarios.ts";

/** As much of the JSON document as the judges read. */
export interface Document {
  readonly errors: readonly { readonly code: string; readonly message: string }[];
  readonly warnings: readonly { readonly message: string }[];
  readonly result:
    | { readonly plan?: { readonly skipped: readonly { subject: string; reason: string }[] } }
    | null;
}

/** The document that a run with `--json` printed. Throws when it printed something else. */
export function documentOf(ran: Ran): Document {
  return JSON.parse(ran.out) as Document;
}

function leftOut(ran: Ran): ReadonlySet<string> {
  return new Set(documentOf(ran).result?.plan?.skipped.map(({ subject }) => subject));
}

/** What is wrong after a run that said that all is done. */
export function afterSuccess({ home, ends }: Stage): string[] {
  return [...awayFrom(home, ends, "after").slice(0, 2), ...checkRecords(home)].map((text) =>
    `exit 0, but ${text}`
  );
}

/** What is wrong after a run that failed: the old state is back, or `recover` brings it back, and all goes on. */
export async function afterFailure(stage: Stage, ran: Ran): Promise<string[]> {
  const { home, ends, argv } = stage;
  const wrong: string[] = [];
  const states = listRecords(realDisk, home as AbsPath);
  // 9 says: run `recover`. It may find that all was done, where the last word of the journal did reach the disk.
  const isPending = ran.code === 9 || states.some(({ state }) => state === "pending");
  if (isPending) wrong.push(...await checkRecovery(home, ends));
  else if (ran.code === 8) wrong.push(...checkThreads(home, ends, leftOut(ran)));
  const away = awayFrom(home, ends, ends.undone, "leftovers");
  if (!isPending && ran.code !== 8) wrong.push(...away.slice(0, 2).map((text) => `not taken back: ${text}`));
  if (argv[0] === "naive" || away.length > 0) return wrong;
  // With the disk well again, the same command comes to its end.
  const again = await runUndisturbed(home, argv);
  if (again.code !== (stage.scenario.code ?? 0)) {
    wrong.push(`the next run ended with ${again.code}: ${again.err}`);
  }
  wrong.push(...awayFrom(home, ends, "after").slice(0, 2).map((text) => `the next run, and yet ${text}`));
  return [...wrong, ...checkRecords(home)];
}
