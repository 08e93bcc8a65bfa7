/** What only a real process can show: streams, signals, exit statuses, and what is loaded. */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

function start(script: string, ...args: readonly string[]): Deno.ChildProcess {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", script, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
  return command.spawn();
}

async function finish(child: Deno.ChildProcess): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await child.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("main.ts ends with the exit status of the command line", async () => {
  const wrong = await finish(start(join(ROOT, "main.ts"), "sync", "--dry-rum"));
  assertEquals(wrong, {
    code: 4,
    out: "",
    err: 'error: unknown flag "--dry-rum"\nhint: did you mean "--dry-run"?\n',
  });
  const version = await finish(start(join(ROOT, "main.ts"), "version", "--json"));
  assertEquals([version.code, version.err], [0, ""]);
  assertEquals(JSON.parse(version.out).result.deno, Deno.version.deno);
});

Deno.test("main.ts does not fail when its reader goes away", async () => {
  const child = start(join(ROOT, "main.ts"), "help");
  await child.stdout.cancel();
  const err = await new Response(child.stderr).text();
  assertEquals([(await child.status).code, err], [0, ""]);
});

Deno.test({
  name: "interruptible() aborts at the first signal and ends at the second with 130",
  ignore: Deno.build.os === "windows",
  async fn() {
    const dir = Deno.makeTempDirSync();
    try {
      const script = join(dir, "wait.ts");
      Deno.writeTextFileSync(
        script,
        `import { interruptible } from ${JSON.stringify("file://" + join(ROOT, "lib/cli/signals.ts"))};
         Deno.exit(await interruptible(async (signal) => {
           signal.addEventListener("abort", () => console.log("stopping"));
           console.log("ready");
           await new Promise((done) => setTimeout(done, 20_000));
           return 0;
         }));`,
      );
      for (const [first, second] of [["SIGINT", "SIGINT"], ["SIGTERM", "SIGINT"]] as const) {
        const child = start(script);
        const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
        const said: string[] = [];
        const until = async (word: string) => {
          while (!said.join("").includes(word)) {
            const { value, done } = await reader.read();
            if (done) throw new Error(`ended before "${word}": ${said.join("")}`);
            said.push(value);
          }
        };
        await until("ready");
        child.kill(first);
        await until("stopping");
        child.kill(second);
        assertEquals((await child.status).code, 130);
        await reader.cancel();
        await child.stderr.cancel();
      }
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  },
});

Deno.test("run.ts loads neither SQLite nor TOML before a command needs them", () => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const follow = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const source = Deno.readTextFileSync(file);
    for (const match of source.matchAll(/^(?:import|export)(?! type)[^;]*?from "([^"]+)"/gm)) {
      const name = match[1] ?? "";
      if (name.startsWith(".")) follow(resolve(dirname(file), name));
      else packages.add(name);
    }
  };
  follow(join(ROOT, "lib/cli/run.ts"));
  assert(seen.size > 20 && packages.has("@std/cli/parse-args"), [...packages].join(" "));
  for (const heavy of ["node:sqlite", "smol-toml", "toml-eslint-parser", "@std/jsonc"]) {
    assert(!packages.has(heavy), heavy);
  }
  assertStringIncludes([...seen].join("\n"), "registry.ts");
});
