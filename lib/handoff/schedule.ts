/** Makes a repeated job known to the system, takes it back, and tells what is known. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath } from "../core/path.ts";
import type { Disk } from "../system/disk.ts";
import { readCrontab, runProgram, writeCrontab } from "../system/scheduler.ts";
import { editCrontab, type JobCommand, type JobFile, jobLines, type JobPlan } from "./schedule_files.ts";

/** What is there of a job. */
export interface JobState {
  /** Every file as it should be, the lines in the crontab. */
  readonly installed: boolean;
  /** Something of it is there, but not as it should be. */
  readonly differs: boolean;
  readonly files: readonly { readonly path: string; readonly state: "same" | "other" | "missing" }[];
}

/** Largest file of a job that is read. */
const MAX_BYTES = 1024 * 1024;

/** Compares what is there with what a job is made of. Reads only. */
export async function jobState(disk: Disk, name: string, plan: JobPlan): Promise<JobState> {
  const files = plan.files.map(({ path, content, encoding }) => ({
    path: path as string,
    state: stateOf(disk, path, encode(content, encoding)),
  }));
  if (plan.crontab !== undefined) {
    files.push({ path: "crontab", state: await crontabState(name, plan.crontab) });
  }
  return {
    installed: files.every(({ state }) => state === "same"),
    differs: files.some(({ state }) => state === "other"),
    files,
  };
}

async function crontabState(name: string, lines: readonly string[]): Promise<"same" | "other" | "missing"> {
  const now = await readCrontab();
  if (now === editCrontab(now, name, lines)) return "same";
  return now === editCrontab(now, name, []) ? "missing" : "other";
}

/** A piece of a job as it is there. */
export interface JobPart {
  /** A file, or `crontab`. */
  readonly path: string;
  readonly content: string;
}

/** What is there of a job, whatever it says: its files, and the lines between our marks in the crontab. */
export async function jobParts(disk: Disk, name: string, plan: JobPlan): Promise<readonly JobPart[]> {
  const parts = plan.files.flatMap(({ path, encoding }) => {
    const content = contentOf(disk, path, encoding);
    return content === undefined ? [] : [{ path: path as string, content }];
  });
  if (plan.crontab === undefined) return parts;
  const lines = jobLines(await readCrontab(), name);
  return lines.length === 0 ? parts : [...parts, { path: "crontab", content: lines.join("\n") }];
}

function contentOf(disk: Disk, path: AbsPath, encoding: JobFile["encoding"]): string | undefined {
  const stat = disk.stat(path);
  if (stat === undefined) return undefined;
  if (stat.kind !== "file" || stat.size > MAX_BYTES) return "(no file of a job)";
  const file = disk.openRead(path, { follow: true });
  try {
    return new TextDecoder(encoding).decode(file.read(0, file.size));
  } finally {
    file.close();
  }
}

function stateOf(disk: Disk, path: AbsPath, wanted: Uint8Array): "same" | "other" | "missing" {
  const stat = disk.stat(path);
  if (stat === undefined) return "missing";
  if (stat.kind !== "file" || stat.size !== wanted.length || stat.size > MAX_BYTES) return "other";
  const file = disk.openRead(path, { follow: true });
  try {
    return file.read(0, file.size).every((byte, i) => byte === wanted[i]) ? "same" : "other";
  } finally {
    file.close();
  }
}

/**
 * Writes the files of a job and makes it known. A job that is there already in the same form is made known again, which
 * changes nothing. Throws `refused` with what the system's program said; files that were new are then taken back.
 */
export async function installJob(
  disk: Disk,
  name: string,
  plan: JobPlan,
  random: () => string,
): Promise<void> {
  const made = plan.files.filter((file) => disk.lstat(file.path) === undefined);
  const isSame = ({ path, content, encoding }: JobFile) =>
    stateOf(disk, path, encode(content, encoding)) === "same";
  for (const file of plan.files) if (!isSame(file)) writeJobFile(disk, file, random);
  try {
    if (plan.crontab !== undefined) await changeCrontab(name, plan.crontab);
    for (const command of plan.install) await runJobCommand(command);
  } catch (error) {
    for (const { path } of made) disk.remove(path);
    throw error;
  }
}

/** Makes the system forget a job and removes its files; one that is not there is fine. */
export async function removeJob(disk: Disk, name: string, plan: JobPlan): Promise<void> {
  const [first, ...later] = plan.remove;
  if (first !== undefined) await runJobCommand(first);
  for (const { path } of plan.files) disk.remove(path);
  if (plan.crontab !== undefined) await changeCrontab(name, []);
  for (const command of later) await runJobCommand(command);
}

async function changeCrontab(name: string, lines: readonly string[]): Promise<void> {
  const now = await readCrontab();
  const next = editCrontab(now, name, lines);
  if (next !== now) await writeCrontab(next);
}

async function runJobCommand({ command, args, mayFail }: JobCommand): Promise<void> {
  const { code, stdout, stderr } = await runProgram(command, args);
  if (code === 0 || mayFail) return;
  const said = stderr.trim() || stdout.trim() ||
    (code === undefined ? "it is not installed" : `exit ${code}`);
  throw new AppError("refused", `"${command}" did not take the job: ${said.slice(0, 500)}`, {
    hint: "codexkeep schedule show",
  });
}

function writeJobFile(disk: Disk, { path, content, encoding }: JobFile, random: () => string): void {
  const folders: AbsPath[] = [];
  let folder = joinPath(path, "..");
  while (disk.stat(folder) === undefined) {
    folders.unshift(folder);
    folder = joinPath(folder, "..");
  }
  for (const missing of folders) disk.makeDir(missing, 0o755);
  if (disk.lstat(path)?.kind === "symlink") {
    throw new AppError("refused", `"${path}" is a link, and no job is written through it`);
  }
  const temp = `${path}.${random()}.tmp`;
  const file = disk.createFile(temp, 0o600);
  try {
    file.write(encode(content, encoding));
    file.sync();
  } finally {
    file.close();
  }
  disk.rename(temp, path);
  disk.syncDir(joinPath(path, ".."));
}

function encode(content: string, encoding: JobFile["encoding"]): Uint8Array {
  if (encoding === "utf-8") return new TextEncoder().encode(content);
  const bytes = new Uint8Array(2 + content.length * 2);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xfeff, true);
  for (let i = 0; i < content.length; i++) view.setUint16(2 + i * 2, content.charCodeAt(i), true);
  return bytes;
}
