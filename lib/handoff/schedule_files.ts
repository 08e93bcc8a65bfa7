/** What a repeated job is made of on every system: files, and the commands that make it known. Nothing is written here. */
import { AppError } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";
import { cronWord, systemdWord, windowsWord, xmlText } from "../text/quoting.ts";

/** Who starts the job. */
export type SchedulerKind = "task-scheduler" | "launchd" | "systemd" | "cron";

/** A job that repeats. */
export interface Job {
  /** Letters, digits and `-`. */
  readonly name: string;
  readonly program: AbsPath;
  readonly args: readonly string[];
  /** Minutes between two runs, or the time of day (`HH:mm`) of a daily one. */
  readonly when: { readonly everyMinutes: number } | { readonly at: string };
  /** Where what it prints goes; undefined: where the system puts it. */
  readonly logDir: AbsPath | undefined;
}

/** A file of a job. */
export interface JobFile {
  readonly path: AbsPath;
  readonly content: string;
  /** UTF-16 with a mark, as the Task Scheduler wants it; else UTF-8. */
  readonly encoding: "utf-8" | "utf-16le";
}

/** A program that is run to make a job known, or to forget it. */
export interface JobCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Its failure does not matter: what it takes back may not be there. */
  readonly mayFail: boolean;
}

/** Everything about a job on one system. */
export interface JobPlan {
  readonly files: readonly JobFile[];
  /** Lines between our marks in the user's crontab; undefined elsewhere. */
  readonly crontab: readonly string[] | undefined;
  readonly install: readonly JobCommand[];
  readonly remove: readonly JobCommand[];
}

