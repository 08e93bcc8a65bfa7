import fc from "fast-check";
import { AppError } from "../../lib/core/error.ts";
import { KEYS } from "../../lib/handoff/keys.ts";
import { loadSettings } from "../../lib/handoff/read_settings.ts";
import { settingsTemplate } from "../../lib/handoff/template.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { at } from "../system/fixture.ts";
import { faultsOf, LEAST, withFiles } from "./settings_files.ts";

Deno.test("the least that a file says is enough", () =>
  withFiles(({ settings, cloud, home }) => {
    const { identity, paths, state, logging } = settings(LEAST);
    assertEquals(identity.machineId, "a");
    assertEquals([paths.cloudRootDir, paths.localStateDir], [cloud, home]);
    assertEquals(paths.backupDir, `${home}/backups_state/codexkeep/handoff/snapshots`);
    assertEquals(state.manifestFile, `${home}/backups_state/codexkeep/handoff/base.jsonl`);
    assertEquals(logging.dir, undefined);
  }));

Deno.test("S1.12 to S1.16, S1.19: every word that a key may be is taken, and another one is not", () =>
  withFiles(({ settings, faults }) => {
    for (const { name, choices = [] } of KEYS) {
      const [table = "", key = ""] = [name.slice(0, name.lastIndexOf(".")), name.split(".").at(-1)];
      for (const choice of choices) settings(`${LEAST}[${table}]\n${key} = "${choice}"\n`);
      if (choices.length > 0) assertEquals(faults(`${LEAST}[${table}]\n${key} = "other"\n`), [`6 ${name}`]);
    }
  }));

Deno.test("S1.12 to S1.24: what a file says arrives in the settings", () =>
  withFiles(({ settings, folder }) => {
    const read = settings(`
[identity]
machine_id = "laptop"
[paths]
workspace_root_dir = "ws"
local_state_dir = "~/.codex"
cloud_root_dir = "\${workspace_root}/sync"
backup_dir = "\${workspace_root}/backups"
temp_dir = "\${workspace_root}/tmp"
[targets]
include_roots = ["sessions", "skills/", "skills"]
config = true
[filters]
exclude_globs = ["**/*.bak"]
[sync]
direction = "to_cloud"
compare = "mtime_hash_fallback"
time_tolerance_seconds = 3
equal_mtime_action = "prefer_local"
session_mode = "last_date_only"
delete_policy = "propagate"
dry_run_default = false
scope = "settings"
close_codex = true
[conflict]
policy = "prefer_newer_mtime"
report_conflicts = false
[backup]
compression = "zip"
backup_before_overwrite = false
retention_days = 0
max_backups = 7
[safety]
fail_on_unknown = false
max_delete_percent = 1
max_changed_percent = 2
lease_minutes = 3
[process_detection]
process_names = ["x"]
manual_terminate_confirmation = false
terminate_confirmation_mode = "console"
allow_terminate_if_running = false
grace_period_seconds = 0
terminate_timeout_seconds = 1
background_process_names = { windows = [], macos = ["m"], linux = ["l"] }
[state]
manifest_file = "\${workspace_root}/state/base.jsonl"
[logging]
file = "\${workspace_root}/logs/mine.log"
level = "DEBUG"
format = "logfmt"
max_file_size_mb = 1
retention_days = 2
archive_mode = "text"
[[path_mappings]]
rule_id = "r"
source_machine = "desk"
target_machine = "laptop"
from = 'C:\\p'
to = "/p"
case_sensitive = true
[[path_mappings]]
target_machine = "another"
from = "/q"
to = "/r"
`);
    assertEquals(read, {
      identity: { machineId: "laptop" },
      paths: {
        workspaceRootDir: at(folder, "ws"),
        localStateDir: at(folder, "user/.codex"),
        cloudRootDir: at(folder, "ws/sync"),
        backupDir: at(folder, "ws/backups"),
        tempDir: at(folder, "ws/tmp"),
      },
      targets: { includeRoots: ["sessions", "skills"], config: true },
      filters: { excludeGlobs: ["**/*.bak"] },
      sync: {
        mode: "cold",
        direction: "to_cloud",
        compare: "mtime_hash_fallback",
        timeToleranceSeconds: 3,
        equalMtimeAction: "prefer_local",
        sessionMode: "last_date_only",
        deletePolicy: "propagate",
        dryRunDefault: false,
        scope: "settings",
        closeCodex: true,
      },
      conflict: { policy: "prefer_newer_mtime", reportConflicts: false },
      backup: { compression: "zip", beforeOverwrite: false, retentionDays: 0, maxBackups: 7 },
      safety: {
        requireCodexStopped: true,
        failOnUnknown: false,
        maxDeletePercent: 1,
        maxChangedPercent: 2,
        leaseMinutes: 3,
      },
      processDetection: {
        processNames: ["x"],
        backgroundProcessNames: { windows: [], macos: ["m"], linux: ["l"] },
        manualTerminateConfirmation: false,
        terminateConfirmationMode: "console",
        allowTerminateIfRunning: false,
        gracePeriodSeconds: 0,
        terminateTimeoutSeconds: 1,
      },
      state: { manifestFile: at(folder, "ws/state/base.jsonl"), dataVersion: 1 },
      logging: {
        dir: at(folder, "ws/logs"),
        stem: "mine",
        level: "DEBUG",
        format: "logfmt",
        maxFileSizeMb: 1,
        retentionDays: 2,
        archiveMode: "text",
      },
      pathMappings: [{ from: "C:\\p", to: "/p", machine: "desk", caseSensitive: true }],
    });
  }));

