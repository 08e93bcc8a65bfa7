/** Secrets stay where they are: a mark in every place that holds one, and no command that shows or carries it (G26). */
import { assert, assertEquals } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { IS_BINARY, start } from "../scripts/program.ts";
import { onStage, type Stage } from "../scripts/stage.ts";
import { IS_LINUX } from "../system/fixture.ts";
import { CAN_TRACE, expectNone, inLanes, isFile } from "./rig.ts";

const GROUP = "secrets × commands";

/** A mark that is found in whatever spelling it comes: letters and digits alone. */
const mark = (n: number) => `sk-canary${String(n).padStart(2, "0")}Zq7Xw9Kp3Lm5Rt8Vb2Nc4`;
const PLACES = 14;
const MARKS = Array.from({ length: PLACES }, (_, n) => mark(n));

const CONFIG = `model_provider = "relay"
openai_base_url = "http://user:${mark(0)}@127.0.0.1:9/v1"
[model_providers.relay]
name = "Relay"
base_url = "http://127.0.0.1:9/v1?key=${mark(1)}"
experimental_bearer_token = "${mark(2)}"
http_headers = { "x-api-key" = "${mark(3)}" }
env_http_headers = { "x-token" = "${mark(4)}" }
[model_providers.custom]
name = "Custom"
experimental_bearer_token = "${mark(5)}"
[mcp_servers.x]
command = "x"
args = ["--token", "${mark(6)}"]
env = { TOKEN = "${mark(7)}" }
[profiles.old]
model_provider = "custom"
token = "${mark(8)}"
`;

/** Puts a mark into every other place that holds secrets. */
function plant(stage: Stage): void {
  const auth = {
    auth_mode: "apikey",
    OPENAI_API_KEY: mark(9),
    tokens: { access_token: mark(10), refresh_token: mark(10) },
  };
  Deno.writeTextFileSync(stage.path("auth.json"), JSON.stringify(auth), { mode: 0o600 });
  Deno.writeTextFileSync(
    stage.path("work.config.toml"),
    `experimental_bearer_token = "${mark(11)}"\nmodel_provider = "custom"\n`,
  );
  Deno.writeTextFileSync(stage.path(".env"), `KEY=${mark(12)}\n`);
}

const ENVIRONMENT = { OPENAI_API_KEY: mark(13), CODEX_API_KEY: mark(13), AWS_SECRET_ACCESS_KEY: mark(13) };

/** Every command, going well and failing. Those that write come last, in an order in which each has something to do. */
function lines({ threads, folder }: Stage): readonly (readonly string[])[] {
  const id = threads[0]!.id;
  const looks: (readonly string[])[] = [
    ["status"],
    ["diagnose"],
    ["explain", id],
    ["explain", "nobody"],
    ["sync"],
    ["sync", "--check"],
    ["switch", "custom"],
    ["switch", "nowhere"],
    ["repair", "all"],
    ["repair", "config"],
    ["repair", "account", "--thread", id],
    ["restore"],
    ["restore", "--originals"],
    ["recover"],
    ["backups", "list"],
    ["backups", "show", "latest"],
    ["backups", "verify", "--deep"],
    ["backups", "prune", "--keep", "1"],
    ["version"],
    ["help", "sync"],
    ["synk"],
    ["sync", "--nonsense"],
    ["apply", `${folder}/none.json`],
  ];
  const writes: (readonly string[])[] = [
    ["sync", "--plan-out", `${folder}/sync.json`],
    ["switch", "custom", "--plan-out", `${folder}/switch.json`],
    ["repair", "config", "--plan-out", `${folder}/config.json`],
    ["switch", "custom", "--apply"],
    ["backups", "export", "latest", "--csv", `${folder}/out.csv`],
    ["backups", "export", "latest", "--csv", "-"],
    ["backups", "show", "latest"],
    ["restore", "latest", "--apply"],
    ["sync", "--apply"],
    ["repair", "all", "--apply"],
    ["repair", "config", "--apply"],
    ["backups", "verify", "--deep"],
    ["restore", "--originals", "--apply"],
    ["backups", "prune", "--keep", "1", "--apply"],
  ];
  return [...looks, ...writes];
}

/** Bytes of every file below a folder, by path. */
function* filesBelow(folder: string): Generator<readonly [string, string]> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(path);
    else if (entry.isFile) yield [path, new TextDecoder("latin1").decode(Deno.readFileSync(path))];
  }
}

