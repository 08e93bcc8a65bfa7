/** A disk that does what it is told until effect number N, and then dies, fails, or writes half and fails. */
import type { Disk, ReadFile, WriteFile } from "../../lib/system/disk.ts";
import { fileError } from "../../lib/system/file_error.ts";

/** One call to the disk, or to a file it has opened. */
export interface Effect {
  /** Counted from 1. */
  readonly n: number;
  readonly name: string;
  readonly path: string;
  /** Whether it changes the disk. */
  readonly writes: boolean;
  /** Carries out half of it: only for writing bytes. */
  readonly half: (() => void) | undefined;
}

/** What to count, and what to do at every effect that counts; it may throw, or never return. */
export interface FaultPlan {
  /** `writes` leaves out the effects after which the disk is as before. */
  readonly count: "all" | "writes";
  readonly strike: (effect: Effect) => void;
  /** False: as on a file system without hard links. */
  readonly links?: boolean;
}

/** A disk under test, and how many effects it has counted. */
export interface FaultDisk {
  readonly disk: Disk;
  readonly effects: () => number;
}

/** Strikes at effect `at` alone (or from it on, when `lasting`); 0 never strikes. */
export function strikeAt(
  at: number,
  lasting: boolean,
  strike: (effect: Effect) => void,
): (effect: Effect) => void {
  return (effect) => {
    if (at > 0 && (effect.n === at || (lasting && effect.n > at))) strike(effect);
  };
}

/** Ends this process as a power switch would, for its files; `half`: in the middle of writing. */
export function killSelf(effect: Effect, half: boolean): void {
  if (half) effect.half?.();
  Deno.kill(Deno.pid, "SIGKILL");
  for (;;); // the signal is on its way
}

/** Fails as the real disk does when the system says `code`; `half`: after half of the bytes were written. */
export function failWith(effect: Effect, code: string, half: boolean): never {
  if (half) effect.half?.();
  throw fileError(effect.name, effect.path, Object.assign(new Error(code), { code }));
}

/** Wraps `under`, and every file it opens. */
export function faultDisk(under: Disk, plan: FaultPlan): FaultDisk {
  let n = 0;
  function effect<T>(name: string, path: string, writes: boolean, act: () => T, half?: () => void): T {
    if (writes || plan.count === "all") plan.strike({ n: ++n, name, path, writes, half });
    return act();
  }
  const reads = <T>(name: string, path: string, act: () => T) => effect(name, path, false, act);
  const writes = <T>(name: string, path: string, act: () => T) => effect(name, path, true, act);

  function wrapRead(path: string, file: ReadFile): ReadFile {
    return {
      size: file.size,
      read: (at, length) => reads("read", path, () => file.read(at, length)),
      stat: () => reads("read", path, file.stat),
      close: file.close,
    };
  }

  function wrapWrite(path: string, file: WriteFile): WriteFile {
    return {
      write: (bytes) => {
        const half = () => file.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
        effect("write", path, true, () => file.write(bytes), half);
      },
      setTimes: (a, m) => writes("set the times of", path, () => file.setTimes(a, m)),
      setMode: (mode) => writes("set the mode of", path, () => file.setMode(mode)),
      setOwner: (uid, gid) => writes("set the owner of", path, () => file.setOwner(uid, gid)),
      truncate: (size) => writes("cut", path, () => file.truncate(size)),
      sync: () => writes("sync", path, file.sync),
      // As the real one: whatever happens, it happens to the promise.
      syncAside: async () => await writes("sync", path, file.syncAside),
      close: file.close,
    };
  }

  const disk: Disk = {
    lstat: (path) => reads("read", path, () => under.lstat(path)),
    stat: (path) => reads("read", path, () => under.stat(path)),
    list: (path) => reads("list", path, () => under.list(path)),
    openRead: (path, options) => reads("read", path, () => wrapRead(path, under.openRead(path, options))),
    createFile: (path, mode) => writes("create", path, () => wrapWrite(path, under.createFile(path, mode))),
    openAppend: (path, mode) => writes("write", path, () => wrapWrite(path, under.openAppend(path, mode))),
    makeDir: (path, mode) => writes("make directory", path, () => under.makeDir(path, mode)),
    rename: (from, to) => writes("rename", from, () => under.rename(from, to)),
    link: (from, to) =>
      writes("link", from, () => {
        if (plan.links !== false) return under.link(from, to);
        throw fileError("link", from, Object.assign(new Error("EXDEV"), { code: "EXDEV" }), to);
      }),
    copy: (from, to) => writes("copy", from, () => under.copy(from, to)),
    remove: (path) => writes("remove", path, () => under.remove(path)),
    removeDir: (path) => writes("remove", path, () => under.removeDir(path)),
    removeTree: (path) => writes("remove", path, () => under.removeTree(path)),
    syncDir: (path) => writes("sync", path, () => under.syncDir(path)),
    realPath: (path) => reads("resolve", path, () => under.realPath(path)),
    freeBytes: (path) => reads("measure the free space of", path, () => under.freeBytes(path)),
    tempDir: () => writes("make a directory in", "the folder for temporary files", under.tempDir),
    truncate: (path, size) => writes("cut", path, () => under.truncate(path, size)),
    setTimes: (path, a, m) => writes("set the times of", path, () => under.setTimes(path, a, m)),
  };
  return { disk, effects: () => n };
}
