import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { expandTilde, readConfigOf, resolveHome } from "../../lib/engine/home.ts";
import type { Machine } from "../../lib/system/machine.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { withFolder } from "../home.ts";
import { machineOf } from "./fixture.ts";

/** A machine whose user lives in `folder`, where a `.codex` and an `other` home are. */
function machineIn(folder: AbsPath, env?: string, more: Partial<Machine> = {}): Machine {
  return machineOf({
    userHome: folder,
    cwd: () => folder,
    env: (name) => name === "CODEX_HOME" ? env : undefined,
    ...more,
  });
}

Deno.test("resolveHome() takes the flag, then CODEX_HOME, then ~/.codex", async () => {
  await withFolder((folder) => {
    for (const name of [".codex", "flag", "env"]) Deno.mkdirSync(`${folder}/${name}`);
    const at = (flag?: string, env?: string) =>
      resolveHome(machineIn(folder, env), flag).slice(folder.length);
    assertEquals([at("flag", "env"), at(undefined, "env"), at()], ["/flag", "/env", "/.codex"]);
    assertEquals(at(undefined, ""), "/.codex");
    assertEquals([at("~/flag"), at("./env/../flag"), at(`${folder}/flag`)], ["/flag", "/flag", "/flag"]);
  });
});

Deno.test("resolveHome() says which home does not exist, and what to do about it", async () => {
  await withFolder((folder) => {
    const missing = assertThrows(
      () => resolveHome(machineIn(folder), undefined),
      AppError,
      `${folder}/.codex`,
    );
    assertEquals(missing.code, "home-missing");
    assertStringIncludes(missing.hint ?? "", "codexkeep demo");
    const named = assertThrows(() => resolveHome(machineIn(folder, "nope"), undefined), AppError, "nope");
    assertStringIncludes(named.hint ?? "", "CODEX_HOME");
    Deno.writeTextFileSync(`${folder}/file`, "");
    assertEquals(
      assertThrows(() => resolveHome(machineIn(folder), "file"), AppError).code,
      "home-not-a-directory",
    );
    const nobody = machineOf({ userHome: undefined });
    assertEquals(assertThrows(() => resolveHome(nobody, undefined), AppError).code, "home-missing");
  });
});

Deno.test("expandTilde() expands the user's own home only", () => {
  const machine = machineOf({ userHome: "/home/u" as AbsPath });
  const cases = ["~", "~/x", "~\\x", "~other/x", "a/~", "/x", ""];
  assertEquals(cases.map((path) => expandTilde(machine, path)), [
    "/home/u",
    "/home/u/x",
    "/home/u/x",
    "~other/x",
    "a/~",
    "/x",
    "",
  ]);
  assertEquals(expandTilde(machineOf(), "~/x"), "~/x");
});

Deno.test("readConfigOf() reads config.toml and the layers beside it", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await withFolder((folder) => {
    assertEquals(readConfigOf(realDisk, folder).exists, false);
    Deno.writeTextFileSync(`${folder}/real.toml`, 'model_provider = "ollama"\n');
    Deno.symlinkSync(`${folder}/real.toml`, `${folder}/config.toml`);
    Deno.writeTextFileSync(`${folder}/work.config.toml`, 'model_provider = "gcp"\n');
    Deno.writeTextFileSync(`${folder}/work.config.toml.bak`, "= broken");
    Deno.mkdirSync(`${folder}/folder.config.toml`);
    const view = readConfigOf(realDisk, folder);
    assertEquals([view.provider.id, view.layers], ["ollama", [{ name: "work", provider: "gcp" }]]);
  });
});

Deno.test("readConfigOf() refuses a configuration of absurd size, and one that is no file", async () => {
  await withFolder((folder) => {
    Deno.writeFileSync(`${folder}/config.toml`, new Uint8Array());
    Deno.truncateSync(`${folder}/config.toml`, 17 * 1024 * 1024);
    assertEquals(assertThrows(() => readConfigOf(realDisk, folder), AppError).code, "config-invalid");
    Deno.removeSync(`${folder}/config.toml`);
    Deno.mkdirSync(`${folder}/config.toml`);
    assertThrows(() => readConfigOf(realDisk, folder), AppError, "config.toml");
  });
});
