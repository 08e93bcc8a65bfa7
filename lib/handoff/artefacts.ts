/** Files that the engines of shared folders leave: second versions of a file, and signs that one is not here yet. */

/** Dropbox, Nextcloud, ownCloud; Syncthing; Google Drive, iCloud and OneDrive number copies or name the machine. */
const CONFLICTS: readonly RegExp[] = [
  /\((.*['’]s )?(case )?conflict(ed)?( copy)?\b.*\)/i,
  /[-_.]conflict[-_ ]\d{4,}/i,
  /\.sync-conflict-\d{8}-\d{6}/,
  /_conf\(\d+\)/i,
  / \(\d+\)(\.[^./]+)+$/,
  / \d+(\.[^./]+)+$/,
  / - copy( \(\d+\))?(\.[^./]+)+$/i,
];
/** OneDrive puts the machine behind the name. */
const NAMED_AFTER_MACHINE =
  /^rollout-\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}-[0-9a-f-]{36}(_[0-9a-f-]{36})?-[^.]+\.jsonl(\.zst)?$/i;

/** What stands for a file that is still elsewhere, or half here; the group is the name of that file. */
const PLACEHOLDERS: readonly RegExp[] = [
  /^\.(.+)\.icloud$/,
  /^\.syncthing\.(.+)\.tmp$/,
  /^~syncthing~(.+)\.tmp$/,
  /^\.(.+)\.(?:[A-Za-z0-9]{6})$/,
  /^(.+)\.(?:part|partial|crdownload|filepart|dbxpart|cloudf|cloud)$/i,
  /^\.~(?:lock\.)?(.+?)#?$/,
];

/** Whether this is a second version of a file, by its name. */
export function isConflictCopy(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return CONFLICTS.some((pattern) => pattern.test(name)) || NAMED_AFTER_MACHINE.test(name);
}

/** The path of the file that this one stands for; undefined: it stands for itself. */
export function placeholderFor(path: string): string | undefined {
  const cut = path.lastIndexOf("/") + 1;
  const name = path.slice(cut);
  for (const pattern of PLACEHOLDERS) {
    const real = pattern.exec(name)?.[1];
    // rsync's own form would fit any hidden file: only where a known name is in it.
    if (
      real !== undefined &&
      (name.endsWith(".icloud") || /\.jsonl(\.zst)?$|\.tmp$|part|cloud/.test(real + name))
    ) {
      return path.slice(0, cut) + real;
    }
  }
  return undefined;
}
