/** What to do about a Codex that runs when a hand-over is to begin. Pure, so that every case can be looked at. */
import type { Settings } from "./settings.ts";

/** What the command line says for this run alone. */
export type ConsentOverride = "ask" | "without-asking" | undefined;

/** What was seen. */
export interface RunningView {
  readonly os: "linux" | "darwin" | "windows";
  /** Processes of Codex, its helpers that are no background work included. */
  readonly codex: number;
  /** Processes of names that say that Codex is in the middle of something, such as its sandbox on Windows. */
  readonly background: number;
}

/** What follows. */
export type StopDecision =
  | { readonly then: "go" }
  /** Codex has to be closed by its user. */
  | { readonly then: "refuse"; readonly why: "background" | "running" }
  | { readonly then: "ask"; readonly where: "gui" | "console" }
  | { readonly then: "end" };

/**
 * A background process stops everything: ending it could break what it is doing. On Windows a running Codex may be
 * ended after a yes; elsewhere only when the settings (`sync.close_codex`) or the command line ask for that.
 */
export function decideStop(
  { os, codex, background }: RunningView,
  settings: Pick<Settings, "sync" | "processDetection">,
  override: ConsentOverride,
): StopDecision {
  if (codex === 0 && background === 0) return { then: "go" };
  if (background > 0) return { then: "refuse", why: "background" };
  const { allowTerminateIfRunning, manualTerminateConfirmation, terminateConfirmationMode } =
    settings.processDetection;
  const wanted = os === "windows" || settings.sync.closeCodex || override !== undefined;
  if (!allowTerminateIfRunning || !wanted) return { then: "refuse", why: "running" };
  const isAsked = override === undefined ? manualTerminateConfirmation : override === "ask";
  return isAsked ? { then: "ask", where: terminateConfirmationMode } : { then: "end" };
}
