/**
 * Give stored positions in rollouts their right values again. Programs that write a shorter or longer provider into the
 * first line of a rollout move every line behind it, while Codex goes on with the byte offsets it has stored: turns
 * come to be missing, forks lose part of what was said (seen in Codex 0.169, without any error).
 */
import type { Finding } from "../core/finding.ts";
import { type Audit, auditHistory, commonShift, type HistoryAudit } from "./history_audit.ts";
import { planHistory } from "./history_cure.ts";
import type { HistoryFile, StoredMark } from "./history_marks.ts";
import type { Facts, Repair } from "./repair.ts";

/** Finds and cures this ailment. */
export const historyRepair: Repair = {
  name: "history",
  summary: "give stored positions in rollouts their right values again",
  safe: true,
  find: findHistory,
  plan: planHistory,
};

function findHistory(facts: Facts): readonly Finding[] {
  const audit = auditHistory(facts);
  return [...shifted(audit), ...broken(audit), ...frozen(audit)];
}

function shifted({ files }: HistoryAudit): readonly Finding[] {
  const found = files.filter((file) =>
    !file.rewritten && file.wrong.some(({ by }) => by.kind === "turn" || (by.kind === "cursor" && !file.end))
  );
  if (found.length === 0) return [];
  return [{
    code: "history-offsets-shifted",
    severity: "error",
    count: threadsIn(found),
    repair: "history",
    message:
      `${threadsIn(found)} thread(s) were changed by a program that moved their lines, and Codex looks for ` +
      `their turns in the wrong places; turns go missing, and forks lose part of what was said`,
    samples: found.map((file) => `${nameOf(file)}: ${distance(file)}`),
  }];
}

/** How many places are wrong and by how much. */
function distance(audit: Audit): string {
  const { marks, wrong, places } = audit;
  const shifts = new Set(wrong.map((mark) => (places.get(mark) ?? mark.at) - mark.at));
  const [shift = 0] = shifts;
  const some = `${wrong.length} of ${marks.length} offsets`;
  if (shifts.size > 1) {
    return `${some}, by ${signed(Math.min(...shifts))} to ${signed(Math.max(...shifts))} bytes`;
  }
  if (commonShift(audit) === undefined) {
    return `${some} by ${signed(shift)} bytes; Codex has gone on with it since`;
  }
  return `${some}, all by ${signed(shift)} bytes: the first line was ${
    shift < 0 ? "shortened" : "lengthened"
  }`;
}

function signed(bytes: number): string {
  return bytes < 0 ? `−${-bytes}` : `+${bytes}`;
}

function broken({ files, orphans }: HistoryAudit): readonly Finding[] {
  const findings: Finding[] = [];
  const off = files.flatMap(({ id, wrong, places }) =>
    wrong.flatMap((mark) =>
      mark.by.kind === "base" ? [{ base: id, mark, by: mark.by, at: places.get(mark) }] : []
    )
  );
  if (off.length > 0) {
    const count = threadsIn(off.map(({ by }) => by.file));
    const isCurable = off.some(({ at }) => at !== undefined);
    findings.push({
      code: "history-base-broken",
      severity: "error",
      count,
      repair: isCurable ? "history" : undefined,
      ...isCurable ? {} : { hint: "put the files that they continue back, from a backup" },
      message:
        `${count} thread(s) continue another file from a wrong place in it; the model is not sent all that ` +
        `was said there, or the thread does not open`,
      samples: off.map(({ base, mark, by, at }) => `${nameOf(by.file)}: ${sampleOf(base, mark, at)}`),
    });
  }
  if (orphans.length > 0) {
    const count = threadsIn(orphans.map(({ file }) => file));
    findings.push({
      code: "history-base-broken",
      severity: "error",
      count,
      repair: undefined,
      message: `${count} thread(s) continue a file that is not there; Codex does not open them`,
      hint: "put the missing rollouts back into the sessions folder, from a backup",
      samples: orphans.map(({ file, base }) => `${nameOf(file)}: continues ${JSON.stringify(base)}`),
    });
  }
  return findings;
}

function sampleOf(base: string, { at }: StoredMark, right: number | undefined): string {
  const from = `continues ${JSON.stringify(base)} from byte ${at}`;
  return right === undefined ? `${from}, where no line ends` : `${from} instead of ${right}`;
}

function frozen({ files }: HistoryAudit): readonly Finding[] {
  return [
    ...frozenBy(
      files.filter(({ lost }) => lost?.readable),
      "history",
      (count) =>
        `${count} thread(s) have turns whose beginning Codex has passed over; they are missing, or nothing can be ` +
        `forked from them`,
    ),
    ...frozenBy(
      files.filter(({ lost }) => lost !== undefined && !lost.readable),
      undefined,
      (count) =>
        `${count} thread(s) have turns whose numbers repeat earlier ones, so that Codex never shows them`,
      "two programs wrote to the file at once; what was said is in the file, and the model still reads it",
    ),
    ...frozenBy(
      files.filter(({ rewritten, end }) => !rewritten && end !== undefined),
      "history",
      (count) =>
        `${count} thread(s) have a file that ends before the place up to which Codex has read it, so that it would ` +
        `pass over the beginning of what is said next`,
    ),
    ...frozenBy(
      files.filter(({ rewritten }) => rewritten),
      undefined,
      (count) => `${count} thread(s) have lost lines of their file that Codex has in its history`,
      "put the file back from a backup; until then the model is not sent those turns, and Codex may pass over new ones",
    ),
  ];
}

function frozenBy(
  found: readonly Audit[],
  repair: string | undefined,
  message: (count: number) => string,
  hint?: string,
): readonly Finding[] {
  if (found.length === 0) return [];
  const count = threadsIn(found);
  const samples = found.map((file) => `${nameOf(file)}: ${evidence(file)}`);
  const common = {
    code: "history-frozen",
    severity: "error",
    count,
    repair,
    message: message(count),
    samples,
  } as const;
  return [hint === undefined ? common : { ...common, hint }];
}

function evidence({ lost, wrong, places, end }: Audit): string {
  const cursor = wrong.find(({ kind }) => kind === "cursor");
  if (end !== undefined && cursor !== undefined) return `ends at byte ${end.at}, read up to ${cursor.at}`;
  if (lost !== undefined) return `${lost.starts.length} turn(s), the first at byte ${lost.starts[0]?.at}`;
  const gone = wrong.filter((mark) => !places.has(mark)).length;
  return gone === 0 ? "its turns are other ones" : `${gone} of its places are gone`;
}

function threadsIn(files: readonly HistoryFile[]): number {
  return new Set(files.map(({ thread }) => thread.id)).size;
}

function nameOf({ id, thread }: HistoryFile): string {
  return id === thread.id ? id : `${thread.id} (segment ${id})`;
}