Deno.test("JSON with comments says the same as TOML, and its faults have lines too", () =>
  withFiles(({ settings, faults }) => {
    const text = `// mine
{
  "identity": { "machine_id": "a" }, /* a
  comment */
  "paths": { "cloud_root_dir": "cloud", },
  "sync": { "time_tolerance_seconds": 3 },
}`;
    const toml = `${LEAST}[sync]\ntime_tolerance_seconds = 3\n`;
    assertEquals(settings(text, "a.jsonc"), settings(toml));
    assertEquals(settings(text, "a.JSON"), settings(toml));
    assertEquals(settings(`\uFEFF${text}`, "a.jsonc"), settings(toml));
    assertEquals(faults(text.replace("3", '"x"').replace('cloud"', 'cloud", "cloud": 1'), "a.jsonc"), [
      "5 paths.cloud",
      "6 sync.time_tolerance_seconds",
    ]);
    const twice = text.replace('"sync"', '"paths"').replace(
      '"time_tolerance_seconds": 3',
      '"cloud_root_dir": "x"',
    );
    assertEquals(faults(twice, "a.jsonc"), ["5 paths", "5 paths.cloud_root_dir"]);
    assertEquals(faults("{\n}\nx", "a.json"), ["3 "]);
    assertEquals(faults("[1]", "a.json"), ["1 "]);
    assertEquals(faults("", "a.json"), ["- "]);
  }));

Deno.test("every fault has its line, its key and what to do", () =>
  withFiles(({ read }) => {
    const found = faultsOf(read(`[identity]
machine_id = "a/b"
[paths]
cloud_root_dir = 5
cloud_rot_dir = "x"
backup_dir = "\${home}/x"
[sync]
compare = "MTIME"
mode = "hot"
time_tolerance_seconds = "3"
dry_run_default = "false"
policy = "manual_abort"
[conflicts]
policy = "x"
[assumptions]
strict_handoff_required = false
[state]
data_version = 2
[targets]
include_roots = "sessions"
[[path_mappings]]
from = "project"
too = "/x"
`));
    assertEquals(found.map(({ line, key, hint }) => [line, key, hint]), [
      [2, "identity.machine_id", "use up to 64 letters, digits, dashes and underscores, such as laptop"],
      [4, "paths.cloud_root_dir", undefined],
      [5, "paths.cloud_rot_dir", 'did you mean "paths.cloud_root_dir"?'],
      [6, "paths.backup_dir", "only ${workspace_root} and ~ stand for a folder"],
      [8, "sync.compare", 'did you mean "mtime"?'],
      [9, "sync.mode", 'write mode = "cold", or leave it out: Codex is closed while files are carried'],
      [10, "sync.time_tolerance_seconds", "leave the quotes out"],
      [11, "sync.dry_run_default", "leave the quotes out: false"],
      [12, "sync.policy", 'did you mean "conflict.policy"?'],
      [13, "conflicts", 'did you mean "conflict"?'],
      [
        16,
        "assumptions.strict_handoff_required",
        "write strict_handoff_required = true, or leave it out: you close Codex here before you open it there",
      ],
      [18, "state.data_version", "write data_version = 1, or leave it out: form of that file"],
      [20, "targets.include_roots", 'write ["sessions"]'],
      [21, "path_mappings.to", undefined],
      [
        22,
        "path_mappings.from",
        "write it as Codex stores it, such as /home/me/project or C:\\Users\\me\\project",
      ],
      [23, "path_mappings.too", 'did you mean "to"?'],
    ]);
    for (const { message } of found) assert(message !== "" && !message.includes("\n"), message);
  }));

