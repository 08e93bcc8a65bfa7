import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import type { Settings } from "../../lib/handoff/settings.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { openLog } from "../../lib/system/log.ts";
import { type Machine, realMachine } from "../../lib/system/machine.ts";
import { logLine } from "../../lib/text/log_line.ts";
import { redact } from "../../lib/text/redact.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { at, inTempFolder, IS_UNIX } from "./fixture.ts";

type Logging = Settings["logging"];

const logging = (dir: AbsPath, more: Partial<Logging> = {}): Logging => ({
  dir,
  stem: "codexkeep",
  level: "INFO",
  format: "text",
  maxFileSizeMb: 10,
  retentionDays: 7,
  archiveMode: "text",
  ...more,
});

const machineAt = (time: string, more: Partial<Machine> = {}): Machine => ({
  ...realMachine(),
  now: () => new Date(time),
  ...more,
});

const names = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
const NOON = "2026-01-31T12:00:00.000Z";

Deno.test("S1.23 logging: the file is <stem>-<machine>-YYYY-MM-DD.log, UTF-8, for its owner alone", () =>
  inTempFolder((folder) => {
    const dir = at(folder, "a/b");
    const log = openLog(machineAt(NOON), logging(dir as AbsPath), "laptop");
    log.info("begun", { threads: 3, name: "näme", ok: true });
    log.close();
    assertEquals(names(dir), ["codexkeep-laptop-2026-01-31.log"]);
    const file = `${dir}/codexkeep-laptop-2026-01-31.log`;
    assertEquals(Deno.readTextFileSync(file), `${NOON} INFO    begun threads=3 name="näme" ok=true\n`);
    if (IS_UNIX) {
      assertEquals((Deno.statSync(file).mode ?? 0) & 0o777, 0o600);
      assertEquals((Deno.statSync(dir).mode ?? 0) & 0o777, 0o700);
    }
  }));

Deno.test("S1.23 logging.level: what is less grave leaves no trace, not even a folder", () =>
  inTempFolder((folder) => {
    const levels = ["DEBUG", "INFO", "WARNING", "ERROR"] as const;
    levels.forEach((level, n) => {
      const dir = at(folder, level);
      const log = openLog(machineAt(NOON), logging(dir, { level }), "m");
      log.debug("e");
      log.info("e");
      log.warning("e");
      log.error("e");
      log.close();
      assertEquals(Deno.readTextFileSync(`${dir}/codexkeep-m-2026-01-31.log`).split("\n").length - 1, 4 - n);
    });
    const quiet = openLog(machineAt(NOON), logging(at(folder, "none"), { level: "ERROR" }), "m");
    quiet.warning("e");
    quiet.close();
    openLog(machineAt(NOON), { ...logging(at(folder, "x")), dir: undefined }, "m").error("e");
    assertEquals(names(folder), [...levels].sort());
  }));

Deno.test("S1.23 logging.format: text, json and logfmt say the same", () => {
  const event = {
    at: NOON,
    level: "WARNING",
    machine: "m",
    event: "left-out",
    fields: { path: "a b", n: 1, level: "x" },
  } as const;
  assertEquals(logLine(event, "text"), `${NOON} WARNING left-out path="a b" n=1 field_level=x`);
  assertEquals(
    logLine(event, "logfmt"),
    `ts=${NOON} level=warning machine=m event=left-out path="a b" n=1 field_level=x`,
  );
  assertEquals(JSON.parse(logLine(event, "json")), {
    ts: NOON,
    level: "WARNING",
    machine: "m",
    event: "left-out",
    path: "a b",
    n: 1,
    field_level: "x",
  });
});

Deno.test("S1.23 logging.max_file_size_mb: a file that is full goes on in the next, also in the next run", () =>
  inTempFolder((folder) => {
    const settings = logging(folder, { maxFileSizeMb: 1 });
    const log = openLog(machineAt(NOON), settings, "m");
    const words = "word ".repeat(700);
    for (let n = 0; n < 700; n++) log.info("e", { words, n });
    log.close();
    const again = openLog(machineAt(NOON), settings, "m");
    again.info("later");
    again.close();
    const base = "codexkeep-m-2026-01-31";
    assertEquals(names(folder), [`${base}.1.log`, `${base}.2.log`, `${base}.log`]);
    for (const name of names(folder)) assert(Deno.statSync(at(folder, name)).size <= 1024 * 1024, name);
    const lines = ["", ".1", ".2"].flatMap((n) =>
      Deno.readTextFileSync(`${folder}/${base}${n}.log`).trimEnd().split("\n")
    );
    assertEquals(lines.length, 701);
    assertStringIncludes(lines.at(-1) ?? "", "later");
  }));

