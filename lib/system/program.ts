/** This program, as another one can start it. */
import { fileURLToPath } from "node:url";
import { AppError } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";

/** A program with the words that come before those of the user. */
export interface OwnProgram {
  readonly path: AbsPath;
  readonly args: readonly string[];
}

/** The executable; from source, the runtime with the file it was given. Throws `refused` where that is no file. */
export function ownProgram(): OwnProgram {
  const path = Deno.execPath() as AbsPath;
  if (Deno.build.standalone) return { path, args: [] };
  if (!Deno.mainModule.startsWith("file:")) {
    throw new AppError("refused", "codexkeep was not started from a file, so no job can start it again", {
      hint: "install the executable",
    });
  }
  return { path, args: ["run", "-A", fileURLToPath(Deno.mainModule)] };
}

/** Number of the user; undefined on systems without such numbers. */
export function userId(): number | undefined {
  return Deno.uid() ?? undefined;
}
