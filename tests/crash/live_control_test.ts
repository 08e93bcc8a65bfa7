/** The count of lines is worth something: a writer that replaces files without looking loses lines, and is found out. */
import { assert } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { scaled } from "../proof/size.ts";
import type { Mode } from "./appender.ts";
import { makeLiveHome, PROVIDERS } from "./live_home.ts";
import { countLines, startWriter } from "./live_lines.ts";
import { removeTree } from "./state.ts";

const ROUNDS = scaled(5, 40);

/** Reads a file, replaces a word and puts the result in its place, as a short script does; takes its time in between. */
async function replaceNaively(path: string, provider: string): Promise<void> {
  const text = Deno.readTextFileSync(path);
  const next = text.replaceAll(/"model_provider":"[^"]*"/g, `"model_provider":"${provider}"`);
  await new Promise((resolve) => setTimeout(resolve, 5));
  Deno.writeTextFileSync(`${path}.tmp`, next);
  Deno.renameSync(`${path}.tmp`, path);
}

const PACES: readonly (readonly [mode: Mode, linesPerSecond: number, silenceMs: number])[] = [
  ["keep-open", 1000, 200],
  ["burst", 1000, 200],
  ["reopen", 1000, 200],
];

for (const [mode, linesPerSecond, silenceMs] of PACES) {
  Deno.test(`live writer, control: a naive writer loses lines, ${mode}`, async () => {
    const started = performance.now();
    const live = await makeLiveHome(mode);
    try {
      const folders = [`${live.home}/sessions`, `${live.home}/archived_sessions`];
      const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
      const writer = await startWriter({ mode, files: live.files, folders, linesPerSecond, silenceMs, seed });
      for (let round = 0; round < ROUNDS; round++) {
        for (const path of live.files) await replaceNaively(path, PROVIDERS[round % 2] ?? "");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const { written, lost } = countLines(live.home, await writer.stop());
      const counts = { lines: written, lost, commands: ROUNDS };
      report("lines written by live writers", `naive, ${mode}, seed ${seed}`, counts, started, {
        control: true,
      });
      assert(lost > 0, `the naive writer lost none of ${written} lines: this proves nothing`);
    } finally {
      removeTree(live.root);
    }
  });
}
