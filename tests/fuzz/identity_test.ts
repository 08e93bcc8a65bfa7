/** Byte identity: an edit of a rollout changes what it is meant to change, and not one byte besides. */
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { disown } from "../../lib/codex/account.ts";
import { moveFolders } from "../../lib/codex/cwd.ts";
import { type Refusal, relabel } from "../../lib/codex/relabel.ts";
import { applySplices, invertSplices, type Splice, spliceChunks } from "../../lib/core/splice.ts";
import { type ByteSource, memorySource } from "../../lib/text/source.ts";
import { splicedSource } from "../../lib/text/spliced.ts";
import { report } from "../proof/figure.ts";
import { disownJudge, type Judge, moveJudge, relabelJudge } from "./edits.ts";
import { bytesShown, fuzz, guilty, shown } from "./harness.ts";
import { firstOf, linesOf } from "./identity.ts";
import { bytesText } from "./json_oracle.ts";
import { anyRollout, folder, joined, provider, type RandomRollout, rollout } from "./rollouts.ts";

const GROUP = "byte identity of random rollouts";

/** An edit, and who judges it. */
interface Task {
  readonly name: string;
  readonly edit: (source: ByteSource) => readonly Splice[] | Refusal;
  readonly judge: Judge;
}

const move = fc.tuple(folder, folder, folder).map(([from, to, second]) => {
  const places = new Map([[from, to], ["/work", second]]);
  // What has moved once stays: a new place that is an old one too would move again at the next run.
  for (const [old, now] of places) if (places.has(now)) places.delete(old);
  return (path: string) => places.get(path);
});

const task: fc.Arbitrary<Task> = fc.oneof(
  {
    weight: 3,
    arbitrary: provider.map((to): Task => ({
      name: `relabel to ${JSON.stringify(to)}`,
      edit: (source) => relabel(source, to),
      judge: relabelJudge(to),
    })),
  },
  {
    weight: 2,
    arbitrary: move.map((to): Task => ({
      name: "move folders",
      edit: (source) => moveFolders(source, to),
      judge: moveJudge(to),
    })),
  },
  { weight: 1, arbitrary: fc.constant<Task>({ name: "disown", edit: disown, judge: disownJudge }) },
).map((one) => shown(one, ({ name }) => name));

/** How often there was something to do; a generator that makes only what is refused would prove nothing. */
const seen = { edited: 0, "left alone": 0, refused: 0 };

function check(bytes: Uint8Array, { edit, judge }: Task): void {
  const copy = bytes.slice();
  const splices = edit(memorySource(bytes));
  const before = bytesText(bytes);
  if ("refused" in splices) {
    seen.refused++;
    return;
  }
  if (firstOf(linesOf(before)) === undefined) {
    throw new Error("a file that Codex cannot read was not refused");
  }
  seen[splices.length === 0 ? "left alone" : "edited"]++;
  const after = applySplices(bytes, splices);
  const fault = judge(before, bytesText(after));
  if (fault !== undefined) throw new Error(fault);
  requireSame(
    applySplices(after, invertSplices(splices)),
    copy,
    "taking it back does not give the old bytes",
  );
  requireSame(
    joined(Array.from(spliceChunks(memorySource(bytes), splices, 1000), (part) => part.slice())),
    after,
    "pieces differ",
  );
  const read = splicedSource(memorySource(bytes), splices);
  requireSame(read.read(0, read.size), after, "what is to be read differs");
  requireSame(bytes, copy, "the input itself was changed");
  const again = edit(memorySource(after));
  if ("refused" in again || again.length > 0) throw new Error("a second edit finds something to do");
}

function requireSame(a: Uint8Array, b: Uint8Array, what: string): void {
  if (Buffer.compare(a, b) !== 0) throw new Error(what);
}

fuzz(
  GROUP,
  "edits as values",
  fc.record({ file: anyRollout, task }),
  ({ file, task }) => check(file.bytes, task),
  { sample: 2500, full: 110_000, unit: "cases" },
);

/** A file with a line of megabytes, first or later. */
const long = fc.record({
  file: anyRollout,
  task,
  megabytes: fc.integer({ min: 1, max: 9 }),
  where: fc.nat({ max: 3 }),
}).map(({ file, task, megabytes, where }) =>
  shown(
    { bytes: withLongLine(file, megabytes, where), task },
    (one) => `${one.task.name} ${bytesShown(one.bytes)}`,
  )
);

