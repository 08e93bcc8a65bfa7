/**
 * State databases, the one door to SQLite.
 *
 * Never open a database file through the disk while a connection to it is open in this process: closing that file
 * would drop the POSIX locks of the connection (a rule of `fcntl`, not of SQLite).
 */
import { sqliteVersion } from "./sqlite_driver.ts";

export { isInUse, lockHolders, PROBE_PREFIX } from "./in_use.ts";
export { type Row, sqliteCode, sqliteVersion, type Value } from "./sqlite_driver.ts";
export { openForReading, type ReadDatabase } from "./sqlite_read.ts";
export { openRemains } from "./sqlite_remains.ts";
export { openForWriting, type WriteDatabase } from "./sqlite_write.ts";

/**
 * True when the runtime's SQLite is free of the WAL-reset fault of 3.7.0 to 3.51.2, which can damage a database that
 * two connections write or checkpoint at the same moment.
 */
export function isWalSafe(): boolean {
  const [major = 0, minor = 0, patch = 0] = sqliteVersion().split(".").map(Number);
  return major > 3 || (major === 3 && (minor > 51 || (minor === 51 && patch >= 3)));
}
