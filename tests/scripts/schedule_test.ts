import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import {
  editCrontab,
  type Job,
  type JobPlaces,
  planJob,
  type SchedulerKind,
  schedulerOf,
} from "../../lib/handoff/schedule_files.ts";
import { installJob, jobState, removeJob } from "../../lib/handoff/schedule.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { report } from "../proof/figure.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../assert.ts";
import { at, HAS_PYTHON, inTempFolder, IS_LINUX, run } from "../system/fixture.ts";

const KINDS: readonly SchedulerKind[] = ["systemd", "launchd", "task-scheduler", "cron"];

/** A hundred parts of paths that try to be more than a path. */
const HOSTILE: readonly string[] = [
  ..."%\"&^!'$()<>;|*?[]{}~#=,`@+".split(""),
  "%h",
  "%%",
  "%PATH%",
  "!PATH!",
  "$HOME",
  "${HOME}",
  "$(touch x)",
  "`touch x`",
  "a b",
  " lead",
  "trail ",
  "</string>",
  "</Command><Command>calc</Command>",
  "<!--",
  "-->",
  "]]>",
  "&amp;",
  "&#10;",
  "&quot;",
  "'\"'",
  "\\",
  "\\\\",
  '\\"',
  '"\\',
  "\\n",
  "\\x0a",
  "\\%",
  "%%%",
  "a%b%c",
  "^&",
  "^|",
  "&&",
  "||",
  ";;",
  "|&",
  ">>",
  "<<",
  "$$",
  "$1",
  "$@",
  "@@",
  "%1",
  "%*",
  "%~dp0",
  "[Service]",
  "ExecStart=/bin/x",
  "#",
  "# c",
  "; c",
  "--flag",
  "-rf",
  "ünï",
  "漢字",
  "🙂",
  "é",
  "é",
  "ﬁ",
  "ß",
  "İ",
  "а",
  "-",
  "--",
  "=",
  "=x",
  "x=",
  ",",
  ":",
  "::",
  "C:",
  "a:b",
  "..",
  ". .",
  "...",
  "~",
  "~root",
  "*",
  "**",
  "?",
  "[a-z]",
  "{a,b}",
  "!x",
  "!!",
  "^",
  "^^",
  "a\\b",
  "a/b",
];

const places = (home: string): JobPlaces => ({
  userHome: home as AbsPath,
  configHome: undefined,
  localAppData: undefined,
  uid: 501,
});

const job = (more: Partial<Job> = {}): Job => ({
  name: "codexkeep-handoff",
  program: "/opt/codex keep/codexkeep" as AbsPath,
  args: ["handoff", "sync", "--dry-run", "-c", "/home/ann/my settings.toml"],
  when: { everyMinutes: 30 },
  logDir: undefined,
  ...more,
});

Deno.test("the scheduler is the one of the system", () => {
  assertEquals(schedulerOf("windows", false), "task-scheduler");
  assertEquals(schedulerOf("darwin", false), "launchd");
  assertEquals(schedulerOf("linux", true), "systemd");
  assertEquals(schedulerOf("linux", false), "cron");
});

Deno.test("names and times that are none are refused", () => {
  for (const name of ["", "a b", "a/b", "../x", "a\nb", "-x", "x".repeat(70)]) {
    for (const kind of KINDS) {
      assertThrows(() => planJob(kind, job({ name }), places("/h")), AppError, "job name");
    }
  }
  for (const time of ["24:00", "7:00", "07:60", "07:00\n", ""]) {
    assertThrows(() => planJob("cron", job({ when: { at: time } }), places("/h")), AppError, "time of day");
  }
  assertThrows(() => planJob("cron", job({ when: { everyMinutes: 7 } }), places("/h")), AppError, "every 7");
});

Deno.test("cron gets the times it has words for", () => {
  const timeOf = (when: Job["when"]) =>
    planJob("cron", job({ when }), places("/h")).crontab?.[0]?.split(" ").slice(0, 5).join(" ");
  assertEquals(timeOf({ everyMinutes: 1 }), "* * * * *");
  assertEquals(timeOf({ everyMinutes: 30 }), "*/30 * * * *");
  assertEquals(timeOf({ everyMinutes: 60 }), "0 * * * *");
  assertEquals(timeOf({ everyMinutes: 240 }), "0 */4 * * *");
  assertEquals(timeOf({ everyMinutes: 1440 }), "0 0 * * *");
  assertEquals(timeOf({ at: "08:05" }), "5 8 * * *");
});