Deno.test("S1.23 a run over midnight goes on in the file of the new day", () =>
  inTempFolder((folder) => {
    let time = "2026-01-31T23:59:59.999Z";
    const log = openLog(machineAt(NOON, { now: () => new Date(time) }), logging(folder), "m");
    log.info("before");
    time = "2026-02-01T00:00:00.000Z";
    log.info("after");
    log.close();
    assertEquals(names(folder), ["codexkeep-m-2026-01-31.log", "codexkeep-m-2026-02-01.log"]);
  }));

Deno.test("S1.23 logging.retention_days: only logs of this machine that are older go; 0 keeps all", () =>
  inTempFolder((folder) => {
    const kept = [
      "codexkeep-m-2026-01-24.log",
      "codexkeep-m-2030-01-01.log",
      "codexkeep-other-2020-01-01.log",
      "codexkeep-m-2020-01-01.txt",
      "codexkeep-m-2020-01-01.0.log",
      "xcodexkeep-m-2020-01-01.log",
      "codexkeep-m-x-2020-01-01.log",
    ];
    const gone = [
      "codexkeep-m-2026-01-23.log",
      "codexkeep-m-2026-01-23.4.log",
      "codexkeep-m-2020-01-01.log.zip",
    ];
    for (const name of [...kept, ...gone]) Deno.writeTextFileSync(at(folder, name), "x\n");
    Deno.mkdirSync(at(folder, "codexkeep-m-2020-01-02.log"));
    const run = (retentionDays: number) => {
      const log = openLog(machineAt(NOON), logging(folder, { retentionDays }), "m");
      log.info("e");
      log.close();
      assertEquals(log.problem(), undefined);
      return names(folder);
    };
    const own = ["codexkeep-m-2026-01-31.log", "codexkeep-m-2020-01-02.log"];
    assertEquals(run(0), [...kept, ...gone, ...own].sort());
    assertEquals(run(7), [...kept, ...own].sort());
  }));

Deno.test("S1.23 logging.archive_mode: logs of other days are packed, and gone only when they are", () =>
  inTempFolder((folder) => {
    const old = ["codexkeep-m-2026-01-29.log", "codexkeep-m-2026-01-30.1.log"];
    for (const name of old) Deno.writeTextFileSync(at(folder, name), `${name}\n`);
    const pack = (name: string, content: Uint8Array) =>
      new TextEncoder().encode(`${name}: ${new TextDecoder().decode(content)}`);
    const run = (archiveMode: "zip" | "text", archive: typeof pack) => {
      const log = openLog(machineAt(NOON), logging(folder, { archiveMode }), "m", archive);
      log.info("e");
      log.close();
      assertEquals(log.problem(), undefined);
      return names(folder).filter((name) => !name.includes("01-31"));
    };
    assertEquals(run("text", pack), old);
    const fail = () => {
      throw new AppError("no-space", "full");
    };
    assertEquals(run("zip", fail), old);
    assertEquals(run("zip", pack), old.map((name) => `${name}.zip`));
    assertEquals(Deno.readTextFileSync(at(folder, `${old[0]}.zip`)), `${old[0]}: ${old[0]}\n`);
    assertEquals(run("zip", pack), old.map((name) => `${name}.zip`));
  }));

Deno.test("a log that cannot be written never stops a run, and says so once", () =>
  inTempFolder((folder) => {
    const file = at(folder, "file");
    Deno.writeTextFileSync(file, "x");
    const broken = openLog(machineAt(NOON), logging(at(file, "below")), "m");
    for (let n = 0; n < 3; n++) broken.error("e");
    broken.close();
    assertStringIncludes(broken.problem() ?? "", "cannot be written");
    let writes = 0;
    const full = {
      ...realDisk,
      openAppend: (path: string, mode: number) => ({
        ...realDisk.openAppend(path, mode),
        write: () => {
          writes++;
          throw new AppError("no-space", "no space left");
        },
      }),
    };
    const log = openLog(machineAt(NOON, { disk: full }), logging(at(folder, "logs")), "m");
    for (let n = 0; n < 3; n++) log.error("e");
    log.close();
    assertEquals(writes, 1);
    assertStringIncludes(log.problem() ?? "", "no space left");
  }));

