/** The completion scripts in the shells they are for. PowerShell's is looked at as text: it is not among Debian's packages. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { PROGRAM, run } from "./program.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** A folder with a `codexkeep` to be found on the PATH, a home, and a file and a folder to be named. */
async function inShellFolder(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = Deno.makeTempDirSync({ prefix: "codexkeep-shell-" });
  try {
    Deno.mkdirSync(`${dir}/bin`);
    Deno.mkdirSync(`${dir}/home`);
    Deno.mkdirSync(`${dir}/a folder`);
    Deno.writeTextFileSync(`${dir}/a plan.json`, "");
    Deno.writeTextFileSync(
      `${dir}/home/config.toml`,
      '[model_providers.packycode]\nname = "x"\n[model_providers."$(touch hit)"]\nname = "y"\n',
    );
    const program = PROGRAM.map((word) => `'${word}'`).join(" ");
    Deno.writeTextFileSync(`${dir}/bin/codexkeep`, `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o755 });
    for (const shell of SHELLS) {
      const { stdout } = await run(["completions", shell]);
      Deno.writeTextFileSync(`${dir}/${shell}`, stdout);
    }
    await use(dir);
    assertEquals([...Deno.readDirSync(dir)].some(({ name }) => name === "hit"), false);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

async function isThere(shell: string): Promise<boolean> {
  try {
    return (await new Deno.Command(shell, { args: ["-c", "exit 0"], stdout: "null", stderr: "null" })
      .output()).success;
  } catch {
    return false;
  }
}

async function say(dir: string, shell: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(shell, {
    args: [...args],
    cwd: dir,
    env: {
      PATH: `${dir}/bin:${Deno.env.get("PATH") ?? ""}`,
      HOME: dir,
      CODEX_HOME: `${dir}/home`,
      TERM: "dumb",
    },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert(success, new TextDecoder().decode(stderr) + text);
  return text;
}

const hasBash = await isThere("bash");
const hasZsh = await isThere("zsh");
const hasFish = await isThere("fish");

Deno.test(
  "bash completes commands, flags, values, files and folders",
  { ignore: !hasBash },
  () =>
    inShellFolder(async (dir) => {
      const complete = async (...words: string[]) => {
        const quoted = words.map((word) => `'${word}'`).join(" ");
        const script =
          `source ./bash; COMP_WORDS=(codexkeep ${quoted}); COMP_CWORD=${words.length}; _codexkeep 2>/dev/null; ` +
          `printf '%s\\n' "\${COMPREPLY[@]}"`;
        return (await say(dir, "bash", ["--norc", "-c", script])).split("\n").filter((line) => line !== "");
      };
      assertEquals(await complete("re"), ["repair", "restore", "recover"]);
      assertEquals(await complete("backups", ""), ["list", "show", "verify", "prune", "export"]);
      assertEquals(await complete("sync", "--dr"), ["--dry-run"]);
      assertEquals(await complete("sync", "--only", "=", "r"), ["rollouts"]);
      assertEquals(await complete("sync", "--only", "="), ["db", "rollouts"]);
      assertEquals(await complete("switch", "pa"), ["packycode"]);
      assertEquals(
        await complete("switch", ""),
        ["openai", "ollama", "lmstudio", "amazon-bedrock", "gcp", "packycode"],
      );
      assertEquals(await complete("apply", "a"), ["a folder", "a plan.json"]);
      assertEquals(await complete("demo", "--dir", "a"), ["a folder"]);
      assertEquals(await complete("demo", "--dir", "=", "a"), ["a folder"]);
      assertEquals(await complete("nonsense", ""), []);
    }),
);

Deno.test(
  "fish completes commands, flags, values, files and folders",
  { ignore: !hasFish },
  () =>
    inShellFolder(async (dir) => {
      const complete = async (line: string) => {
        const out = await say(dir, "fish", ["--no-config", "-c", `source ./fish; complete -C '${line}'`]);
        return out.split("\n").filter((one) => one !== "").map((one) => one.split("\t")[0] ?? "");
      };
      assertEquals((await complete("codexkeep re")).toSorted(), ["recover", "repair", "restore"]);
      assertEquals(await complete("codexkeep backups pr"), ["prune"]);
      assertEquals(await complete("codexkeep sync --dr"), ["--dry-run"]);
      assertEquals(await complete("codexkeep sync --only=r"), ["--only=rollouts"]);
      assertEquals(await complete("codexkeep switch pa"), ["packycode"]);
      assertEquals((await complete("codexkeep apply a")).toSorted(), ["a folder/", "a plan.json"]);
      assertEquals(await complete("codexkeep demo --dir a"), ["a folder/"]);
    }),
);

Deno.test(
  "zsh completes commands, flags, values, files and folders",
  { ignore: !hasZsh },
  () =>
    inShellFolder(async (dir) => {
      const complete = (line: string) => say(dir, "zsh", ["-f", "-c", ZSH_PLAYER, "player", line]);
      assertStringIncludes(await complete("codexkeep backups pr"), "codexkeep backups prune");
      assertStringIncludes(await complete("codexkeep sync --dr"), "codexkeep sync --dry-run");
      assertStringIncludes(await complete("codexkeep sync --only=r"), "codexkeep sync --only=rollouts");
      assertStringIncludes(await complete("codexkeep switch pa"), "codexkeep switch packycode");
      assertStringIncludes(await complete("codexkeep apply a\\ p"), "codexkeep apply a\\ plan.json");
      assertStringIncludes(await complete("codexkeep demo --dir a"), "codexkeep demo --dir a\\ folder/");
      const several = await complete("codexkeep re");
      for (const name of ["repair", "restore", "recover"]) assertStringIncludes(several, name);
    }),
);

// A shell in a terminal of its own: the line is typed, Tab pressed, and what is on the screen is read.
const ZSH_PLAYER = String.raw`
zmodload zsh/zpty
zpty player zsh -f -i
zpty -w player 'PROMPT="> "; autoload -U compinit; compinit -u -d ./dump; source ./zsh; zstyle ":completion:*" list-max 0; print re""ady'
typeset text= part=
while [[ $text != *ready* ]]; do zpty -r player part || break; text+=$part; done
zpty -w -n player "$1"$'\t'
text= part=
integer idle=0
while (( idle < 8 )); do
  if zpty -r -t player part; then text+=$part; idle=0; else (( idle++ )); sleep 0.1; fi
done
zpty -d player
print -r -- "$text"
`;

Deno.test("PowerShell's script asks the program with a mark before the last word", async () => {
  const { stdout } = await run(["completions", "powershell"]);
  assertStringIncludes(stdout, "Register-ArgumentCompleter -Native -CommandName codexkeep");
  assertStringIncludes(stdout, "completions powershell '--' @words");
  const open = [...stdout].filter((one) => "({[".includes(one)).length;
  assertEquals(open, [...stdout].filter((one) => ")}]".includes(one)).length);
  const asked = await run(["completions", "powershell", "--", "backups", "+"]);
  assertEquals(asked.stdout.split("\n").map((line) => line.split(" ")[0]), [
    "list",
    "show",
    "verify",
    "prune",
    "export",
    "",
  ]);
});
