/** Runs a property on many generated inputs, with its seed said, failures shrunk, and the time of each input bounded. */
import fc from "fast-check";
import { report } from "../proof/figure.ts";
import { scaled } from "../proof/size.ts";

/** How many inputs, and how long one of them may take. */
export interface Size {
  /** Inputs of the sample. */
  readonly sample: number;
  /** Inputs of a full run. */
  readonly full: number;
  /** Milliseconds that one input may take at the most; generous, because machines are shared. */
  readonly maxMs?: number;
  /** What one input is called in the figures. */
  readonly unit?: string;
}

/** Group of the figures of parsers and printers. */
export const FUZZED = "fuzzed input";

const MAX_MS = 2000;

/** The seed of all generators: `CODEXKEEP_SEED` to see a failure again, else another one each time. */
const SEED = seedFrom(Deno.env.get("CODEXKEEP_SEED"));

function seedFrom(text: string | undefined): number {
  return text === undefined ? crypto.getRandomValues(new Int32Array(1))[0] ?? 0 : Number(text) | 0;
}

/** A test that `check` holds for every input; counts inputs, failures, and the milliseconds of the slowest input. */
export function fuzz<T>(
  group: string,
  name: string,
  inputs: fc.Arbitrary<T>,
  check: (input: T) => void,
  size: Size,
): void {
  Deno.test(`${group}: ${name}`, () => {
    const started = performance.now();
    const clock = stopwatch(size.maxMs ?? MAX_MS);
    const property = fc.property(inputs, (input) => clock.time(() => check(input)));
    const result = fc.check(property, parameters(size));
    finish(group, name, result, clock, size, started);
  });
}

/** {@link fuzz} for what takes its time: real homes, whole commands. */
export function fuzzAsync<T>(
  group: string,
  name: string,
  inputs: fc.Arbitrary<T>,
  check: (input: T) => Promise<void>,
  size: Size,
): void {
  Deno.test(`${group}: ${name}`, async () => {
    const started = performance.now();
    const clock = stopwatch(size.maxMs ?? 60_000);
    const property = fc.asyncProperty(inputs, (input) => clock.timeAsync(() => check(input)));
    const result = await fc.check(property, parameters(size));
    finish(group, name, result, clock, size, started);
  });
}

/** A control: the same kind of check on something broken on purpose has to fail. */
export function guilty<T>(
  group: string,
  name: string,
  inputs: fc.Arbitrary<T>,
  check: (input: T) => void,
  tries = 20_000,
): void {
  Deno.test(`control, ${group}: ${name}`, () => {
    const started = performance.now();
    const result = fc.check(fc.property(inputs, (input) => check(input)), {
      numRuns: tries,
      seed: SEED,
      endOnFailure: true,
    });
    report(group, name, { inputs: result.numRuns, "found guilty": result.failed ? 1 : 0 }, started, {
      control: true,
    });
    if (!result.failed) {
      throw new Error(`${name} passed ${tries} inputs (seed ${SEED}): the check sees nothing`);
    }
  });
}

function parameters({ sample, full }: Size): { numRuns: number; seed: number } {
  return { numRuns: scaled(sample, full), seed: SEED };
}

/** `value`, shown in the report of a failure as `text` says: bytes as text, functions by name. */
export function shown<T extends object>(value: T, text: (value: T) => string): T {
  return Object.assign(value, { [fc.toStringMethod]: () => text(value) });
}

/** Bytes for people: a JSON string with one character per byte, cut where it is very long. */
export function bytesShown(bytes: Uint8Array): string {
  const most = 6000;
  const text = JSON.stringify(new TextDecoder("latin1").decode(bytes.subarray(0, most)))
    .replace(/(.)\1{99,}/g, (run, sign) => `${sign}{${run.length} times}`);
  return bytes.length > most ? `${text} and ${bytes.length - most} more` : text;
}

interface Stopwatch {
  time(action: () => void): void;
  timeAsync(action: () => Promise<void>): Promise<void>;
  readonly slowest: () => number;
}

function stopwatch(maxMs: number): Stopwatch {
  let slowest = 0;
  const stop = (started: number) => {
    const ms = performance.now() - started;
    slowest = Math.max(slowest, ms);
    if (ms > maxMs) throw new Error(`one input took ${ms.toFixed(0)} ms, more than ${maxMs}`);
  };
  return {
    time: (action) => {
      const started = performance.now();
      action();
      stop(started);
    },
    timeAsync: async (action) => {
      const started = performance.now();
      await action();
      stop(started);
    },
    slowest: () => slowest,
  };
}

function finish<T>(
  group: string,
  name: string,
  result: fc.RunDetails<T>,
  clock: Stopwatch,
  { unit = "inputs" }: Size,
  started: number,
): void {
  const counts = {
    [unit]: result.numRuns,
    failures: result.failed ? 1 : 0,
    "max ms": Math.ceil(clock.slowest()),
  };
  report(group, `${name} (seed ${result.seed})`, counts, started);
  if (result.failed) {
    const said = fc.defaultReportMessage(result)?.split("\n\nHint:")[0];
    throw new Error(`CODEXKEEP_SEED=${result.seed}\n${said}\n${result.errorInstance}`, {
      cause: result.errorInstance,
    });
  }
}
