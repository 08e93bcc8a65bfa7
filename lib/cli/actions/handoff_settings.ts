/** `handoff init-config` and `handoff validate`. */
import { AppError, EXIT_STATUS } from "../../core/error.ts";
import { type AbsPath, joinPath, toAbsPath } from "../../core/path.ts";
import { expandTilde, resolveHome } from "../../engine/home.ts";
import { requireElsewhere } from "../../engine/rollback_csv.ts";
import { type Fault, readSettings } from "../../handoff/read_settings.ts";
import { defaultSettingsFile } from "../../handoff/settings_paths.ts";
import { settingsTemplate } from "../../handoff/template.ts";
import type { Disk } from "../../system/disk.ts";
import { hostName } from "../../system/machine.ts";
import type { Invocation, Outcome } from "../command.ts";
import { lineThere, shellWord } from "../offer.ts";
import { makeOutcome } from "../outcome.ts";
import {
  type FaultReport,
  initText,
  type ValidateReport,
  validateText,
  validateVerdict,
} from "../render_settings.ts";
import { usageError } from "../usage.ts";
import { homeOf } from "./session.ts";

/** The settings file that `--config` names, or that of the home. */
export function settingsFileOf(input: Invocation): AbsPath {
  const named = input.flags.text("config");
  return named === undefined ? defaultSettingsFile(homeOf(input)) : userPath(input, named);
}

function userPath({ machine }: Invocation, text: string): AbsPath {
  return toAbsPath(expandTilde(machine, text), machine.cwd());
}

/** A command line of the hand-over for the settings file and home of this one. */
export function handoffLine(input: Invocation, words: string, file: AbsPath): string {
  const isDefault = file === ownFileOf(input);
  return lineThere(input, `codexkeep handoff ${words}${isDefault ? "" : ` -c ${shellWord(file)}`}`);
}

function ownFileOf({ machine, flags }: Invocation): AbsPath | undefined {
  const home = homeIfThere(machine, flags.text("codex-home"));
  return home === undefined ? undefined : defaultSettingsFile(home);
}

/** Writes the template. */
export async function runInitConfig(input: Invocation): Promise<Outcome> {
  const { command, flags, machine: { os, disk } } = input;
  const text = settingsTemplate({ os, hostName: hostName() });
  const output = flags.text("output");
  if (output === "-" && flags.has("json")) {
    throw usageError("--output - and --json both want standard output", "name a file for --output");
  }
  const file = output === "-" ? null : placeOf(input, output);
  const backup = file === null ? null : writeTemplate(disk, file, text, flags.has("force"));
  const report = { file, backup };
  return await Promise.resolve(makeOutcome({
    command: command.name,
    result: report,
    text: (view) => initText(report, file === null ? "" : handoffLine(input, "validate", file), view),
    verdict: file === null ? null : `settings written to "${file}"`,
    ...file === null ? { data: text } : {},
  }));
}

function placeOf(input: Invocation, output: string | undefined): AbsPath {
  const { machine, machine: { disk }, flags } = input;
  if (output !== undefined) {
    const file = userPath(input, output);
    requireElsewhere(disk, homeIfThere(machine, flags.text("codex-home")), file);
    return file;
  }
  const home = homeOf(input);
  const names = ["backups_state", "codexkeep", "handoff"];
  for (const n of names.keys()) disk.makeDir(joinPath(home, ...names.slice(0, n + 1)), 0o700);
  return defaultSettingsFile(home);
}

/** The home, or nothing: a file can be written before Codex was ever started. */
function homeIfThere(machine: Invocation["machine"], flag: string | undefined): AbsPath | undefined {
  try {
    return resolveHome(machine, flag);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** Writes the file whole or not at all; gives the name under which an older one stays. Throws `refused`. */
function writeTemplate(disk: Disk, file: AbsPath, text: string, force: boolean): AbsPath | null {
  const there = disk.lstat(file);
  if (there !== undefined && there.kind !== "file") {
    throw new AppError("refused", `"${file}" is there already, and is no file`, {
      hint: "name another file with --output",
    });
  }
  if (there !== undefined && !force) {
    throw new AppError("refused", `"${file}" is there already`, {
      hint: "--force replaces it and keeps the old one as FILE.bak",
    });
  }
  const backup = there === undefined ? null : `${file}.bak` as AbsPath;
  if (backup !== null) {
    disk.remove(backup);
    disk.copy(file, backup);
  }
  const temp = `${file}.tmp`;
  disk.remove(temp);
  const open = disk.createFile(temp, 0o600);
  try {
    open.write(new TextEncoder().encode(text));
    open.sync();
  } catch (error) {
    open.close();
    disk.remove(temp);
    throw error;
  }
  open.close();
  disk.rename(temp, file);
  disk.syncDir(joinPath(file, ".."));
  return backup;
}

/** Names every fault. */
export async function runValidate(input: Invocation): Promise<Outcome> {
  const file = settingsFileOf(input);
  const read = readSettings(input.machine, file, homeOf(input));
  const report: ValidateReport = "faults" in read
    ? { file, valid: false, faults: read.faults.map(faultReport), remarks: [], places: null }
    : {
      file,
      valid: true,
      faults: [],
      remarks: read.remarks.map(faultReport),
      places: {
        machine: read.settings.identity.machineId,
        local: read.settings.paths.localStateDir,
        cloud: read.settings.paths.cloudRootDir,
        backup: read.settings.paths.backupDir,
      },
    };
  return await Promise.resolve(makeOutcome({
    command: input.command.name,
    result: report,
    exitCode: report.valid ? 0 : EXIT_STATUS["config-invalid"],
    text: (view) => validateText(report, view),
    verdict: validateVerdict(report),
  }));
}

function faultReport({ line, key, message, hint }: Fault): FaultReport {
  return { line: line ?? null, key, message, hint: hint ?? null };
}
