import { KEYS } from "../../lib/handoff/keys.ts";
import type { Settings } from "../../lib/handoff/settings.ts";
import { machineIdFrom, settingsTable, settingsTemplate } from "../../lib/handoff/template.ts";
import { parseToml } from "../../lib/text/toml_edit.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { LEAST, withFiles } from "./settings_files.ts";

const SYSTEMS = ["linux", "darwin", "windows"] as const;
const RULE = /^# (\[\[path_mappings\]\]|from = .*|to = .*)$/gm;

/** Settings without the two that every machine has its own of. */
function general({ identity: _, paths: { cloudRootDir: __, ...paths }, ...rest }: Settings): object {
  return { ...rest, paths };
}

Deno.test("S1.4: the template reads back to exactly the defaults", () =>
  withFiles(({ settings }) => {
    const defaults = general(settings(LEAST));
    const text = settingsTemplate({ os: "linux", hostName: "box" });
    assertEquals(general(settings(text)), defaults);
    assertEquals(settings(text).identity.machineId, "box");
  }));

Deno.test("S1.4: on every system the template is TOML with every key in it, set or shown", () => {
  for (const os of SYSTEMS) {
    const text = settingsTemplate({ os, hostName: "box" });
    parseToml(new TextEncoder().encode(text));
    let at = 0;
    for (const { name } of KEYS) {
      const key = name.slice(name.lastIndexOf(".") + 1);
      const found = new RegExp(`^(# )?${key} = `, "m").exec(text.slice(at));
      assert(found !== null, `${os}: ${name} is missing, or out of order`);
      at += found.index + 1;
    }
    for (const line of text.split("\n")) assert(line.length <= 104, line);
  }
});

Deno.test("S1.4: what the template shows as comments is right when the marks are taken off", () =>
  withFiles(({ settings, read, folder, machine }) => {
    const text = settingsTemplate({ os: "linux", hostName: "box" }).replaceAll(RULE, "$1")
      .replaceAll(/^# ([a-z_]+ = "~.*)$/gm, "$1");
    const { paths, logging, state, pathMappings } = settings(text);
    assertEquals(machine.userHome, `${folder}/user`);
    assertEquals(paths.workspaceRootDir, `${folder}/user/Sync`);
    assertEquals(paths.localStateDir, `${folder}/user/.codex`);
    assertEquals(state.manifestFile, `${folder}/user/codex-base.jsonl`);
    assertEquals([logging.dir, logging.stem], [`${folder}/user/codex-logs`, "codexkeep"]);
    assertEquals(pathMappings.map(({ from, to }) => [from, to]), [[
      "C:\\Users\\me\\project",
      "/home/me/project",
    ]]);
    assert("settings" in read(text));
  }));

Deno.test("the template has the paths of its system", () => {
  assertStringIncludes(settingsTemplate({ os: "windows", hostName: "box" }), "'~\\OneDrive\\codex'");
  assertStringIncludes(settingsTemplate({ os: "darwin", hostName: "box" }), "/Users/me/project");
});

Deno.test("machineIdFrom() makes a name that fits into names of files", () => {
  assertEquals(machineIdFrom("Ann's MacBook Pro.local"), "ann-s-macbook-pro");
  assertEquals(machineIdFrom("DESKTOP-ABC"), "desktop-abc");
  for (const odd of [undefined, "", "...", "漢字", "-", "con", "\u0000", "nul.local"]) {
    assertEquals(machineIdFrom(odd), "this-machine", String(odd));
  }
  assert(machineIdFrom("x".repeat(300)).length <= 64);
});

Deno.test("settingsTable() has a row of four cells for every key", () => {
  const rows = settingsTable().split("\n").slice(2);
  for (const row of rows) assertEquals(row.split(/(?<!\\)\|/).length, 6, row);
  for (const { name } of KEYS) assert(rows.some((row) => row.startsWith(`| \`${name}\` |`)), name);
});
