/** Generated homes for the benchmark: the same bytes for the same parameters everywhere. */
import { DatabaseSync } from "node:sqlite";

/** Where the generator is: `$CODEXKEEP_GEN_HOME`, or beside the checkout. */
export function generator(): string {
  const named = Deno.env.get("CODEXKEEP_GEN_HOME");
  return named ?? new URL("../../../shared/tools/gen_home.py", import.meta.url).pathname;
}

/** Generates a home of `n` rollouts of about 43 KB in `folder`. */
export function generate(folder: string, n: number): void {
  const args = [generator(), "--out", folder, "--n", String(n), "--seed", "1", "--force"];
  const { success, stderr } = new Deno.Command("python3", { args }).outputSync();
  if (!success) throw new Error(`the home could not be generated: ${new TextDecoder().decode(stderr)}`);
}

/** How many stored byte offsets of turns do not point to the line they were made for. */
export function shiftedOffsets(home: string): { readonly shifted: number; readonly total: number } {
  const paths = new Map<string, string>();
  const state = new DatabaseSync(`${home}/state_5.sqlite`, { readOnly: true });
  for (const row of state.prepare("select id, rollout_path from threads").all()) {
    paths.set(String(row.id), String(row.rollout_path));
  }
  state.close();
  const history = new DatabaseSync(`${home}/thread_history_1.sqlite`, { readOnly: true });
  const turns = history.prepare(
    "select thread_id, rollout_ordinal, rollout_byte_offset, rollout_end_byte_offset from thread_turns order by thread_id",
  ).all();
  history.close();
  let shifted = 0;
  let open: { id: string; bytes: Uint8Array } | undefined;
  for (const turn of turns) {
    const id = String(turn.thread_id);
    if (open?.id !== id) open = { id, bytes: Deno.readFileSync(paths.get(id) ?? "") };
    if (!startsLine(open.bytes, Number(turn.rollout_byte_offset), Number(turn.rollout_ordinal))) shifted++;
    else if (open.bytes[Number(turn.rollout_end_byte_offset) - 1] !== 0x0a) shifted++;
  }
  return { shifted, total: turns.length };
}

function startsLine(bytes: Uint8Array, at: number, ordinal: number): boolean {
  const end = bytes.indexOf(0x0a, at);
  try {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(at, end))).ordinal === ordinal;
  } catch {
    return false;
  }
}

/** Path, size and time of every file of a home, the databases included; equal lists mean that nothing was written. */
export function listing(folder: string): string {
  const lines: string[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) lines.push(listing(path));
    else {
      const stat = Deno.lstatSync(path);
      lines.push(`${path} ${stat.size} ${stat.mtime?.getTime()} ${stat.ino}`);
    }
  }
  return lines.sort().join("\n");
}
