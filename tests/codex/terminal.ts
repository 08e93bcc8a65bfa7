/** Runs Codex's terminal interface in a pseudo terminal, which `script` of util-linux provides. */
import { codexEnvironment } from "./app_server.ts";
import type { TestHome } from "./home.ts";
import { codexBinary } from "./install.ts";

/** A running terminal interface. */
export type Terminal = {
  /** Everything it drew so far, without the control sequences. */
  readonly drawn: () => string;
  /** Resolves once `ready` holds; throws after a while with what was drawn. */
  readonly until: (ready: (drawn: string) => boolean) => Promise<void>;
  /** Resolves once nothing has been drawn for a moment. */
  readonly still: () => Promise<void>;
  /** Presses keys. */
  readonly type: (keys: string) => Promise<void>;
  /** Asks it to end by Ctrl-C and resolves once the process is gone. */
  readonly close: () => Promise<void>;
};

/** What a terminal answers when Codex asks for the cursor, the device and the two colours. */
const ANSWERS: readonly (readonly [query: string, answer: string])[] = [
  ["\x1b[6n", "\x1b[1;1R"],
  ["\x1b[c", "\x1b[?62;22c"],
  ["\x1b]10;?", "\x1b]10;rgb:ffff/ffff/ffff\x1b\\"],
  ["\x1b]11;?", "\x1b]11;rgb:0000/0000/0000\x1b\\"],
];
const READY_MS = 20_000;
const LOOK_MS = 25;
const STILL_MS = 400;

/** True where this machine can run {@link openTerminal}. */
export const TERMINAL_AVAILABLE = Deno.build.os === "linux" && hasScript();

/** Starts `codex` with those arguments in a terminal of 120 by 40, the home's working folder being trusted. */
export async function openTerminal(home: TestHome, args: readonly string[]): Promise<Terminal> {
  const words = [await codexBinary(), "--no-daemon", "--no-alt-screen", ...trust(home.work), ...args];
  const child = new Deno.Command("script", {
    args: ["-qfec", `stty rows 200 cols 120; exec ${words.map(quoted).join(" ")}`, "/dev/null"],
    cwd: home.work,
    env: codexEnvironment(home.path, { TERM: "xterm-256color", SHELL: "/bin/sh" }),
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const keyboard = child.stdin.getWriter();
  let raw = "";
  const type = async (keys: string) => {
    await keyboard.write(new TextEncoder().encode(keys)).catch(() => {}); // it may have ended
  };
  const screen = (async () => {
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      raw += chunk;
      for (const [query, answer] of ANSWERS) if (chunk.includes(query)) await type(answer);
    }
  })();
  const drawn = () => withoutControls(raw);
  return {
    drawn,
    type,
    until: async (ready) => {
      for (let waited = 0; !ready(drawn()); waited += LOOK_MS) {
        if (waited > READY_MS) throw new Error(`the terminal did not get ready; it drew: ${drawn()}`);
        await pause(LOOK_MS);
      }
    },
    still: async () => {
      for (let last = ""; last !== raw;) {
        last = raw;
        await pause(STILL_MS);
      }
    },
    close: async () => {
      const last = setTimeout(() => child.kill("SIGKILL"), READY_MS);
      const pressing = setInterval(() => void type("\x03"), 300);
      await type("\x03");
      await Promise.all([child.status, screen]);
      clearInterval(pressing);
      clearTimeout(last);
      await keyboard.close().catch(() => {});
    },
  };
}

/**
 * What a drawn picker offers, without white space. An entry must not hold a digit or the word "now", because the age of
 * the next one or the number of entries follows right behind it.
 */
export function picked(drawn: string): readonly string[] {
  const entries = drawn.replaceAll(/\s/g, "").split("●").slice(1);
  return entries.map((entry) => entry.replace(/(\d|─|now|Loading).*$/, ""));
}

function trust(folder: string): readonly string[] {
  return ["-c", `projects={${JSON.stringify(folder)}={trust_level="trusted"}}`];
}

function withoutControls(text: string): string {
  // deno-lint-ignore no-control-regex -- control sequences are what is removed
  return text.replace(/\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/g, "");
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function hasScript(): boolean {
  try {
    return new Deno.Command("script", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}