/** Where the files of jobs go. */
export interface JobPlaces {
  /** The user's own folder. */
  readonly userHome: AbsPath;
  /** `XDG_CONFIG_HOME`; undefined: `.config`. */
  readonly configHome: AbsPath | undefined;
  /** `LOCALAPPDATA`; undefined: `AppData\Local`. */
  readonly localAppData: AbsPath | undefined;
  /** Number of the user, for launchd; undefined where there is none. */
  readonly uid: number | undefined;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/;
const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** The scheduler that a system has of its own; systemd on Linux where it runs, else cron. */
export function schedulerOf(os: "linux" | "darwin" | "windows", hasSystemd: boolean): SchedulerKind {
  if (os === "windows") return "task-scheduler";
  if (os === "darwin") return "launchd";
  return hasSystemd ? "systemd" : "cron";
}

/** The files and commands of a job. Throws `usage` for a name or time that is none, `refused` for paths nothing can carry. */
export function planJob(kind: SchedulerKind, job: Job, places: JobPlaces): JobPlan {
  if (!NAME.test(job.name)) {
    throw new AppError(
      "usage",
      `job name ${JSON.stringify(job.name)} is not made of letters, digits and dashes`,
    );
  }
  if ("at" in job.when && !TIME.test(job.when.at)) {
    throw new AppError("usage", `time of day ${JSON.stringify(job.when.at)} is not of the form HH:mm`);
  }
  switch (kind) {
    case "systemd":
      return systemdPlan(job, places);
    case "launchd":
      return launchdPlan(job, places);
    case "task-scheduler":
      return taskPlan(job, places);
    case "cron":
      return cronPlan(job);
  }
}

function path(...parts: readonly string[]): AbsPath {
  return parts.join(parts[0]?.includes("\\") ? "\\" : "/") as AbsPath;
}

function timeOf(at: string): { readonly hour: number; readonly minute: number } {
  const [hour = "0", minute = "0"] = at.split(":");
  return { hour: Number(hour), minute: Number(minute) };
}

function systemdPlan(job: Job, { userHome, configHome }: JobPlaces): JobPlan {
  const folder = path(configHome ?? path(userHome, ".config"), "systemd", "user");
  // systemd takes no special characters in the name of the program itself, so a shell starts it.
  const words = ["/bin/sh", "-c", 'exec "$0" "$@"', job.program, ...job.args].map(systemdWord).join(" ");
  const output = job.logDir === undefined ? [] : ["StandardOutput", "StandardError"].map((stream) =>
    // These take one path up to the end of the line, where only % is special.
    `${stream}=append:${
      systemdWord(path(job.logDir!, `${job.name}.out`)).slice(1, -1).replaceAll("$$", "$")
        .replaceAll('\\"', '"').replaceAll("\\\\", "\\")
    }`
  );
  const service = [
    "[Unit]",
    `Description=codexkeep job ${job.name}`,
    "",
    "[Service]",
    "Type=oneshot",
    `ExecStart=${words}`,
    // 8: some threads were left alone; 3: Codex is in use right now. Both are everyday and the next run tries again.
    "SuccessExitStatus=3 8",
    "Nice=10",
    ...output,
    "",
  ];
  const timer = [
    "[Unit]",
    `Description=codexkeep job ${job.name}`,
    "",
    "[Timer]",
    ...("at" in job.when
      ? [`OnCalendar=*-*-* ${job.when.at}:00`, "Persistent=true"]
      : ["OnActiveSec=1min", `OnUnitActiveSec=${job.when.everyMinutes}min`]),
    "",
    "[Install]",
    "WantedBy=timers.target",
    "",
  ];
  const user = (mayFail: boolean, ...args: readonly string[]): JobCommand => ({
    command: "systemctl",
    args: ["--user", ...args],
    mayFail,
  });
  return {
    files: [
      { path: path(folder, `${job.name}.service`), content: service.join("\n"), encoding: "utf-8" },
      { path: path(folder, `${job.name}.timer`), content: timer.join("\n"), encoding: "utf-8" },
    ],
    crontab: undefined,
    install: [user(false, "daemon-reload"), user(false, "enable", "--now", `${job.name}.timer`)],
    remove: [user(true, "disable", "--now", `${job.name}.timer`), user(true, "daemon-reload")],
  };
}

function launchdPlan(job: Job, { userHome, uid }: JobPlaces): JobPlan {
  const label = `codexkeep.${job.name}`;
  const file = path(userHome, "Library", "LaunchAgents", `${label}.plist`);
  const string = (text: string) => `<string>${xmlText(text)}</string>`;
  const entry = (key: string, value: string) => `  <key>${key}</key>\n  ${value}`;
  const logs = job.logDir === undefined
    ? []
    : ["StandardOutPath", "StandardErrorPath"].map((key) =>
      entry(key, string(path(job.logDir!, `${job.name}.out`)))
    );
  const { when } = job;
  const content = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    "<dict>",
    entry("Label", string(label)),
    entry(
      "ProgramArguments",
      `<array>\n${[job.program, ...job.args].map((word) => `    ${string(word)}`).join("\n")}\n  </array>`,
    ),
    "at" in when
      ? entry(
        "StartCalendarInterval",
        `<dict><key>Hour</key><integer>${timeOf(when.at).hour}</integer>` +
          `<key>Minute</key><integer>${timeOf(when.at).minute}</integer></dict>`,
      )
      : entry("StartInterval", `<integer>${when.everyMinutes * 60}</integer>`),
    entry("ProcessType", string("Background")),
    ...logs,
    "</dict>",
    "</plist>",
    "",
  ].join("\n");
  const domain = `gui/${uid ?? 501}`;
  const forget: JobCommand = {
    command: "/bin/launchctl",
    args: ["bootout", `${domain}/${label}`],
    mayFail: true,
  };
  return {
    files: [{ path: file, content, encoding: "utf-8" }],
    crontab: undefined,
    install: [forget, { command: "/bin/launchctl", args: ["bootstrap", domain, file], mayFail: false }],
    remove: [forget],
  };
}

