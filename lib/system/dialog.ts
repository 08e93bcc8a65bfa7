/** A yes/no question in a window, by what every system has for it. */
import { join } from "node:path";

/** A program that shows the question: it ends with 0 for yes. */
export interface DialogProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * The programs that can show a question on a system, the best first. Texts are passed as arguments or through the
 * environment (`CODEXKEEP_TITLE`, `CODEXKEEP_TEXT`), never as part of a script.
 */
export function dialogPrograms(
  os: "linux" | "darwin" | "windows",
  title: string,
  text: string,
  systemRoot = "C:\\Windows",
): readonly DialogProgram[] {
  if (os === "windows") {
    const shell = join(systemRoot, "System32", "WindowsPowerShell", "v1.0", "powershell.exe");
    const script = "Add-Type -AssemblyName System.Windows.Forms;" +
      "$r=[System.Windows.Forms.MessageBox]::Show($env:CODEXKEEP_TEXT,$env:CODEXKEEP_TITLE,'YesNo','Warning','Button2');" +
      "if($r -eq 'Yes'){exit 0}else{exit 1}";
    return [{ command: shell, args: ["-NoProfile", "-STA", "-Command", script] }];
  }
  if (os === "darwin") {
    const script = [
      "on run argv",
      'display dialog (item 2 of argv) with title (item 1 of argv) buttons {"No", "Yes"} default button "No" cancel button "No" with icon caution',
      "end run",
    ];
    return [{
      command: "/usr/bin/osascript",
      args: [...script.flatMap((line) => ["-e", line]), title, text],
    }];
  }
  return [
    {
      command: "zenity",
      args: ["--question", "--no-markup", "--default-cancel", `--title=${title}`, `--text=${text}`],
    },
    { command: "kdialog", args: ["--title", title, "--warningyesno", text] },
  ];
}

/** Asks in a window; undefined when no program on this machine can show one. */
export function askInWindow(
  os: "linux" | "darwin" | "windows",
  title: string,
  text: string,
): boolean | undefined {
  if (os === "linux" && !Deno.env.get("DISPLAY") && !Deno.env.get("WAYLAND_DISPLAY")) return undefined;
  for (const { command, args } of dialogPrograms(os, title, text, Deno.env.get("SystemRoot"))) {
    try {
      const { code } = new Deno.Command(command, {
        args: [...args],
        env: { CODEXKEEP_TITLE: title, CODEXKEEP_TEXT: text },
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).outputSync();
      return code === 0;
    } catch {
      continue; // not installed
    }
  }
  return undefined;
}