Deno.test("what is missing is named without a line", () =>
  withFiles(({ faults }) => {
    assertEquals(faults(""), ["- identity.machine_id", "- paths.cloud_root_dir"]);
    assertEquals(faults("[paths]\n"), ["- identity.machine_id", "1 paths.cloud_root_dir"]);
  }));

Deno.test("S1.17: paths start from the file, from ~, or from \${workspace_root}", () =>
  withFiles(({ settings, faults, folder }) => {
    const pathOf = (more: string) => settings(LEAST.replace('"cloud"', () => `"cloud"\n${more}`)).paths;
    assertEquals(pathOf('backup_dir = "../up"').backupDir, folder.slice(0, folder.lastIndexOf("/")) + "/up");
    assertEquals(pathOf('backup_dir = "~/b"').backupDir, `${folder}/user/b`);
    assertEquals(
      pathOf('workspace_root_dir = "w"\nbackup_dir = "${workspace_root}/b"').backupDir,
      `${folder}/w/b`,
    );
    assertEquals(
      pathOf('workspace_root_dir = "$&"\nbackup_dir = "${workspace_root}/b"').backupDir,
      `${folder}/$&/b`,
    );
    const wrong = (more: string) => faults(LEAST.replace('"cloud"', () => `"cloud"\n${more}`));
    assertEquals(wrong('backup_dir = "${workspace_root}/b"'), ["5 paths.backup_dir"]);
    assertEquals(wrong('workspace_root_dir = "${workspace_root}/b"'), ["5 paths.workspace_root_dir"]);
    assertEquals(wrong('backup_dir = "~ann/b"'), ["5 paths.backup_dir"]);
    assertEquals(wrong("backup_dir = 'C:\\b'"), ["5 paths.backup_dir"]);
    assertEquals(wrong("backup_dir = 'C:/b'"), ["5 paths.backup_dir"]);
    assertEquals(wrong('backup_dir = ""'), ["5 paths.backup_dir"]);
    assertEquals(wrong('backup_dir = "a\\u0000b"'), ["5 paths.backup_dir"]);
  }));

Deno.test("paths of another system are refused on Windows too", () =>
  withFiles(({ faults }) => {
    for (const path of ["/home/x", "\\x", "C:x"]) {
      assertEquals(faults(LEAST.replace('"cloud"', `'${path}'`)), ["4 paths.cloud_root_dir"], path);
    }
  }, { os: "windows" }));

Deno.test("folders that lie in one another are refused, also through links", () =>
  withFiles(({ faults, settings, folder, home }) => {
    Deno.symlinkSync(home, at(folder, "link"));
    const paths = (lines: string) => `[identity]\nmachine_id = "a"\n[paths]\n${lines}`;
    const wrong = (lines: string) => faults(paths(lines));
    assertEquals(wrong('cloud_root_dir = "home"'), ["4 paths.cloud_root_dir"]);
    assertEquals(wrong('cloud_root_dir = "home/sub"'), ["4 paths.cloud_root_dir"]);
    assertEquals(wrong('cloud_root_dir = "link/sub"'), ["4 paths.cloud_root_dir"]);
    assertEquals(wrong('cloud_root_dir = "."'), ["4 paths.cloud_root_dir"]);
    assertEquals(wrong('cloud_root_dir = "cloud"\nlocal_state_dir = "cloud/home"'), [
      "5 paths.local_state_dir",
    ]);
    assertEquals(wrong('cloud_root_dir = "cloud"\nbackup_dir = "cloud/b"'), ["5 paths.backup_dir"]);
    assertEquals(wrong('cloud_root_dir = "cloud"\nbackup_dir = "home/b"'), ["5 paths.backup_dir"]);
    assertEquals(wrong('cloud_root_dir = "cloud"\nbackup_dir = "link/sessions"'), ["5 paths.backup_dir"]);
    assertEquals(wrong('cloud_root_dir = "c/d"\nbackup_dir = "c"'), ["4 paths.cloud_root_dir"]);
    assertEquals(wrong('cloud_root_dir = "cloud"\ntemp_dir = "cloud/t"'), ["5 paths.temp_dir"]);
    assertEquals(
      wrong('cloud_root_dir = "cloud"\n[logging]\nfile = "cloud/x.log"\n[state]\nmanifest_file = "home/m"'),
      ["6 logging.file", "8 state.manifest_file"],
    );
    settings(paths('cloud_root_dir = "cloud"\nbackup_dir = "home/backups_state/codexkeep/mine"'));
    settings(paths('cloud_root_dir = "home2"\nbackup_dir = "cloud-b"'));
  }));

