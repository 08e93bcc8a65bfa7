import {
  isCodexProgram,
  parseCim,
  parsePs,
  parseTasklist,
  programName,
  showCommand,
} from "../../lib/system/process_list.ts";
import { assertEquals } from "../assert.ts";

const process = (program: string, ...args: string[]) => ({
  pid: 1,
  parent: 0,
  program,
  args: args.length === 0 ? [program] : args,
});

Deno.test("isCodexProgram() knows Codex, its helpers and its apps, and nothing else", () => {
  const codex = [
    process("/usr/lib/node_modules/@openai/codex-linux-x64/vendor/x86_64/bin/codex"),
    process("/home/u/.codex/packages/app-server-daemon/1/bin/codex", "codex", "app-server"),
    process("/opt/codex (deleted)"),
    process("codex-code-mode-host"),
    process("/usr/bin/node", "node", "/usr/local/bin/codex", "resume"),
    process("/usr/bin/node", "node", "/x/@openai/codex/bin/codex.js"),
    process("/usr/bin/codex-bin", "codex-linux-sandbox"),
    process("C:\\Program Files\\WindowsApps\\OpenAI.Codex_26.707.1_x64\\app\\ChatGPT.exe"),
    process("C:\\Program Files\\WindowsApps\\OpenAI.Codex_26.623_x64__h\\app\\Codex.exe"),
    process("C:\\x\\app\\resources\\codex.exe", "codex.exe", "app-server"),
    process("codex-windows-sandbox-setup.exe"),
    process("CODEX-COMMAND-RUNNER.EXE"),
    process("/Applications/Codex.app/Contents/MacOS/Codex"),
    process("/Applications/Codex.app/Contents/Frameworks/Helper (Renderer)"),
    process("/Applications/ChatGPT.app/Contents/Resources/codex"),
  ];
  const others = [
    process("/usr/local/bin/codexkeep", "codexkeep", "status"),
    process("/usr/bin/vim", "vim", "/home/u/.codex/config.toml"),
    process("/usr/bin/tail", "tail", "-f", "codex"),
    process("/usr/bin/node", "node", "server.js", "codex"),
    process("/Applications/ChatGPT.app/Contents/MacOS/ChatGPT"),
    process("/home/codex/bin/bash"),
    process("mycodex"),
    process(""),
  ];
  assertEquals(codex.filter((one) => !isCodexProgram(one)), []);
  assertEquals(others.filter(isCodexProgram), []);
});

Deno.test("programName() gives the last name on every system", () => {
  assertEquals(["/a/b c", "C:\\x\\Codex.EXE", "codex", "/a/codex (deleted)"].map(programName), [
    "b c",
    "Codex",
    "codex",
    "codex",
  ]);
});

Deno.test("showCommand() masks everything that looks like a secret", () => {
  const secret = "Zq9vXw3LmT7rBn5KcY2dHs8P";
  const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
  const commands: readonly (readonly string[])[] = [
    ["codex", "--api-key", secret],
    ["codex", `--api-key=${secret}`],
    ["codex", "--token", `-${secret}`],
    ["codex", "-c", `model_providers.x.experimental_bearer_token="${secret}"`],
    ["codex", "-c", `http_headers={ "Authorization" = "Bearer ${secret}" }`],
    ["env", `OPENAI_API_KEY=${secret}`, "codex"],
    ["codex", "login", `sk-proj-${secret}`],
    ["codex", "exec", `use ghp_${secret} and sk-${secret} please`],
    ["codex", jwt],
    ["codex", `https://user:${secret}@example.com/x`],
    ["codex", "-H", `Authorization: Bearer ${secret}`],
    ["codex", "--password", secret, "--client-secret", secret],
    ["codex", `${secret}${secret}`],
    [`codex --api-key ${secret} -H Authorization: Bearer ${secret}`],
    [`codex "Authorization: Basic ${secret}" passwd=${secret}`],
  ];
  for (const command of commands) {
    const shown = showCommand(command);
    assertEquals(
      [shown.includes(secret), shown.includes(jwt), shown.includes("***")],
      [false, false, true],
      shown,
    );
  }
});