/** The marks in a text, also when it is written backwards, in hexadecimal or in base 64. */
function found(text: string): string[] {
  const hex = (one: string) => [...new TextEncoder().encode(one)].map((byte) => byte.toString(16)).join("");
  return MARKS.filter((one) =>
    [one, one.slice(3), hex(one), btoa(one).slice(0, -4), [...one].reverse().join("")].some((form) =>
      text.includes(form)
    )
  );
}

Deno.test({
  name: "no command shows a secret, in any manner, or puts one into anything that leaves the home",
  ignore: !IS_LINUX,
  fn: async () => {
    const started = performance.now();
    const faults: string[] = [];
    let pairs = 0;
    await onStage("vanished", async (stage) => {
      plant(stage);
      const look = async (line: readonly string[]) => {
        const { stdout, stderr } = await start(line, { home: stage.home, env: ENVIRONMENT });
        pairs += PLACES;
        faults.push(...found(stdout + stderr).map((one) => `${line.join(" ")} shows ${one}`));
      };
      const all = lines(stage);
      const reading = all.filter((line) =>
        !line.includes("--apply") && !line.includes("--plan-out") && !line.includes("--csv")
      );
      await inLanes(reading.flatMap((line) => [[...line, "--verbose"], [...line, "--json"]]), look);
      for (const line of all.filter((one) => !reading.includes(one))) await look(line);
      for (const [path, text] of filesBelow(stage.folder)) {
        const inside = path.slice(stage.home.length + 1);
        if (["config.toml", "auth.json", "work.config.toml", ".env"].includes(inside)) continue;
        // A table of a legacy profile moves to a file of its own, in the home and for its owner alone.
        if (inside === "old.config.toml") {
          assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
          continue;
        }
        pairs += PLACES;
        faults.push(...found(text).map((one) => `${path.replace(stage.folder, "")} holds ${one}`));
      }
      assert(
        isFile(`${stage.folder}/switch.json`) && isFile(`${stage.folder}/out.csv`),
        "nothing was carried out",
      );
    }, CONFIG);
    report(GROUP, "output, plans, tables, records", { pairs, hits: faults.length }, started);
    expectNone(faults);
  },
});

Deno.test({
  name: "a program that falls over over a broken configuration does not show it",
  ignore: !IS_LINUX,
  fn: async () => {
    const started = performance.now();
    const faults: string[] = [];
    let pairs = 0;
    const broken = [
      CONFIG + "= broken",
      CONFIG.replace('"relay"', '"relay'),
      CONFIG.replaceAll("\n", "\r"),
      CONFIG + CONFIG,
    ];
    for (const text of broken) {
      await onStage("one", async (stage) => {
        plant(stage);
        for (
          const line of [["status"], ["diagnose", "--verbose"], ["sync", "--verbose"], [
            "switch",
            "custom",
            "--json",
          ]]
        ) {
          const { stdout, stderr } = await start(line, { home: stage.home, env: ENVIRONMENT });
          pairs += PLACES;
          faults.push(...found(stdout + stderr).map((one) => `${line.join(" ")} shows ${one}`));
        }
      }, text);
    }
    report(GROUP, "broken configurations", { pairs, hits: faults.length }, started);
    expectNone(faults);
  },
});

Deno.test({
  name: "auth.json is not even opened, whatever the command",
  ignore: !(CAN_TRACE && IS_BINARY),
  fn: async () => {
    const started = performance.now();
    const faults: string[] = [];
    let commands = 0;
    await onStage("vanished", async (stage) => {
      plant(stage);
      for (const line of lines(stage)) {
        const log = `${stage.folder}/opened.log`;
        const under = [
          "/usr/bin/strace",
          "-f",
          "-qq",
          "-o",
          log,
          "-e",
          "trace=open,openat,openat2,rename,renameat2,unlink,link,linkat",
        ];
        await start(line, { home: stage.home, under });
        commands++;
        const calls = Deno.readTextFileSync(log).split("\n");
        if (!calls.some((call) => call.includes("openat("))) {
          faults.push(`${line.join(" ")}: nothing was traced`);
        }
        faults.push(
          ...calls.filter((call) => call.includes("auth.json")).map((call) => `${line.join(" ")}: ${call}`),
        );
      }
    }, CONFIG);
    report("auth.json opened", "every command, traced", { commands, opened: faults.length }, started);
    expectNone(faults);
  },
});

Deno.test("control: a program that prints its configuration is found guilty", () => {
  const started = performance.now();
  const guilty = found(`settings: ${CONFIG}`).length + found(btoa(`xx${mark(9)}`)).length;
  report(
    GROUP,
    "a program that prints its configuration",
    { secrets: PLACES, "found guilty": guilty },
    started,
    { control: true },
  );
  assertEquals(guilty >= 9, true, String(guilty));
});
