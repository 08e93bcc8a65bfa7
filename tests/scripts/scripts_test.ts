/** Plays every script of this folder (the language is described in `script.ts`). */
import { fileURLToPath } from "node:url";
import { play } from "./player.ts";
import { parseScript } from "./script.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

for (const { name } of [...Deno.readDirSync(FOLDER)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (!name.endsWith(".txt")) continue;
  const script = parseScript(Deno.readTextFileSync(FOLDER + name));
  Deno.test(`${name.replace(/\.txt$/, "")}: ${script.title}`, () => play(script));
}
