/** What codexkeep is not: a writer that changes files in place, without a record. Every sweep must find it guilty. */
import { DatabaseSync } from "node:sqlite";
import type { Disk } from "../../lib/system/disk.ts";
import { DATABASE, NEW, OLD, type Ran } from "./home.ts";

/** Gives every plain rollout and every row the new provider, the way a short script would. */
export function naiveSync(disk: Disk, home: string): Ran {
  try {
    for (const path of rollouts(disk, `${home}/sessions`)) replaceText(disk, path);
    const database = new DatabaseSync(`${home}/${DATABASE}`);
    try {
      database.prepare("update threads set model_provider = ? where model_provider = ?").run(NEW, OLD);
    } finally {
      database.close();
    }
    return { code: 0, out: "", err: "" };
  } catch (error) {
    return { code: 1, out: "", err: String(error) };
  }
}

function rollouts(disk: Disk, folder: string): string[] {
  return (disk.list(folder) ?? []).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.kind === "directory") return rollouts(disk, path);
    return path.endsWith(".jsonl") ? [path] : [];
  });
}

function replaceText(disk: Disk, path: string): void {
  const file = disk.openRead(path);
  const text = new TextDecoder().decode(file.read(0, file.size));
  file.close();
  const next = text.replaceAll(`"${OLD}"`, `"${NEW}"`);
  if (next === text) return;
  disk.truncate(path, 0);
  const out = disk.openAppend(path, 0o600);
  const bytes = new TextEncoder().encode(next);
  for (let at = 0; at < bytes.length; at += 512) out.write(bytes.subarray(at, at + 512));
  out.close();
}

if (import.meta.main) {
  const { realDisk } = await import("../../lib/system/disk.ts");
  Deno.exit(naiveSync(realDisk, Deno.args[0] ?? "").code);
}
