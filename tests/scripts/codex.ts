/** A stand-in for a running Codex. */
import type { Stage } from "./stage.ts";

/** Runs `use` while a process named `codex` works on the home. */
export async function withCodex(stage: Stage, use: (pid: number) => Promise<void>): Promise<void> {
  const program = `${stage.folder}/codex`;
  Deno.copyFileSync("/bin/sleep", program);
  Deno.chmodSync(program, 0o755);
  const process = new Deno.Command(program, {
    args: ["600"],
    env: { CODEX_HOME: stage.home },
    stdin: "null",
    stdout: "null",
  }).spawn();
  try {
    await use(process.pid);
  } finally {
    process.kill("SIGKILL");
    await process.status;
  }
}