Deno.test("a crontab keeps every line of its user; a job is there once, and gone without a trace", () => {
  const own = "# mine\nMAILTO=a\n\n5 4 * * * x\n";
  const once = editCrontab(own, "j", ["* * * * * y"]);
  assert(once.startsWith(own));
  assertEquals(editCrontab(once, "j", ["* * * * * y"]), once);
  assertEquals(editCrontab(once, "j", []), own);
  const changed = editCrontab(once, "j", ["0 * * * * z"]);
  assert(changed.includes("z") && !changed.includes(" y"));
  assertEquals(editCrontab("", "j", ["* * * * * y"]).split("\n").length, 4);
  assertEquals(editCrontab(own, "j", []), own);
  assertThrows(() => editCrontab("# codexkeep j begins\nx\n", "j", []), AppError, "no line");
});

/** Reads with Python's own parsers what was written: the words of every job, as JSON. */
const READER = `
import json, sys, plistlib, xml.etree.ElementTree as ET
for line in sys.stdin:
    kind, text = json.loads(line)
    if kind == "launchd":
        print(json.dumps(plistlib.loads(text.encode())["ProgramArguments"]))
    else:
        root = ET.fromstring(text.split("?>", 1)[1])
        ns = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
        execs = root.findall(".//t:Exec", ns)
        assert len(execs) == 1 and len(execs[0].findall("t:Command", ns)) == 1
        print(json.dumps([execs[0].find("t:Command", ns).text, execs[0].find("t:Arguments", ns).text]))
`;

Deno.test({
  name: "paths cannot add a command to a job (G29)",
  ignore: !HAS_PYTHON,
  fn: () => {
    const started = performance.now();
    assert(HOSTILE.length >= 100, `${HOSTILE.length} parts`);
    const ask: [SchedulerKind, string][] = [];
    const wanted: string[][] = [];
    let extra = 0;
    for (const part of HOSTILE) {
      const words = [`/opt/${part}/codexkeep`, "handoff", "sync", "-c", `/home/${part}/s.toml`];
      const [program = "", ...args] = words;
      const hostile = job({ program: program as AbsPath, args, logDir: `/var/${part}` as AbsPath });
      for (const kind of ["launchd", "task-scheduler"] as const) {
        ask.push([kind, planJob(kind, hostile, places("/h")).files[0]?.content ?? ""]);
        wanted.push(words);
      }
      const unit = planJob("systemd", hostile, places("/h")).files[0]?.content ?? "";
      if (unit.split("\n").filter((line) => line.startsWith("Exec")).length !== 1) extra++;
      const [line = ""] = planJob("cron", hostile, places("/h")).crontab ?? [];
      const command = line.split(" ").slice(5).join(" ").replaceAll("\\%", "%").replace(/ >>'[\s\S]*$/, "");
      const words2 = run("/bin/sh", ["-c", `printf '%s\\0' ${command}`]).split("\0").slice(0, -1);
      if (JSON.stringify(words2) !== JSON.stringify(words)) extra++;
    }
    const said = pipe(["-c", READER], ask.map((one) => JSON.stringify(one)).join("\n") + "\n");
    said.trim().split("\n").forEach((text, i) => {
      const found = JSON.parse(text) as string[];
      const words = wanted[i] ?? [];
      if (
        ask[i]?.[0] === "launchd" ? JSON.stringify(found) !== JSON.stringify(words) : found[0] !== words[0]
      ) {
        extra++;
      }
    });
    report("hostile paths in jobs", "systemd, launchd, Task Scheduler, cron", {
      jobs: HOSTILE.length * 4,
      "extra commands": extra,
    }, started);
    assertEquals(extra, 0);
  },
});

function pipe(args: readonly string[], input: string): string {
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, input);
    return run("/bin/sh", ["-c", 'exec python3 "$@" <"$0"', file, ...args]);
  } finally {
    Deno.removeSync(file);
  }
}

