/** What is wrong with one thread: what hides it from readers, and every finding that is about it or the whole home. */
import { type Ailment, AILMENTS, HOME_WIDE } from "../core/ailments.ts";
import type { Finding, FindingCode } from "../core/finding.ts";
import type { CauseReport } from "../core/report.ts";
import type { Thread } from "../core/snapshot.ts";
import type { Cause } from "../codex/hiding.ts";
import type { View } from "../codex/readers.ts";
import { cureOf, hintOf } from "./cures.ts";

/** Reasons that are no ailment. */
const ORDINARY: Readonly<Record<Exclude<Cause, FindingCode>, Ailment>> = {
  "source-not-shown": {
    severity: ["info"],
    means: "It was not begun by a person in the terminal or the app, and these lists show no others.",
    hint: "`codex resume --include-non-interactive` shows it, and `codex resume ID` opens it",
  },
  "nothing-said": {
    severity: ["info"],
    means: "Nothing has been said in it, and lists leave such threads out.",
    hint: "say something in it, with `codex resume ID`",
  },
  "database-unusable": {
    severity: ["error"],
    means: "The state database cannot be used, so lists from it are empty.",
    hint: "codexkeep diagnose",
  },
};

/** Causes that hide the thread, then the other findings; the worst first in each part. */
export function causesOf(
  thread: Thread,
  views: readonly View[],
  findings: readonly Finding[],
): readonly CauseReport[] {
  const concerning = findings.flatMap((finding) => {
    const samples = HOME_WIDE.has(finding.code) ? finding.samples : evidenceOf(finding, thread);
    return samples.length === 0 ? [] : [{ ...finding, samples }];
  });
  const known = new Set<Cause>(concerning.map(({ code }) => code));
  const hides = new Map<Cause, string[]>();
  for (const { reader, causes } of views) {
    for (const code of new Set(causes.map((cause) => causeBehind(cause, thread, known)))) {
      hides.set(code, [...hides.get(code) ?? [], reader]);
    }
  }
  const told = concerning.map((finding) => fromFinding(finding, hides.get(finding.code) ?? [], thread.id));
  const untold = [...hides].filter(([code]) => !known.has(code)).map(([code, readers]) =>
    fromCause(code, readers)
  );
  return [...told, ...untold].sort((a, b) => rank(a) - rank(b));
}

/** What a reader stumbles over may follow from something else, which is what has to be cured. */
function causeBehind(cause: Cause, { rollouts }: Thread, known: ReadonlySet<Cause>): Cause {
  if (known.has("archive-mismatch") && cause === "archived-thread") return "archive-mismatch";
  if (known.has(cause)) return cause;
  const silent = rollouts.length > 0 && rollouts.every(({ bare = false }) => bare);
  const behind: Partial<Record<Cause, readonly (readonly [Cause, boolean])[]>> = {
    "rollout-path-stale": [
      ["rollout-missing", rollouts.length === 0],
      ["archive-mismatch", known.has("archive-mismatch")],
    ],
    "preview-empty": [["nothing-said", silent]],
    "provider-mismatch": [["config-invalid", known.has("config-invalid")]],
    "provider-not-configured": [["config-invalid", known.has("config-invalid")]],
    "rollout-not-indexed": [["rollout-active-orphan", known.has("rollout-active-orphan")]],
  };
  return behind[cause]?.find(([, holds]) => holds)?.[0] ?? cause;
}

const RANK = { error: 0, warning: 1, info: 2 } as const;

function rank({ hides, severity }: CauseReport): number {
  return (hides.length > 0 ? 0 : 3) + RANK[severity];
}

/** The samples of a finding that name the thread: its id, one of its files, or its folder. */
function evidenceOf({ code, samples }: Finding, { id, rollouts, row }: Thread): readonly string[] {
  const folders = code.startsWith("cwd-") ? [row?.cwd, ...rollouts.map(({ meta }) => meta?.cwd)] : [];
  const names = [
    id,
    ...rollouts.flatMap(({ path, segment }) => segment === undefined ? [path] : [path, segment]),
  ];
  const own = samples.filter((sample) =>
    names.some((name) => sample.includes(name)) ||
    folders.some((folder) => folder !== undefined && folder !== "" && namesFolder(sample, folder))
  );
  // Told by account, with one thread of each.
  const owned = code === "account-hidden" && rollouts.some(({ meta }) => meta?.owned);
  return own.length === 0 && owned ? samples : own;
}

/** `/work: 3 threads`, or the folder in quotes anywhere; not a folder that only begins alike. */
function namesFolder(sample: string, folder: string): boolean {
  return sample === folder || sample.startsWith(`${folder}: `) || sample.includes(JSON.stringify(folder));
}

function fromFinding(finding: Finding, hides: readonly string[], thread: string): CauseReport {
  const { code, severity, message, samples } = finding;
  const wide = HOME_WIDE.has(code);
  return {
    code,
    severity,
    message: wide ? message : AILMENTS[code].means,
    hides,
    samples,
    cure: cureOf(code, finding, wide ? undefined : thread),
    hint: wide ? hintOf(finding) : hintOf(AILMENTS[code]),
  };
}

/** What no check reports has no repair either: it would have said so. */
function fromCause(code: Cause, hides: readonly string[]): CauseReport {
  const { severity: [severity = "info"], means, hint } = isOrdinary(code) ? ORDINARY[code] : AILMENTS[code];
  return {
    code,
    severity,
    message: means,
    hides,
    samples: [],
    cure: cureOf(code, { hint }),
    hint: hintOf({ hint }),
  };
}

function isOrdinary(code: Cause): code is keyof typeof ORDINARY {
  return Object.hasOwn(ORDINARY, code);
}
