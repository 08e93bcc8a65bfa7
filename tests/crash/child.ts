/**
 * A run of codexkeep in a process of its own, on a disk that may kill it. Its one argument is JSON, see {@link Order};
 * it prints one line of JSON, see {@link Report}, and exits 0 unless it was killed.
 */
import { realDisk } from "../../lib/system/disk.ts";
import { faultDisk, killSelf, strikeAt } from "./fault_disk.ts";
import { type Ran, runOn } from "./home.ts";
import { naiveSync } from "./naive.ts";

/** What the child is to do. */
export interface Order {
  readonly home: string;
  /** A command line of codexkeep, or `naive`. */
  readonly argv: readonly string[];
  /** The writing effect at which it is killed; 0 never. */
  readonly at: number;
  /** Killed in the middle of writing bytes instead of before. */
  readonly half: boolean;
  readonly links: boolean;
}

/** What it says when nothing killed it. */
export interface Report extends Ran {
  /** How many writing effects there were. */
  readonly effects: number;
}

if (import.meta.main) {
  const order = JSON.parse(Deno.args[0] ?? "") as Order;
  const { disk, effects } = faultDisk(realDisk, {
    count: "writes",
    strike: strikeAt(order.at, false, (effect) => killSelf(effect, order.half)),
    links: order.links,
  });
  const ran = order.argv[0] === "naive"
    ? naiveSync(disk, order.home)
    : await runOn(order.home, disk, order.argv);
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ ...ran, effects: effects() }) + "\n"));
}