Deno.test({
  name: "systemd takes the units",
  ignore: !IS_LINUX || !works("systemd-analyze"),
  fn: () =>
    inTempFolder((folder) => {
      for (const when of [{ everyMinutes: 30 }, { at: "08:05" }] as const) {
        const program = at(folder, "it's 50% $X");
        Deno.writeTextFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
        const { files } = planJob("systemd", job({ program, when, logDir: folder }), places(folder));
        const paths = files.map(({ path, content }) => {
          const file = at(folder, path.slice(path.lastIndexOf("/") + 1));
          Deno.writeTextFileSync(file, content);
          return file;
        });
        const { code, stderr } = new Deno.Command("systemd-analyze", {
          args: ["verify", "--user", ...paths],
          env: { XDG_RUNTIME_DIR: folder },
        }).outputSync();
        const said = new TextDecoder().decode(stderr);
        assertEquals([code, said.split("\n").filter((line) => line.includes("codexkeep-handoff"))], [0, []]);
      }
    }),
});

function works(command: string): boolean {
  try {
    return new Deno.Command(command, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

/** A crontab of its own, as the real program behaves, and schedulers that note what they are told. */
async function withPrograms(use: (folder: AbsPath, noted: () => string) => Promise<void>): Promise<void> {
  await inTempFolder(async (folder) => {
    const table = at(folder, "table");
    const crontab = `#!/bin/sh\nif [ "$1" = -l ]; then [ -f '${table}' ] && exec /bin/cat '${table}'; ` +
      `echo "no crontab for ann" >&2; exit 1; fi\n/bin/cat > '${table}'\n`;
    const notes = at(folder, "notes");
    const noting =
      `#!/bin/sh\nprintf '%s %s\\n' "$(/usr/bin/basename "$0")" "$*" >> '${notes}'\n[ ! -f '${folder}/fail' ]\n`;
    for (
      const [name, text] of [["crontab", crontab], ["systemctl", noting], ["schtasks.exe", noting]] as const
    ) {
      Deno.writeTextFileSync(at(folder, name), text, { mode: 0o755 });
    }
    const before = Deno.env.get("PATH") ?? "";
    Deno.env.set("PATH", folder);
    try {
      await use(folder, () => Deno.readTextFileSync(notes));
    } finally {
      Deno.env.set("PATH", before);
    }
  });
}

Deno.test({
  name: "a job is installed, known, installed again without a change, and removed without a trace (S1.35)",
  ignore: !IS_LINUX,
  fn: () =>
    withPrograms(async (folder, noted) => {
      const home = at(folder, "user");
      Deno.mkdirSync(home);
      Deno.writeTextFileSync(at(folder, "table"), "# mine\n5 4 * * * x\n");
      for (const kind of ["systemd", "task-scheduler", "cron"] as const) {
        const plan = planJob(kind, job(), places(home));
        assertEquals((await jobState(realDisk, job().name, plan)).installed, false);
        await installJob(realDisk, job().name, plan, () => "12345678");
        assertEquals((await jobState(realDisk, job().name, plan)).installed, true, kind);
        await installJob(realDisk, job().name, plan, () => "12345678");
        assertEquals((await jobState(realDisk, job().name, plan)).installed, true);
        const later = planJob(kind, job({ when: { everyMinutes: 60 } }), places(home));
        assertEquals((await jobState(realDisk, job().name, later)).differs, true);
        await removeJob(realDisk, job().name, plan);
        await removeJob(realDisk, job().name, plan);
        assertEquals(
          (await jobState(realDisk, job().name, plan)).files.every(({ state }) => state === "missing"),
          true,
        );
      }
      assertEquals(Deno.readTextFileSync(at(folder, "table")), "# mine\n5 4 * * * x\n");
      assert(noted().includes("systemctl --user enable --now codexkeep-handoff.timer"));
      assert(noted().includes("schtasks.exe /Create /TN codexkeep\\codexkeep-handoff /XML"));
    }),
});

Deno.test({
  name: "a scheduler that refuses leaves no file behind, and says why",
  ignore: !IS_LINUX,
  fn: () =>
    withPrograms(async (folder) => {
      Deno.writeTextFileSync(at(folder, "fail"), "");
      const plan = planJob("systemd", job(), places(folder));
      await assertRejects(
        () => installJob(realDisk, job().name, plan, () => "12345678"),
        AppError,
        "did not take the job",
      );
      assertEquals((await jobState(realDisk, job().name, plan)).files.map(({ state }) => state), [
        "missing",
        "missing",
      ]);
    }),
});
