import {
  endProcesses,
  identify,
  type Identity,
  parsePsIdentity,
  parseWindowsIdentity,
  type ProcessSystem,
  startOf,
} from "../../lib/system/terminate.ts";
import { assert, assertEquals } from "../assert.ts";
import { IS_LINUX, IS_UNIX } from "./fixture.ts";

/** A shell that says `ready`, and does what `trap` says when it is asked to end. */
async function withShell(
  trap: string,
  use: (child: Deno.ChildProcess) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command("/bin/bash", {
    args: ["-c", `trap '${trap}' TERM; echo ready; while true; do sleep 0.05; done`],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  try {
    await reader.read();
    await use(child);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await child.status;
    await reader.cancel();
  }
}

const unix = (name: string, fn: () => Promise<void>) => Deno.test({ name, ignore: !IS_UNIX, fn });

unix("endProcesses() ends a process of one's own that heeds the request", async () => {
  await withShell("exit 0", async (child) => {
    const target = identify(child.pid);
    assert(target !== undefined && target.own === true, "a child of ours is our own");
    const [ended] = await Promise.all([endProcesses([target], 5000), child.status]);
    assertEquals(ended, { gone: [child.pid], left: [], spared: [] });
  });
});

unix("endProcesses() names a process that does not end in time, and does not kill it", async () => {
  await withShell(":", async (child) => {
    const target = identify(child.pid);
    assert(target !== undefined);
    assertEquals(await endProcesses([target], 300), { gone: [], left: [child.pid], spared: [] });
    assertEquals(identify(child.pid)?.started, target.started);
  });
});

/** A system in which nothing is real. */
function imaginary(processes: Map<number, Identity>): ProcessSystem & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    identify: (pid) => processes.get(pid),
    askToEnd: (pid) => {
      asked.push(pid);
      processes.delete(pid);
    },
  };
}

Deno.test("endProcesses() leaves alone an id that belongs to another process by now, and those of other users", async () => {
  const system = imaginary(
    new Map([
      [10, { pid: 10, started: "later", own: true }],
      [11, { pid: 11, started: "then", own: false }],
      [12, { pid: 12, started: "then", own: undefined }],
      [13, { pid: 13, started: "then", own: true }],
    ]),
  );
  const seen = [10, 11, 12, 13, 14].map((pid) => ({ pid, started: "then", own: true }));
  const ended = await endProcesses(seen, 100, system);
  assertEquals(system.asked, [13]);
  assertEquals(ended.gone, [13, 14]);
  assertEquals(ended.spared.map(({ pid }) => pid), [10, 11, 12]);
});

Deno.test("endProcesses() reports a refusal", async () => {
  const system: ProcessSystem = {
    identify: (pid) => ({ pid, started: "x", own: true }),
    askToEnd: () => {
      throw new Error("operation not permitted");
    },
  };
  const ended = await endProcesses([{ pid: 5, started: "x", own: true }], 100, system);
  assertEquals(ended, { gone: [], left: [], spared: [{ pid: 5, reason: "operation not permitted" }] });
});

Deno.test("startOf() counts fields behind the name, which may hold anything, and knows the dead", () => {
  const fields = Array.from({ length: 40 }, (_, i) => String(i + 4));
  assertEquals(startOf(`7 (a) b) (c) S ${fields.join(" ")}`), "22");
  assertEquals(startOf(`7 (x) Z ${fields.join(" ")}`), undefined);
});

Deno.test({
  name: "identify() tells two processes apart, and knows none of an id that is free",
  ignore: !IS_LINUX,
  fn: () => {
    assertEquals(identify(Deno.pid)?.own, true);
    assertEquals(identify(2 ** 22 + 5), undefined);
  },
});

Deno.test("identities are read from the words of other systems", () => {
  assertEquals(parsePsIdentity(9, "  501 Thu Nov 26 16:46:01 2026    \n", 501), {
    pid: 9,
    started: "Thu Nov 26 16:46:01 2026",
    own: true,
  });
  assertEquals(parsePsIdentity(9, "  0 Thu Nov 26 16:46:01 2026\n", 501)?.own, false);
  assertEquals(parsePsIdentity(9, "\n", 501), undefined);
  const windows = (owner: string) => `{"s":"134086","o":${JSON.stringify(owner)},"m":"PC\\\\ann"}`;
  assertEquals(parseWindowsIdentity(9, windows("PC\\Ann")), { pid: 9, started: "134086", own: true });
  assertEquals(parseWindowsIdentity(9, windows("NT AUTHORITY\\SYSTEM"))?.own, false);
  assertEquals(parseWindowsIdentity(9, windows("\\"))?.own, undefined);
  assertEquals(parseWindowsIdentity(9, ""), undefined);
});
