/** When threads were given their names: `session_index.jsonl` has a time for each. */

/** Reads the file; the answer is the time at which a thread was last given this name, milliseconds since 1970. */
export function namesSince(bytes: Uint8Array): (id: string, name: string) => number | undefined {
  const times = new Map<string, { readonly name: string; readonly atMs: number }>();
  for (const line of new TextDecoder().decode(bytes).split("\n")) {
    const entry = entryOf(line);
    if (entry !== undefined) times.set(entry.id, entry);
  }
  return (id, name) => {
    const known = times.get(id);
    return known?.name === name ? known.atMs : undefined;
  };
}

function entryOf(
  line: string,
): { readonly id: string; readonly name: string; readonly atMs: number } | undefined {
  try {
    const { id, thread_name: name, updated_at: at } = JSON.parse(line) as Record<string, unknown>;
    if (typeof id !== "string" || typeof name !== "string" || typeof at !== "string") return undefined;
    const atMs = Date.parse(at);
    return Number.isNaN(atMs) || atMs < 0 ? undefined : { id: id.toLowerCase(), name: name.trim(), atMs };
  } catch {
    return undefined;
  }
}