Deno.test("S1.18: secrets, databases and files of this machine are never targets", () =>
  withFiles(({ faults, settings }) => {
    const roots = (...names: readonly string[]) =>
      `${LEAST}[targets]\ninclude_roots = ${JSON.stringify(names)}\n`;
    const never = [
      "auth.json",
      "AUTH.JSON",
      "config.toml",
      "work.config.toml",
      "state_5.sqlite",
      "state_5.sqlite-wal",
    ];
    const mine = [
      "installation_id",
      "backups_state",
      "backups_state/codexkeep",
      ".codexkeep",
      "sqlite",
      "log",
      "tmp",
    ];
    const odd = ["..", "../x", "/etc", ".", "a//b", "C:\\x", "a\\b", "con", "x ", "nul.txt", "a:b"];
    for (const name of [...never, ...mine, ...odd]) {
      assertEquals(faults(roots("sessions", name)), ["6 targets.include_roots"], name);
    }
    assertEquals(faults(roots()), ["6 targets.include_roots"]);
    settings(roots("sessions", "skills/mine", "AGENTS.md", "prompts/"));
    for (const glob of ["/x", "../x", "~/x", "a\\b", "C:/x", "a/../b"]) {
      assertEquals(faults(`${LEAST}[filters]\nexclude_globs = [${JSON.stringify(glob)}]\n`), [
        "6 filters.exclude_globs",
      ], glob);
    }
  }));

Deno.test("S1.22: the three assumptions may be written and have to stay true", () =>
  withFiles(({ faults, settings }) => {
    const names = KEYS.filter(({ name }) => name.startsWith("assumptions.")).map(({ name }) =>
      name.split(".")[1]
    );
    assertEquals(names.length, 3);
    settings(`${LEAST}[assumptions]\n${names.map((name) => `${name} = true\n`).join("")}`);
    for (const name of names) {
      assertEquals(faults(`${LEAST}[assumptions]\n${name} = false\n`), [`6 assumptions.${name}`]);
    }
  }));

Deno.test("S1.24: tables of codexSync 0.2 without a part here are told, with what does the same", () =>
  withFiles(({ read }) => {
    const tables = ["guardian", "semantic", "scheduler", "state_backup", "handoff"];
    const found = read(LEAST + tables.map((name) => `[${name}]\nanything = 1\n`).join(""));
    assert("settings" in found);
    assertEquals(
      found.remarks.map(({ line, key }) => [line, key]),
      tables.map((name, n) => [5 + 2 * n, name]),
    );
    for (const { hint } of found.remarks) assert(hint !== undefined);
  }));

Deno.test("S1.24: rules that say two things of one folder are refused; for several machines they may", () =>
  withFiles(({ faults, settings }) => {
    const rule = (from: string, to: string, more = "") =>
      `[[path_mappings]]\nfrom = '${from}'\nto = '${to}'\n${more}`;
    assertEquals(faults(LEAST + rule("C:\\x", "/a") + rule("c:\\X", "/b")), ["10 path_mappings.to"]);
    settings(LEAST + rule("/x", "/a", 'machine = "m"\n') + rule("/x", "/b", 'machine = "n"\n'));
    settings(LEAST + rule("/x", "/a") + rule("/x", "/a"));
    settings(LEAST + rule("/x", "/a") + rule("/x", "/b", 'target_machine = "n"\n'));
    assertEquals(faults(`path_mappings = 1\n${LEAST}`), ["1 path_mappings"]);
    assertEquals(faults(`path_mappings = [1]\n${LEAST}`), ["1 path_mappings"]);
    assertEquals(faults(LEAST + rule("/x/../y", "/a")), ["6 path_mappings.from"]);
  }));

