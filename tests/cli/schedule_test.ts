import { COMMANDS } from "../../lib/cli/registry.ts";
import { jobOf, jobPlaces, KINDS_OF, SCHEDULER_KINDS } from "../../lib/handoff/schedule_job.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { at, inTempFolder, IS_LINUX } from "../system/fixture.ts";
import { runLine } from "./fixture.ts";

const SETTINGS = '[identity]\nmachine_id = "a"\n[paths]\ncloud_root_dir = "cloud"\n';

/** Schedulers that note what they are told, a crontab of its own, and a home with settings. */
async function withSchedulers(
  use: (folder: AbsPath, line: (...argv: string[]) => ReturnType<typeof runLine>) => Promise<void>,
): Promise<void> {
  await inTempFolder(async (folder) => {
    const own = at(folder, "home/backups_state/codexkeep/handoff");
    Deno.mkdirSync(own, { recursive: true });
    Deno.writeTextFileSync(`${own}/handoff.toml`, SETTINGS.replace('"cloud"', `"${folder}/cloud"`));
    Deno.mkdirSync(at(folder, "bin"));
    const note = `printf '%s %s\\n' "$(/usr/bin/basename "$0")" "$*" >> '${folder}/notes'`;
    const table = `${folder}/table`;
    Deno.writeTextFileSync(at(folder, "bin/systemctl"), `#!/bin/sh\n${note}\n`, { mode: 0o755 });
    const crontab =
      `#!/bin/sh\n${note}\nif [ "$1" = -l ]; then [ -f '${table}' ] && exec /bin/cat '${table}'; ` +
      `echo "no crontab for ann" >&2; exit 1; fi\n/bin/cat > '${table}'\n`;
    Deno.writeTextFileSync(at(folder, "bin/crontab"), crontab, { mode: 0o755 });
    const before = Deno.env.get("PATH") ?? "";
    Deno.env.set("PATH", at(folder, "bin"));
    const env = { CODEX_HOME: at(folder, "home"), XDG_CONFIG_HOME: at(folder, "config") };
    try {
      await use(folder, (...argv) => runLine({ commands: COMMANDS, env }, ...argv));
    } finally {
      Deno.env.set("PATH", before);
    }
  });
}

const there = (path: string) => {
  try {
    return Deno.statSync(path) !== undefined;
  } catch {
    return false;
  }
};

Deno.test({
  name:
    "S1.35: install shows the files and writes none; with --apply it writes what it has shown; remove takes them away",
  ignore: !IS_LINUX,
  fn: () =>
    withSchedulers(async (folder, line) => {
      const unit = `${folder}/config/systemd/user/codexkeep-handoff.service`;
      const shown = await line("schedule", "install");
      assertEquals(shown.code, 0);
      assertStringIncludes(shown.out, `${unit} (new)`);
      assertStringIncludes(shown.out, "systemctl --user enable --now codexkeep-handoff.timer");
      assertStringIncludes(shown.out, "nothing was written");
      assert(!there(unit));
      const { result } = JSON.parse((await line("schedule", "install", "--apply", "--json")).out);
      assertEquals([result.applied, result.installed, result.mode, result.kind], [
        true,
        true,
        "dry-run",
        "systemd",
      ]);
      for (const { path, content } of result.files) assertEquals(Deno.readTextFileSync(path), content);
      assertStringIncludes(Deno.readTextFileSync(unit), '"handoff" "sync" "--dry-run"');
      assertStringIncludes(Deno.readTextFileSync(unit), `"--codex-home" "${folder}/home"`);
      assertStringIncludes((await line("schedule", "install")).out, "is there in this form");
      assertStringIncludes((await line("schedule", "show")).out, "is known to systemd");
      const other = await line("schedule", "install", "--mode", "apply", "--every", "60", "--apply");
      assertStringIncludes(other.out, "(is replaced)");
      assertStringIncludes(Deno.readTextFileSync(unit), '"handoff" "sync" "--apply"');
      assertStringIncludes((await line("schedule", "remove")).out, "nothing was removed");
      assert(there(unit));
      assertStringIncludes((await line("schedule", "remove", "--apply")).out, "is removed");
      assert(!there(unit));
      assertStringIncludes((await line("schedule", "remove", "--apply")).out, "there is no job");
      assertStringIncludes((await line("schedule", "show")).out, "there is no job");
    }),
});

Deno.test({
  name: "S1.35: cron keeps every other line, and the job is found without being named",
  ignore: !IS_LINUX,
  fn: () =>
    withSchedulers(async (folder, line) => {
      const table = `${folder}/table`;
      Deno.writeTextFileSync(table, "# mine\n5 4 * * * x\n");
      const argv = ["schedule", "install", "--kind", "cron", "--at", "08:05", "--log-dir", folder, "--apply"];
      assertEquals((await line(...argv)).code, 0);
      assertStringIncludes(Deno.readTextFileSync(table), "\n5 8 * * * '");
      assertStringIncludes(Deno.readTextFileSync(table), `>>'${folder}/codexkeep-handoff.out'`);
      const shown = JSON.parse((await line("schedule", "show", "--json")).out).result;
      assertEquals(shown.jobs.map(({ kind }: { kind: string }) => kind), ["cron"]);
      assertEquals((await line("schedule", "remove", "--apply")).code, 0);
      assertEquals(Deno.readTextFileSync(table), "# mine\n5 4 * * * x\n");
    }),
});

Deno.test({
  name: "S1.36: what no job could use is refused before anything is written",
  ignore: !IS_LINUX,
  fn: () =>
    withSchedulers(async (folder, line) => {
      const install = (...argv: string[]) => line("schedule", "install", "--apply", ...argv);
      assertEquals((await install("--every", "0")).code, 4);
      assertEquals((await install("--at", "24:00")).code, 4);
      assertEquals((await install("--at", "08:00", "--every", "5")).code, 4);
      assertEquals((await install("--kind", "launchd")).code, 4);
      assertEquals((await install("--kind", "cron", "--every", "7")).code, 4);
      assertEquals((await install("--name", "../x")).code, 4);
      assertEquals((await install("--log-dir", `${folder}/none`)).code, 5);
      assertEquals((await install("-c", `${folder}/none.toml`)).code, 4);
      Deno.writeTextFileSync(`${folder}/bad.toml`, "x = 1\n");
      assertEquals((await install("-c", `${folder}/bad.toml`)).code, 4);
      assert(!there(`${folder}/config`) && !there(`${folder}/table`));
    }),
});

Deno.test("S1.36: the job says all that the environment of its user would say", () => {
  const job = jobOf({
    name: "j",
    program: "/p" as AbsPath,
    before: ["run"],
    mode: "apply",
    home: "/h" as AbsPath,
    sqliteHome: "/s" as AbsPath,
    settings: "/c.toml" as AbsPath,
    when: { everyMinutes: 5 },
    logDir: undefined,
  });
  assertEquals(job.args, [
    "run",
    "handoff",
    "sync",
    "--apply",
    "--codex-home",
    "/h",
    "--sqlite-home",
    "/s",
    "--config",
    "/c.toml",
  ]);
  assertEquals(new Set(Object.values(KINDS_OF).flat()), new Set(SCHEDULER_KINDS));
  const env = (name: string) => ({ XDG_CONFIG_HOME: "relative", LOCALAPPDATA: "" })[name];
  const places = jobPlaces("/u" as AbsPath, env, 1);
  assertEquals([places.configHome, places.localAppData], [undefined, undefined]);
  assertThrows(() => jobPlaces(undefined, env, 1), Error, "not known");
});
