/** Calls to the system, as strace prints them with `-y`. */

/** Everything that makes, changes, renames or removes something. */
export const WRITING_CALLS: readonly string[] = [
  "creat",
  "rename",
  "renameat",
  "renameat2",
  "unlink",
  "unlinkat",
  "mkdir",
  "mkdirat",
  "rmdir",
  "link",
  "linkat",
  "symlink",
  "symlinkat",
  "truncate",
  "ftruncate",
  "chmod",
  "fchmod",
  "fchmodat",
  "chown",
  "fchown",
  "fchownat",
  "lchown",
  "utimensat",
  "futimesat",
  "write",
  "pwrite64",
  "writev",
  "pwritev",
  "pwritev2",
  "copy_file_range",
  "sendfile",
  "fsync",
  "fdatasync",
  "fallocate",
  "setxattr",
  "fsetxattr",
  "mknod",
  "mknodat",
];

/** Whether a call made or changed something below the home; marks of readers in `-shm` files do not count. */
export function isWrite(call: string, home: string): boolean {
  if (!call.includes(home) || / = -1 E/.test(call) || /-shm[>"]/.test(call)) return false;
  // What is written speaks of the home: here the file counts that it goes to.
  const target = /\bp?writev?2?(?:64)?\(\d+<([^>]*)>/.exec(call)?.[1];
  if (target !== undefined) return target.startsWith(home);
  if (!/\b(open|openat|openat2)\(/.test(call)) return true;
  return /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND/.test(call);
}
