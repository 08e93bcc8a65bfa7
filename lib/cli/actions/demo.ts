import { AppError } from "../../core/error.ts";
import type { Invocation, Outcome } from "../command.ts";

/** Not built yet. */
export function runDemo({ command }: Invocation): Promise<Outcome> {
  return Promise.reject(new AppError("failed", `${command.name} is not built yet`));
}
