/** What a failed call to the operating system means to the user. */
import { AppError } from "../core/error.ts";

const NO_SPACE: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);
const REFUSED: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS"]);
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR"]);
const NO_LINKS: ReadonlySet<string> = new Set([
  "EXDEV",
  "EPERM",
  "EMLINK",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
]);

const REASON: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EBUSY: "it is in use by another program",
  EDQUOT: "the disk quota is used up",
  EEXIST: "it exists already",
  EFBIG: "the file would become too large",
  EINTR: "interrupted by a signal",
  EIO: "the disk reports an error",
  EISDIR: "it is a directory",
  ELOOP: "symbolic links lead in a circle or are not allowed here",
  EMFILE: "too many open files",
  EMLINK: "too many links to one file",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many open files in the system",
  ENOENT: "it does not exist",
  ENOSPC: "no space left on the device",
  ENOTDIR: "a part of the path is not a directory",
  ENOTEMPTY: "the directory is not empty",
  ENXIO: "it is a pipe or a device",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  EXDEV: "it is on another file system",
};

/** The operating system's code (`"ENOSPC"`) of a caught error, or of what caused an {@link AppError}. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as { readonly code?: unknown }).code;
  if (error instanceof AppError) return systemCode(error.cause);
  return typeof code === "string" ? code : undefined;
}

/** True when the error says that a path, or a folder on the way to it, is not there. */
export function isAbsent(error: unknown): boolean {
  return ABSENT.has(systemCode(error) ?? "");
}

/** True when a hard link failed in a way that a copy would not: other file system, links not supported. */
export function isLinkUnsupported(error: unknown): boolean {
  return NO_LINKS.has(systemCode(error) ?? "");
}

/**
 * A caught error as an {@link AppError}: `no-space`, `refused` (rights, read-only) or `failed`, with the original as
 * its cause.
 *
 * @param action what was tried, such as `read` or `rename`
 * @param path what it was tried on
 * @param to the second path, for actions that have two
 */
export function fileError(action: string, path: string, error: unknown, to?: string): AppError {
  if (error instanceof AppError) return error;
  const code = systemCode(error) ?? "";
  const reason = REASON[code] ?? (error instanceof Error ? error.message : String(error));
  const message = `cannot ${action} "${path}"${to === undefined ? "" : ` to "${to}"`}: ${reason}`;
  if (NO_SPACE.has(code)) {
    return new AppError("no-space", message, {
      hint: "free some disk space, then run it again",
      cause: error,
    });
  }
  return new AppError(REFUSED.has(code) ? "refused" : "failed", message, { cause: error });
}

/** Runs one call to the operating system; repeats it when a signal interrupted it, names the path when it fails. */
export function attempt<T>(action: string, path: string, call: () => T, to?: string): T {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (systemCode(error) !== "EINTR") throw fileError(action, path, error, to);
    }
  }
}