Deno.test({
  name: "a link in the place of a log is not written through",
  ignore: !IS_UNIX,
  fn: () =>
    inTempFolder((folder) => {
      const victim = at(folder, "victim");
      Deno.writeTextFileSync(victim, "mine");
      Deno.mkdirSync(at(folder, "logs"));
      Deno.symlinkSync(victim, at(folder, "logs/codexkeep-m-2026-01-31.log"));
      const log = openLog(machineAt(NOON), logging(at(folder, "logs")), "m");
      log.error("e");
      log.close();
      assert(log.problem() !== undefined);
      assertEquals(Deno.readTextFileSync(victim), "mine");
    }),
});

Deno.test("an event behind half a line of a run that was cut off has a line of its own", () =>
  inTempFolder((folder) => {
    const file = at(folder, "codexkeep-m-2026-01-31.log");
    Deno.writeTextFileSync(file, "half");
    const log = openLog(machineAt(NOON), logging(folder), "m");
    log.info("whole");
    log.close();
    assertEquals(Deno.readTextFileSync(file).split("\n").slice(0, 2), ["half", `${NOON} INFO    whole`]);
  }));

Deno.test("whatever an event holds, it is one line that acts on nothing", () => {
  const hostile = [
    "two\nlines",
    "\u001b[31mred",
    "\u001b]52;c;eA==\u0007",
    "\u202eexe",
    "\u2028para",
    "\ud800",
    '"quote" and \\ slash',
    "a=b c=d",
    "\u0000",
    "x".repeat(100_000),
    "\ufeff",
  ];
  for (const text of hostile) {
    for (const format of ["text", "json", "logfmt"] as const) {
      const event = {
        at: NOON,
        level: "INFO",
        machine: "m",
        event: text,
        fields: { [text]: text, path: text },
      };
      const line = logLine({ ...event, level: "INFO" }, format);
      assert(
        !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(line),
        `${format} ${JSON.stringify(text.slice(0, 30))}`,
      );
      assert(line.length < 20_000, format);
      if (format === "json") assertEquals(JSON.parse(line).machine, "m");
    }
  }
  const odd = {
    at: NOON,
    level: "INFO",
    machine: "m",
    event: "e",
    fields: JSON.parse('{"__proto__": "x"}'),
  } as const;
  assertEquals(JSON.parse(logLine(odd, "json")).field___proto__, "x");
});

Deno.test("S1.23 secrets never reach a log, by their name or by their form", () => {
  const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
  const secrets = [
    "sk-proj-abcdefghijklmnop",
    "ghp_abcdefghijklmnop1234",
    "github_pat_abcdefghijklmnop1234",
    "xoxb-1234567890-abcdef",
    "AKIAABCDEFGHIJKLMNOP",
    jwt,
  ];
  const frames: readonly ((secret: string) => string)[] = [
    (secret) => secret,
    (secret) => `--header=Authorization: Bearer ${secret}`,
    (secret) => `{"access_token":"${secret}"}`,
    (secret) => `https://user:${secret}@host/x`,
    (secret) => `${"x ".repeat(2040)}${secret}${" y".repeat(100)}`,
  ];
  for (const secret of secrets) {
    for (const frame of frames) {
      for (const format of ["text", "json", "logfmt"] as const) {
        const fields = { command: frame(secret), api_key: "short", "refresh-token": secret };
        const line = logLine({ at: NOON, level: "ERROR", machine: "m", event: "e", fields }, format);
        assert(!line.includes(secret) && !line.includes("short"), line);
      }
    }
  }
  for (
    const text of [
      'password = "a b"',
      "token=abc",
      "OPENAI_API_KEY=abc",
      "authorization: Basic YWJj",
      "codex --token 'a b'",
      "cookie: a=b",
    ]
  ) {
    assert(!/abc|a b|YWJj|a=b/.test(redact(text)), redact(text));
  }
  assertEquals(redact("env_key names OPENAI_API_KEY"), "env_key names OPENAI_API_KEY");
  assertEquals(redact("/home/me/tokens/skins-and-more/x.jsonl"), "/home/me/tokens/skins-and-more/x.jsonl");
});

Deno.test("redact() takes time in step with the text", () => {
  for (
    const text of [
      "token".repeat(200_000),
      "a-".repeat(300_000),
      "://".repeat(200_000),
      "eya.".repeat(200_000),
    ]
  ) {
    const started = performance.now();
    redact(text.slice(0, 4096));
    assert(performance.now() - started < 1000, text.slice(0, 10));
  }
});
