/** Rollouts with first lines of another length, as careless programs leave them, and what Codex makes of a thread then. */
import { assert, assertEquals } from "../assert.ts";
import type { Cast } from "./cast.ts";
import { editLines } from "./disk.ts";
import { withServer } from "./home.ts";
import { resume, turn, turns } from "./readers.ts";

/** Changes the first line of some files and keeps their times, as careful programs do. */
export function editFirstLines(paths: readonly string[], edit: (line: string) => string): void {
  for (const path of paths) editLines(path, ([first = "", ...rest]) => [edit(first), ...rest]);
}

/** Makes first lines longer or shorter, far from anything that Codex looks at. */
export function changeLength(paths: readonly string[], bytes: number): void {
  editFirstLines(paths, (line) => {
    const start = line.indexOf('"base_instructions":{"text":"') + '"base_instructions":{"text":"'.length;
    if (bytes > 0) return line.slice(0, start) + "x".repeat(bytes) + line.slice(start);
    // What was cut out may end within an escape, so the rest begins with letters.
    return line.slice(0, start) + "xx" +
      line.slice(start - bytes + 2).replace(/^.{0,2}(?=[a-z ])/, (cut) => "x".repeat(cut.length));
  });
}

/** What the model is sent of a thread when it is continued, and how many turns are shown before. */
export async function contextOf(
  { home, ids }: Cast,
  role: keyof Cast["ids"],
): Promise<{ readonly user: readonly string[]; readonly shown: number }> {
  return await withServer(home, async (server) => {
    assert((await resume(server, ids[role])).ok, role);
    const shown = (await turns(server, ids[role])).length;
    assertEquals(await turn(server, ids[role], "go on"), "completed", role);
    return { user: home.model.requests.at(-1)?.userTexts.slice(0, -1) ?? [], shown };
  });
}
