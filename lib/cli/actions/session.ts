/** What nearly every command begins with: the home, the scan, and the facts that repairs look at. */
import { EXIT_STATUS } from "../../core/error.ts";
import type { AbsPath } from "../../core/path.ts";
import type { Warning } from "../../core/report.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import { problemText } from "../../codex/config.ts";
import { chooseTarget } from "../../codex/target.ts";
import { factsAbout } from "../../engine/facts.ts";
import { resolveHome } from "../../engine/home.ts";
import { scan } from "../../engine/scan.ts";
import type { Facts } from "../../repairs/repair.ts";
import type { Invocation } from "../command.ts";

/** The home that the command line, the environment or the system names. */
export function homeOf({ flags, machine }: Invocation): AbsPath {
  return resolveHome(machine, flags.text("codex-home"));
}

/** Scans the home of an invocation. */
export function scanHome(input: Invocation): Promise<Snapshot> {
  const { flags, machine, progress } = input;
  return scan(machine, {
    home: homeOf(input),
    sqliteHome: flags.text("sqlite-home"),
    onFile: (done) => progress("reading rollouts", done, 0),
  });
}

/** The facts for checks and repairs, with the provider that `wanted` (or the configuration) says. */
export function factsOf({ machine }: Invocation, snapshot: Snapshot, wanted: string | undefined): Facts {
  return factsAbout(machine, snapshot, chooseTarget(snapshot, wanted));
}

/** Paths of all state databases the scan found. */
export function databasePaths({ databases }: Snapshot): readonly AbsPath[] {
  return databases.filter((view) => view.problem?.code !== "database-missing").map((view) => view.path);
}

/** Exit status of commands that only look: 7 where there is no usable database, else 0. */
export function lookStatus({ live }: Snapshot): number {
  return live === undefined || live.problem !== undefined ? EXIT_STATUS["database-missing"] : 0;
}

/** Remarks that belong to any look at a home. */
export function lookWarnings({ config }: Snapshot): Warning[] {
  return config.problems.map((problem) => ({
    code: "config-invalid",
    message: `config.toml: ${problemText(problem)}`,
  }));
}
