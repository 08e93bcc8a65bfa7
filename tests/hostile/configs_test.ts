/** A configuration is read as Codex reads it, and changed in one place or not at all. Another parser of TOML is the judge. */
import { assert, assertEquals } from "../assert.ts";
import { buildHome, NEW, runUndisturbed } from "../crash/home.ts";
import { report } from "../proof/figure.ts";
import { HAS_PYTHON } from "../system/fixture.ts";
import { CONFIGS, type ConfigShape } from "./configs.ts";
import { some } from "./rig.ts";

const PARSER = `
import json, sys, tomllib
def plain(v):
    if isinstance(v, dict): return {k: plain(x) for k, x in v.items()}
    if isinstance(v, list): return [plain(x) for x in v]
    return v if isinstance(v, (str, bool)) else repr(v)
out = []
for path in sys.argv[1:]:
    try: out.append(plain(tomllib.loads(open(path, newline="", encoding="utf-8-sig").read().replace("\\r\\n", "\\n"))))
    except Exception as error: out.append(None)
print(json.dumps(out))
`;

const HAS_TOMLLIB = HAS_PYTHON &&
  new Deno.Command("python3", { args: ["-c", "import tomllib"], stderr: "null" }).outputSync().success;

type Data = Record<string, unknown>;

/** What another parser makes of the files; null where it refuses. */
function parsed(...paths: readonly string[]): readonly (Data | null)[] {
  const { stdout, stderr } = new Deno.Command("python3", { args: ["-c", PARSER, ...paths] }).outputSync();
  const text = new TextDecoder().decode(stdout);
  assert(text !== "", new TextDecoder().decode(stderr));
  return JSON.parse(text) as (Data | null)[];
}

/** Lines of `before` that `after` has lost, in their order; those that name the keys of a switch may go. */
function lostLines(before: string, after: string): string[] {
  const lines = after.split("\n");
  let at = 0;
  return before.split("\n").filter((line) => {
    const found = lines.indexOf(line, at);
    if (found >= 0) at = found + 1;
    return found < 0 && !/model|mock/.test(line);
  });
}

async function faultsOf({ name, text, provider, switched }: ConfigShape): Promise<readonly string[]> {
  const root = Deno.makeTempDirSync({ prefix: "codexkeep-config-" });
  const faults: string[] = [];
  try {
    const home = `${root}/home`;
    buildHome(home, NEW);
    const path = `${home}/config.toml`;
    Deno.removeSync(path);
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    if (bytes !== null) Deno.writeFileSync(path, bytes);
    const read = () => bytes === null ? "" : new TextDecoder("latin1").decode(Deno.readFileSync(path));
    const before = read();
    const ask = async (...argv: readonly string[]) => {
      const ran = await runUndisturbed(home, [...argv, "--json"]);
      const document = JSON.parse(ran.out);
      if (document.errors[0]?.code === "internal") {
        faults.push(`${argv.join(" ")}: ${document.errors[0].message}`);
      }
      return {
        code: ran.code,
        result: document.result,
        error: document.errors[0]?.code as string | undefined,
      };
    };
    const status = await ask("status");
    const found = status.result?.provider?.id;
    if (provider !== undefined && found !== provider) faults.push(`the provider is ${found ?? status.error}`);
    for (const looking of ["diagnose", "sync", "repair"]) {
      await ask(looking, ...looking === "repair" ? ["all"] : []);
    }
    if (read() !== before) faults.push("looking changed it");
    Deno.writeFileSync(`${root}/before.toml`, bytes ?? new Uint8Array());
    const done = await ask("switch", "relay", "--apply");
    const said = done.code === 0 ? "done" : done.error ?? `exit ${done.code}`;
    if (said !== switched) faults.push(`switch: ${said}`);
    if (done.code !== 0) {
      if (read() !== before) faults.push("refused, and yet it is otherwise");
    } else faults.push(...editFaults(root, before, read()));
    if (done.code === 0) {
      const back = await ask("restore", "latest", "--apply");
      if (back.code !== 0 || read() !== before) {
        faults.push(`restored, and yet it is otherwise (exit ${back.code})`);
      }
    }
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
  return faults.map((fault) => `${name}: ${fault}`);
}

/** What is otherwise than the provider in use, and the model that the provider names. */
function editFaults(root: string, before: string, after: string): string[] {
  const faults = lostLines(before, after).map((line) => `a line is lost: ${line.slice(0, 60)}`);
  const [was, is] = parsed(`${root}/before.toml`, `${root}/home/config.toml`);
  if (was === undefined || was === null || is === undefined || is === null) {
    return [...faults, "another parser refuses it"];
  }
  const model = (was as { model_providers: Record<string, Data> }).model_providers["relay"]?.["model"];
  const wanted = { ...was, model_provider: "relay", ...model === undefined ? {} : { model } };
  const sorted = (data: Data) => JSON.stringify(Object.fromEntries(Object.entries(data).sort()));
  return sorted(wanted) === sorted(is) ? faults : [...faults, "something else means something else now"];
}

Deno.test(
  "configurations of every form are changed in one place, or not at all",
  { ignore: !HAS_TOMLLIB },
  async () => {
    const started = performance.now();
    const shapes = some(CONFIGS, 14);
    const faults: string[] = [];
    for (const shape of shapes) faults.push(...await faultsOf(shape));
    report("hostile configurations", "forms", { forms: shapes.length, faults: faults.length }, started);
    assert(CONFIGS.length >= 60);
    assertEquals(faults, []);
  },
);

Deno.test("an editor that goes by lines is found guilty", { ignore: !HAS_TOMLLIB }, () => {
  const started = performance.now();
  let guilty = 0;
  let tried = 0;
  for (const { text, switched } of CONFIGS) {
    if (typeof text !== "string" || switched !== "done" || text.length > 100_000) continue;
    const root = Deno.makeTempDirSync({ prefix: "codexkeep-config-" });
    try {
      Deno.mkdirSync(`${root}/home`);
      const after = /^model_provider\s*=.*$/m.test(text)
        ? text.replace(/^model_provider\s*=.*$/m, 'model_provider = "relay"')
        : 'model_provider = "relay"\n' + text;
      Deno.writeTextFileSync(`${root}/before.toml`, text);
      Deno.writeTextFileSync(`${root}/home/config.toml`, after);
      tried++;
      if (editFaults(root, text, after).length > 0) guilty++;
    } finally {
      Deno.removeSync(root, { recursive: true });
    }
  }
  report(
    "hostile configurations",
    "an editor that goes by lines",
    { forms: tried, faults: guilty },
    started,
    { control: true },
  );
  assert(guilty > 5, `only ${guilty} of ${tried} led it astray`);
});