function withLongLine({ bytes }: RandomRollout, megabytes: number, where: number): Uint8Array {
  const line = new TextEncoder().encode(
    `{"timestamp":"t","ordinal":9,"type":"x","payload":"thread_settings_applied `,
  );
  const filled = joined([
    line,
    new Uint8Array(megabytes * 1_000_000).fill(0x78),
    new TextEncoder().encode('"}\n'),
  ]);
  let at = 0;
  for (let n = 0; n < where + 1; n++) at = bytes.indexOf(0x0a, at) + 1 || bytes.length;
  if (where === 3) at = 0;
  const parts = at > 0 && bytes[at - 1] !== 0x0a ? [new Uint8Array([0x0a])] : [];
  return joined([bytes.subarray(0, at), ...parts, filled, bytes.subarray(at)]);
}

fuzz(GROUP, "lines of megabytes", long, ({ bytes, task }) => check(bytes, task), {
  sample: 6,
  full: 150,
  unit: "cases",
  maxMs: 20_000,
});

Deno.test("most random rollouts can be edited, and some are refused", () => {
  const total = seen.edited + seen["left alone"] + seen.refused;
  report(GROUP, "what became of them", { ...seen, differences: 0 }, performance.now());
  if (seen.edited < total / 4) throw new Error(`only ${seen.edited} of ${total} were edited`);
  if (seen.refused === 0) throw new Error("none was refused");
});

/** Edits broken on purpose. */
const BROKEN: Readonly<Record<string, (bytes: Uint8Array, to: string) => Uint8Array>> = {
  "a splice that is off by one": (bytes, to) => {
    const splices = relabel(memorySource(bytes), to);
    if ("refused" in splices) return bytes;
    return applyLoosely(bytes, splices.map((splice) => ({ ...splice, at: splice.at + 1 })));
  },
  "a splice without padding": (bytes, to) => {
    const splices = relabel(memorySource(bytes), to);
    if ("refused" in splices) return bytes;
    return applyLoosely(
      bytes,
      splices.map((one) => ({ ...one, after: one.after.replace(/ +$/, "") as never })),
    );
  },
  "an editor that parses and prints": (bytes, to) => {
    const text = new TextDecoder().decode(bytes);
    return new TextEncoder().encode(text.split("\n").map((line) => reprinted(line, to)).join("\n"));
  },
  "an editor that searches and replaces": (bytes, to) =>
    new TextEncoder().encode(
      new TextDecoder().decode(bytes).replaceAll(
        /("model_provider(?:_id)?":)"[^"]*"/g,
        `$1${JSON.stringify(to)}`,
      ),
    ),
  "an editor of the first line alone": (bytes, to) => {
    const end = bytes.indexOf(0x0a);
    const splices = relabel(memorySource(bytes), to);
    return "refused" in splices ? bytes : applySplices(bytes, splices.filter(({ at }) => at < end));
  },
};

function applyLoosely(bytes: Uint8Array, splices: readonly Splice[]): Uint8Array {
  let text = bytesText(bytes);
  for (const { at, before, after } of splices.toReversed()) {
    text = text.slice(0, at) + after + text.slice(at + before.length);
  }
  return Uint8Array.from({ length: text.length }, (_, n) => text.charCodeAt(n));
}

function reprinted(line: string, to: string): string {
  try {
    const value = JSON.parse(line);
    if (value.type === "session_meta") value.payload.model_provider = to;
    if (value.payload?.thread_settings?.model_provider_id) {
      value.payload.thread_settings.model_provider_id = to;
    }
    return JSON.stringify(value);
  } catch {
    return line;
  }
}

for (const [name, broken] of Object.entries(BROKEN)) {
  for (const mode of ["paginated", "legacy"] as const) {
    // What is not written twice need not be looked for: a legacy line may grow, so nothing is padded there.
    if (mode === "legacy" && name.includes("padding")) continue;
    guilty(GROUP, `${name}, ${mode}`, fc.record({ file: rollout(mode), to: provider }), ({ file, to }) => {
      const sound = relabel(memorySource(file.bytes), to);
      if ("refused" in sound) return;
      const fault = relabelJudge(to)(bytesText(file.bytes), bytesText(broken(file.bytes, to)));
      if (fault !== undefined) throw new Error(fault);
    });
  }
}
