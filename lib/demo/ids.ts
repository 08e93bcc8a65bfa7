/** Ids like Codex's, the same at every run. */
import { sha256 } from "../core/bytes.ts";

/** A version 7 UUID: the time in front, the rest made from `seed`. */
export function makeId(atMs: number, seed: string): string {
  const time = Math.trunc(atMs).toString(16).padStart(12, "0");
  const rest = sha256(seed);
  const variant = "89ab"[parseInt(rest.slice(0, 1), 16) % 4];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(1, 4)}-${variant}${rest.slice(4, 7)}-${
    rest.slice(7, 19)
  }`;
}

/** Text that looks like the ciphertext of a model's reasoning. */
export function makeCiphertext(seed: string): string {
  return "gAAAAAB" + [0, 1, 2].map((part) => btoa(sha256(`${seed}/${part}`))).join("").replaceAll("=", "");
}
