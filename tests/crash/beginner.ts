/**
 * A program that begins one session after the other while somebody else is at work on the home. Its argument is JSON,
 * see {@link Beginning}; it says `ready`, works until its standard input ends and prints what it made, see {@link Begun}.
 */

/** What the program is to do. */
export interface Beginning {
  /** An existing rollout, of which the new ones are like, and the id of its thread. */
  readonly like: string;
  readonly id: string;
  /** The folder for the new files. */
  readonly folder: string;
  /** The longest time between two of them, milliseconds. */
  readonly pauseMs: number;
}

/** A session that was begun. */
export interface Begun {
  readonly path: string;
  readonly text: string;
  readonly ino: number | null;
  /** Milliseconds since 1970, just before the file was made. */
  readonly atMs: number;
}

if (import.meta.main) {
  const { like, id, folder, pauseMs } = JSON.parse(Deno.args[0] ?? "") as Beginning;
  const [first = "", ...rest] = Deno.readTextFileSync(like).trimEnd().split("\n");
  Deno.mkdirSync(folder, { recursive: true });
  Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
  let stopped = false;
  Deno.stdin.read(new Uint8Array(1)).then(() => stopped = true);
  const begun: Begun[] = [];
  while (!stopped) {
    const own = crypto.randomUUID();
    const path = `${folder}/rollout-2026-04-05T10-00-00-${own}.jsonl`;
    const atMs = Date.now();
    // As Codex does: the first line with the file, the others as they come.
    const file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
    let text = "";
    for (const line of [first, ...rest]) {
      const mine = `${line.replaceAll(id, own)}\n`;
      file.writeSync(new TextEncoder().encode(mine));
      text += mine;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2));
    }
    const { ino } = file.statSync();
    file.close();
    begun.push({ path, text, ino, atMs });
    await new Promise((resolve) => setTimeout(resolve, Math.random() * pauseMs));
  }
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(begun) + "\n"));
}
