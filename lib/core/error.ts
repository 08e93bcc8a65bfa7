/** Failures a user can foresee, and the exit status each of them means. */

/**
 * Exit status of every error code. The codes are part of the JSON contract (`errors[].code`), the statuses of the
 * command line contract: 1 failed, 2 conflict, 3 Codex is running, 4 bad command line or configuration, 5 refused by
 * a safety rule, 6 locked, 7 state database, 8 partly done, 9 recovery pending, 10 something to do, 130 interrupted.
 */
export const EXIT_STATUS = {
  "failed": 1,
  "thread-unknown": 1,
  "record-unknown": 1,
  "conflict": 2,
  "state-changed": 2,
  "codex-running": 3,
  "usage": 4,
  "config-invalid": 4,
  "home-missing": 4,
  "home-not-a-directory": 4,
  "plan-invalid": 4,
  "refused": 5,
  "provider-not-declared": 5,
  "no-space": 5,
  "record-damaged": 5,
  "unsafe-path": 5,
  "locked": 6,
  "overtaken": 6,
  "database-busy": 6,
  "database-missing": 7,
  "database-unreadable": 7,
  "database-malformed": 7,
  "database-schema": 7,
  "partial": 8,
  "recovery-pending": 9,
  "todo": 10,
  "interrupted": 130,
} as const;

/** One of the stable error codes. */
export type ErrorCode = keyof typeof EXIT_STATUS;

/** A failure with a message for people, a stable code for programs and, where there is one, the next step. */
export class AppError extends Error {
  override readonly name = "AppError";
  /** Stable code, see {@link EXIT_STATUS}. */
  readonly code: ErrorCode;
  /** What to do next, one sentence or command; absent when there is nothing useful to say. */
  readonly hint: string | undefined;

  /**
   * @param code stable code
   * @param message what failed, with the value at fault in double quotes, no trailing period
   * @param more `hint`: the next command; `cause`: the error underneath
   */
  constructor(
    code: ErrorCode,
    message: string,
    more: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.hint = more.hint;
  }
}

/** The exit status for anything thrown: the table's for an {@link AppError}, 1 for the rest. */
export function exitStatus(error: unknown): number {
  return error instanceof AppError ? EXIT_STATUS[error.code] : 1;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