function taskPlan(job: Job, { userHome, localAppData }: JobPlaces): JobPlan {
  const base = localAppData ?? path(userHome, "AppData", "Local");
  const file = path(base, "codexkeep", `${job.name}.xml`);
  const { when } = job;
  const trigger = "at" in when
    ? `<CalendarTrigger><StartBoundary>2020-01-01T${when.at}:00</StartBoundary><Enabled>true</Enabled>` +
      `<ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay></CalendarTrigger>`
    : `<TimeTrigger><Repetition><Interval>PT${when.everyMinutes}M</Interval></Repetition>` +
      `<StartBoundary>2020-01-01T00:00:00</StartBoundary><Enabled>true</Enabled></TimeTrigger>`;
  const content = [
    '<?xml version="1.0" encoding="UTF-16"?>',
    '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">',
    `  <RegistrationInfo><Description>codexkeep job ${xmlText(job.name)}</Description></RegistrationInfo>`,
    `  <Triggers>${trigger}</Triggers>`,
    '  <Principals><Principal id="Author"><LogonType>InteractiveToken</LogonType>' +
    "<RunLevel>LeastPrivilege</RunLevel></Principal></Principals>",
    "  <Settings><MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>" +
    "<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries><StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>" +
    "<StartWhenAvailable>true</StartWhenAvailable><ExecutionTimeLimit>PT2H</ExecutionTimeLimit><Priority>7</Priority></Settings>",
    '  <Actions Context="Author"><Exec>' +
    `<Command>${xmlText(job.program)}</Command>` +
    `<Arguments>${xmlText(job.args.map(windowsWord).join(" "))}</Arguments>` +
    (job.logDir === undefined ? "" : `<WorkingDirectory>${xmlText(job.logDir)}</WorkingDirectory>`) +
    "</Exec></Actions>",
    "</Task>",
    "",
  ].join("\r\n");
  const name = `codexkeep\\${job.name}`;
  return {
    files: [{ path: file, content, encoding: "utf-16le" }],
    crontab: undefined,
    install: [{
      command: "schtasks.exe",
      args: ["/Create", "/TN", name, "/XML", file, "/F"],
      mayFail: false,
    }],
    remove: [{ command: "schtasks.exe", args: ["/Delete", "/TN", name, "/F"], mayFail: true }],
  };
}

function cronPlan(job: Job): JobPlan {
  const words = [job.program, ...job.args].map(cronWord).join(" ");
  const output = job.logDir === undefined ? "" : ` >>${cronWord(path(job.logDir, `${job.name}.out`))} 2>&1`;
  return {
    files: [],
    crontab: [`${cronTime(job.when)} ${words}${output}`],
    install: [],
    remove: [],
  };
}

/** The five fields of a crontab line, which knows only shares of an hour, whole hours and days. */
function cronTime(when: Job["when"]): string {
  if ("at" in when) return `${timeOf(when.at).minute} ${timeOf(when.at).hour} * * *`;
  const minutes = when.everyMinutes;
  if (minutes === 1) return "* * * * *";
  if (minutes < 60 && 60 % minutes === 0) return `*/${minutes} * * * *`;
  if (minutes === 60) return "0 * * * *";
  const hours = minutes / 60;
  if (Number.isInteger(hours) && hours < 24 && 24 % hours === 0) return `0 */${hours} * * *`;
  if (minutes === 1440) return "0 0 * * *";
  throw new AppError("usage", `cron cannot start a job every ${minutes} minutes`, {
    hint:
      "take a part of an hour (5, 10, 15, 20, 30), of a day (60, 120, 180, 240, 360, 720, 1440), or --at HH:mm",
  });
}

const begin = (name: string) => `# codexkeep ${name} begins`;
const end = (name: string) => `# codexkeep ${name} ends`;

/** A crontab with the lines of a job in it, in place of older ones of that job; with none, without them. */
export function editCrontab(text: string, name: string, lines: readonly string[]): string {
  const kept: string[] = [];
  let inside = false;
  for (const line of text.split("\n")) {
    if (line === begin(name)) inside = true;
    else if (line === end(name)) inside = false;
    else if (!inside) kept.push(line);
  }
  if (inside) {
    throw new AppError(
      "refused",
      `the crontab has a line "${begin(name)}" and no line "${end(name)}" behind it`,
      {
        hint: "put it right with `crontab -e`",
      },
    );
  }
  if (lines.length === 0) return kept.join("\n");
  const before = kept.join("\n").replace(/\n*$/, "");
  return `${before === "" ? "" : `${before}\n`}${begin(name)}\n${lines.join("\n")}\n${end(name)}\n`;
}

/** The lines of a job in a crontab; none when it is not there. */
export function jobLines(text: string, name: string): readonly string[] {
  const lines = text.split("\n");
  const from = lines.indexOf(begin(name));
  const to = lines.indexOf(end(name), from);
  return from < 0 || to < 0 ? [] : lines.slice(from + 1, to);
}