Deno.test("files that are none are one fault, and nothing of them is shown", () =>
  withFiles(({ read, faults, folder, machine, home }) => {
    const secret = "sk-secret-0123456789";
    for (const [text, name] of [[`x = "${secret}`, "a.toml"], [`{"x": ${secret}}`, "a.json"]] as const) {
      const [fault] = faultsOf(read(text, name));
      assert(fault !== undefined && !JSON.stringify(fault).includes(secret));
    }
    assertEquals(faults(new Uint8Array([0xff, 0xfe, 0x61, 0])), ["1 "]);
    assertStringIncludes(faultsOf(read(new Uint8Array([0xff, 0xfe, 0x61, 0])))[0]?.hint ?? "", "UTF-8");
    assertStringIncludes(faultsOf(read('x = "C:\\Users"'))[0]?.hint ?? "", "single quotes");
    assertStringIncludes(faultsOf(read("#".repeat(300_000)))[0]?.message ?? "", "too large");
    assertThrows(() => loadSettings(machine, at(folder, "none.toml"), home), AppError, "no such file");
    assertThrows(() => loadSettings(machine, folder, home), AppError, "no file");
    assertThrows(() => loadSettings(machine, undefined, home), AppError, "handoff/handoff.toml");
  }));

Deno.test("a file of nothing but faults, or nested without end, is read in a moment", () =>
  withFiles(({ read }) => {
    const started = performance.now();
    const many = Array.from({ length: 20_000 }, (_, n) => `x${n} = 1`).join("\n");
    assert(faultsOf(read(many)).length <= 101);
    for (const text of ["x = " + "[".repeat(100_000), '{"x":' + "[".repeat(100_000)]) {
      faultsOf(read(text));
      faultsOf(read(text, "x.json"));
    }
    faultsOf(read(`{"x":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, "x.json"));
    assert(performance.now() - started < 20_000);
  }));

Deno.test("names that objects have by themselves are keys like others", () =>
  withFiles(({ faults }) => {
    const least = '"identity": {"machine_id": "a"}, "paths": {"cloud_root_dir": "cloud"}';
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      assertEquals(faults(`{${least}, "${name}": {"x": 1}}`, "a.json"), [`1 ${name}`]);
      assertEquals(faults(`${LEAST}[${name}]\nx = 1\n`), [`5 ${name}`]);
      assertEquals(faults(`{${least}, "sync": {"${name}": 1}}`, "a.json"), [`1 sync.${name}`]);
    }
    assertEquals(faults(`"sync.compare" = "mtime"\n${LEAST}`), ["1 sync.compare"]);
  }));

Deno.test("loadSettings() gives the first fault, how many more there are, and the command that names them", () =>
  withFiles(({ folder, machine, home }) => {
    const file = at(folder, "s.toml");
    const load = (text: string) => {
      Deno.writeTextFileSync(file, text);
      return assertThrows(() => loadSettings(machine, file, home), AppError);
    };
    const one = load(LEAST.replace("machine_id", "machine_idd"));
    assertStringIncludes(one.message, "(and 1 more)");
    assertStringIncludes(one.hint ?? "", "codexkeep handoff validate -c");
    assertEquals(one.code, "config-invalid");
    const wrong = load(`${LEAST}[sync]\ncompare = "Mtime"\n`);
    assertStringIncludes(wrong.message, "line 6: sync.compare");
    assertEquals(wrong.hint, 'did you mean "mtime"?');
  }));

Deno.test("whatever becomes of single lines of the template, reading gives settings or faults", () =>
  withFiles(({ read }) => {
    const lines = settingsTemplate({ os: "linux", hostName: "box" }).split("\n");
    const values = fc.constantFrom(
      "",
      "1",
      "-1",
      "1e400",
      "nan",
      '""',
      "[]",
      "{}",
      "1979-05-27",
      "[1]",
      '"\\u0000"',
      "'x'",
    );
    fc.assert(
      fc.property(fc.nat(lines.length - 1), values, (n, value) => {
        const changed = lines.with(n, (lines[n] ?? "").replace(/^(?:# )?([a-z_]+) = .*/, `$1 = ${value}`));
        const found = read(changed.join("\n"));
        if ("faults" in found) assert(found.faults.length > 0);
      }),
      { numRuns: 300 },
    );
  }));