Deno.test("showCommand() leaves ordinary commands alone, on one line of at most 200 characters", () => {
  const plain = [
    "codex",
    "resume",
    "01a1fc3a-036c-73b3-964b-f64a02755ec3",
    "-C",
    "/home/u/my project",
    "-m",
    "gpt-5",
  ];
  assertEquals(showCommand(plain), plain.join(" "));
  assertEquals(showCommand(["codex", "exec", "two\nlines\tand more"]), "codex exec two lines and more");
  const long = showCommand(["codex", "exec", "word ".repeat(100)]);
  assertEquals([long.length, long.endsWith("…")], [200, true]);
});

Deno.test("parsePs() joins the two listings of macOS", () => {
  const programs = [
    "    1     0 /sbin/launchd",
    "  501     1 /Applications/Codex.app/Contents/MacOS/Codex",
    "  502   501 /Applications/Codex.app/Contents/Resources/codex",
    "  777     1 /Applications/My App.app/Contents/MacOS/My App",
    "  778   777 -zsh",
    "  garbage",
    "",
  ].join("\n");
  const commands = [
    "    1 /sbin/launchd",
    "  502 /Applications/Codex.app/Contents/Resources/codex app-server --analytics",
    "  777 /Applications/My App.app/Contents/MacOS/My App --flag",
    "  778 -zsh",
  ].join("\n");
  assertEquals(parsePs(programs, commands), [
    { pid: 1, parent: 0, program: "/sbin/launchd", args: ["/sbin/launchd"] },
    {
      pid: 501,
      parent: 1,
      program: "/Applications/Codex.app/Contents/MacOS/Codex",
      args: ["/Applications/Codex.app/Contents/MacOS/Codex"],
    },
    {
      pid: 502,
      parent: 501,
      program: "/Applications/Codex.app/Contents/Resources/codex",
      args: ["/Applications/Codex.app/Contents/Resources/codex", "app-server", "--analytics"],
    },
    {
      pid: 777,
      parent: 1,
      program: "/Applications/My App.app/Contents/MacOS/My App",
      args: ["/Applications/My App.app/Contents/MacOS/My App", "--flag"],
    },
    { pid: 778, parent: 777, program: "-zsh", args: ["-zsh"] },
  ]);
});

Deno.test("parseCim() reads one process or many, with what Windows hides left out", () => {
  const many =
    `\uFEFF[{"ProcessId":0,"ParentProcessId":0,"Name":"System Idle Process","ExecutablePath":null,` +
    `"CommandLine":null},{"ProcessId":4321,"ParentProcessId":12,"Name":"codex.exe","ExecutablePath":` +
    `"C:\\\\Program Files\\\\x\\\\codex.exe","CommandLine":"\\"C:\\\\Program Files\\\\x\\\\codex.exe\\" app-server --x"}]`;
  assertEquals(parseCim(many), [
    { pid: 0, parent: 0, program: "System Idle Process", args: ["System Idle Process"] },
    {
      pid: 4321,
      parent: 12,
      program: "C:\\Program Files\\x\\codex.exe",
      args: ["C:\\Program Files\\x\\codex.exe", "app-server", "--x"],
    },
  ]);
  assertEquals(parseCim('{"ProcessId":7,"Name":"a.exe"}').map(({ pid }) => pid), [7]);
  assertEquals([parseCim(""), parseCim("null"), parseCim("Get-CimInstance : denied"), parseCim("[1]")], [
    [],
    [],
    [],
    [],
  ]);
});

Deno.test("parseTasklist() reads names and ids", () => {
  const text =
    `"System","4","Services","0","144 K"\r\n"codex.exe","812","Console","1","98,304 K"\r\nINFO: none\r\n`;
  assertEquals(parseTasklist(text), [
    { pid: 4, parent: 0, program: "System", args: ["System"] },
    { pid: 812, parent: 0, program: "codex.exe", args: ["codex.exe"] },
  ]);
});
