import { askInWindow, dialogPrograms } from "../../lib/system/dialog.ts";
import { assert, assertEquals } from "../assert.ts";
import { at, inTempFolder, IS_LINUX } from "../system/fixture.ts";

const HOSTILE = `"; Remove-Item x; $(touch y) \`z\` ' <b>`;

Deno.test("the text of a question is never part of a script (S1.27)", () => {
  for (const os of ["linux", "darwin", "windows"] as const) {
    const programs = dialogPrograms(os, "title", HOSTILE);
    assert(programs.length > 0);
    for (const { args } of programs) {
      const scripts = args.filter((arg) => /Add-Type|on run|display dialog/.test(arg));
      assert(!scripts.some((script) => script.includes("Remove-Item")), os);
      const spoken = args.filter((arg) => arg.includes("Remove-Item"));
      assertEquals(spoken.every((arg) => arg === HOSTILE || arg === `--text=${HOSTILE}`), true);
    }
  }
  assert(dialogPrograms("windows", "t", "x").every(({ command }) => command.endsWith("powershell.exe")));
});

Deno.test({
  name: "askInWindow() takes the answer of the first program there is, and says when there is none (S1.27)",
  ignore: !IS_LINUX,
  fn: () =>
    inTempFolder((folder) => {
      const before = { PATH: Deno.env.get("PATH") ?? "", DISPLAY: Deno.env.get("DISPLAY") };
      const answer = (code: number) => {
        const script = `#!/bin/sh\nprintf '%s\\n' "$@" > "${at(folder, "said")}"\nexit ${code}\n`;
        Deno.writeTextFileSync(at(folder, "zenity"), script, { mode: 0o755 });
        return askInWindow("linux", "codexkeep", HOSTILE);
      };
      try {
        Deno.env.set("PATH", folder);
        Deno.env.set("DISPLAY", ":77");
        assertEquals(askInWindow("linux", "codexkeep", "x"), undefined);
        assertEquals(answer(0), true);
        assert(Deno.readTextFileSync(at(folder, "said")).includes(HOSTILE));
        assertEquals(answer(1), false);
        Deno.env.delete("DISPLAY");
        Deno.env.delete("WAYLAND_DISPLAY");
        assertEquals(answer(0), undefined);
      } finally {
        Deno.env.set("PATH", before.PATH);
        if (before.DISPLAY === undefined) Deno.env.delete("DISPLAY");
        else Deno.env.set("DISPLAY", before.DISPLAY);
      }
    }),
});
