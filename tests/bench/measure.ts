/** Runs whole processes and reads what the system says of them: wall time, processor time, peak memory. */

/** What one run of a command cost. */
export interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
  readonly code: number;
  readonly stdout: string;
}

/** Runs a child and prints wall, processor time and peak memory as its last line on standard error. */
const WRAPPER = `
import os, resource, subprocess, sys, time
start = time.perf_counter()
child = subprocess.Popen(sys.argv[1:])
_, status, use = os.wait4(child.pid, 0)
wall = time.perf_counter() - start
sys.stderr.write("\\n%d %d %d %d" % (wall * 1000, (use.ru_utime + use.ru_stime) * 1000, use.ru_maxrss // 1024, os.waitstatus_to_exitcode(status)))
`;

/** Runs a command once. Throws when it does not end with one of the `expected` statuses. */
export function measure(command: readonly string[], expected: readonly number[] = [0]): Cost {
  const { stdout, stderr } = new Deno.Command("python3", { args: ["-c", WRAPPER, ...command] }).outputSync();
  const text = new TextDecoder().decode(stderr);
  const [wallMs = 0, cpuMs = 0, peakMb = 0, code = -1] = text.slice(text.lastIndexOf("\n") + 1).split(" ")
    .map(Number);
  const cost = { wallMs, cpuMs, peakMb, code, stdout: new TextDecoder().decode(stdout) };
  if (!expected.includes(code)) throw new Error(`${command.join(" ")} ended with ${code}: ${text}`);
  return cost;
}

/** The middle of some runs, by wall time; memory is the largest seen. */
export function median(costs: readonly Cost[]): Cost {
  const sorted = [...costs].sort((a, b) => a.wallMs - b.wallMs);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("nothing was measured");
  return { ...middle, peakMb: Math.max(...costs.map((cost) => cost.peakMb)) };
}

/** Milliseconds that python3 takes for `code`, measured inside it, with `args` as its arguments. */
export function pythonMs(code: string, args: readonly string[]): number {
  const script =
    `import time,sys,os\nstart=time.perf_counter()\n${code}\nprint(int((time.perf_counter()-start)*1000))`;
  const { stdout } = new Deno.Command("python3", { args: ["-c", script, ...args] }).outputSync();
  return Number(new TextDecoder().decode(stdout));
}
