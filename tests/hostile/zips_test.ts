/** Snapshots that somebody forged: nothing is written but what their list and the settings allow (G24, G25). */
import type { AbsPath } from "../../lib/core/path.ts";
import { AppError } from "../../lib/core/error.ts";
import { sha256 } from "../../lib/core/bytes.ts";
import { defaultSettings } from "../handoff/defaults.ts";
import { restoreSnapshot } from "../../lib/handoff/snapshot_restore.ts";
import { realMachine } from "../../lib/system/machine.ts";
import { assert, assertEquals } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { inTempFolder, IS_UNIX } from "../system/fixture.ts";
import { type HostileZip, manifestOf, ZIPS } from "./zips.ts";

const machine = realMachine();
const NAME = "20260101T000000Z-m";

function settingsIn(dir: string) {
  return defaultSettings({
    home: `${dir}/home` as AbsPath,
    cloudRoot: `${dir}/cloud` as AbsPath,
    machineId: "m",
  });
}

/** A home, and things around it that nobody may touch. */
function lay(dir: string): void {
  for (const folder of ["home/sessions/2026/01/05", "cloud/sessions", "home/skills/x"]) {
    Deno.mkdirSync(`${dir}/${folder}`, { recursive: true });
  }
  for (
    const file of ["outside", "home/auth.json", "home/config.toml", "home/installation_id", "cloud/outside"]
  ) {
    Deno.writeTextFileSync(`${dir}/${file}`, `secret of ${file}`);
  }
}

/** Every file and what is in it, but for snapshots. */
function treeOf(dir: string): string {
  const lines: string[] = [];
  const walk = (path: string, name: string): void => {
    for (const entry of [...Deno.readDirSync(path)].sort((a, b) => a.name < b.name ? -1 : 1)) {
      const below = `${name}/${entry.name}`;
      if (below === "/home/backups_state") continue;
      lines.push(entry.isFile ? `${below} ${sha256(Deno.readFileSync(`${path}/${entry.name}`))}` : below);
      if (entry.isDirectory) walk(`${path}/${entry.name}`, below);
    }
  };
  walk(dir, "");
  return lines.join("\n");
}

function snapshots(dir: string): string {
  const folder = `${dir}/home/backups_state/codexkeep/handoff/snapshots`;
  Deno.mkdirSync(folder, { recursive: true });
  return folder;
}

/** What a restore says; undefined: it was done. */
async function restoredFrom(dir: string): Promise<string | undefined> {
  try {
    await restoreSnapshot(machine, settingsIn(dir), { from: NAME, target: "local" }, new Date());
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.message;
  }
}

async function faultOf({ bytes, refused, name }: HostileZip): Promise<string | undefined> {
  let fault: string | undefined;
  await inTempFolder(async (dir) => {
    lay(dir);
    Deno.writeFileSync(`${snapshots(dir)}/${NAME}.zip`, bytes());
    const before = treeOf(dir);
    const said = await restoredFrom(dir);
    if (refused === undefined) {
      const isThere = Deno.statSync(`${dir}/home/sessions/2026/01/05/rollout-a.jsonl`).size === 140;
      if (said !== undefined || !isThere) fault = `${name}: ${said ?? "it was not restored"}`;
    } else if (said === undefined) fault = `${name}: it was taken`;
    else if (!said.includes(refused)) fault = `${name}: ${said}`;
    else if (treeOf(dir) !== before) fault = `${name}: something was written`;
  });
  return fault;
}

Deno.test("no archive is read as anything but what it was written as", async () => {
  const started = performance.now();
  const faults: string[] = [];
  for (const zip of ZIPS) {
    const fault = await faultOf(zip);
    if (fault !== undefined) faults.push(fault);
  }
  const written = faults.filter((fault) => /written|taken/.test(fault)).length;
  report("hostile archives", "restored", { archives: ZIPS.length, "with bytes outside": written }, started);
  assert(ZIPS.length >= 60);
  assertEquals(faults, []);
});

/** Lists of a snapshot that is a folder, with the file they speak of. */
const LISTS: readonly (readonly [name: string, list: (good: string) => string, refused: string])[] = [
  ...[
    "../outside",
    "/outside",
    "sessions/../../outside",
    "C:/x",
    "a\\b",
    "sessions/CON",
    "",
    ".",
    "x\u0000",
    "a:b",
  ].map(
    (path) =>
      [
        `path ${JSON.stringify(path)}`,
        (good: string) => good.replace("sessions/x.jsonl", JSON.stringify(path).slice(1, -1)),
        "could lead elsewhere",
      ] as const,
  ),
  ...[
    "auth.json",
    "config.toml",
    "state_5.sqlite",
    "installation_id",
    "backups_state/x",
    "sessions/auth.json",
  ].map(
    (path) =>
      [
        `path ${path}`,
        (good: string) => good.replace("sessions/x.jsonl", path),
        "nothing that a hand-over carries",
      ] as const,
  ),
  ...[
    ['"side":"local"', '"side":"other"'],
    ['"side":"local"', '"side":null'],
    ['"side":"local",', ""],
    ['"size":3', '"size":-1'],
    ['"size":3', '"size":1.5'],
    ['"size":3', '"size":"3"'],
    ['"size":3', '"size":1e300'],
    ['"mtime_ms":1700000000000', '"mtime_ms":null'],
    ['"mtime_ms":1700000000000', '"mtime_ms":1e300'],
    ['"mtime_ms":1700000000000', '"mtime_ms":9e15'],
    ['"sha256":"', '"sha256":"Z'],
    ['"sha256":"', '"sha":"'],
    ['"path":"sessions/x.jsonl"', '"path":["sessions/x.jsonl"]'],
    ['"path":"sessions/x.jsonl"', '"path":{"a":1}'],
    ['{"side"', '[{"side"'],
    ['{"side"', 'x{"side"'],
  ].map(([from = "", to = ""]) =>
    [`${from} as ${to}`, (good: string) => good.replace(from, to), "damaged or could lead"] as const
  ),
  [
    "a size that is not the file's",
    (good) => good.replace('"size":3', '"size":2'),
    "longer than its list says",
  ],
  ["a size beyond the file", (good) => good.replace('"size":3', '"size":4'), "not what its list says"],
  [
    "another checksum",
    (good) => good.replace(/"sha256":"./, (text) => text.slice(0, -1) + (text.endsWith("0") ? "1" : "0")),
    "not what its list says",
  ],
  ["the file twice", (good) => good + good.split("\n")[1] + "\n", "twice"],
  [
    "the file twice but for capitals",
    (good) => good + (good.split("\n")[1] ?? "").replace("x.jsonl", "X.JSONL") + "\n",
    "twice",
  ],
  ["another form", (good) => good.replace("codexkeep-snapshot/1", "codexkeep-snapshot/2"), "another form"],
  [
    "no form",
    (good) => good.slice(good.indexOf("\n") + 1) + good.slice(good.indexOf("\n") + 1),
    "another form",
  ],
  ["a file that is not there", (good) => good.replace("x.jsonl", "y.jsonl"), "does not exist"],
  ["a line of a megabyte", (good) => good + `{"side":"${"x".repeat(1_000_000)}"}\n`, "damaged"],
  ["an array", (good) => good + "[]\n", "damaged"],
  ["a number", (good) => good + "7\n", "damaged"],
  ["a word", (good) => good + "manifest\n", "damaged"],
  ["true", (good) => good + "true\n", "damaged"],
  ["text", (good) => good + '"sessions/x.jsonl"\n', "damaged"],
  ["nothing", (good) => good + "null\n", "damaged"],
  ["an empty line", (good) => good + "\n", "damaged"],
  [
    "a key twice",
    (good) =>
      good.replace('"side":"local"', '"side":"local","path":"sessions/x.jsonl","path":"../../outside"')
        .replace(/,"path":"sessions\/x.jsonl","size"/, ',"size"'),
    "could lead elsewhere",
  ],
  ["deep nesting", (good) => good + "[".repeat(20_000) + "\n", "damaged"],
  ["no UTF-8", (good) => good.replace("x.jsonl", "\uFFFD.jsonl"), "does not exist"],
  ...[1, 20, 100].map((cut) =>
    [
      `cut off ${cut} bytes before its end, and a line more`,
      (good: string) => good.slice(0, -cut) + "\n" + good.split("\n")[1] + "\n",
      "cannot be used",
    ] as const
  ),
  ...[
    "sessions",
    "skills",
    "prompts",
    "SESSIONS/x.jsonl",
    "Sessions/x.jsonl",
    "archived_sessions",
    "plugins/x/run.sh",
  ].map(
    (path) => [`path ${path}`, (good: string) => good.replace("sessions/x.jsonl", path), ""] as const,
  ),
];

Deno.test("no list of a snapshot leads anywhere but to what a hand-over carries", async () => {
  const started = performance.now();
  const faults: string[] = [];
  for (const [name, forge, refused] of LISTS) {
    await inTempFolder(async (dir) => {
      lay(dir);
      const folder = `${snapshots(dir)}/${NAME}`;
      Deno.mkdirSync(`${folder}/local/sessions`, { recursive: true });
      Deno.writeTextFileSync(`${folder}/local/sessions/x.jsonl`, "abc");
      const good = manifestOf([{ name: "local/sessions/x.jsonl", content: "abc" }]).content;
      const list = forge(good);
      if (list === good) faults.push(`${name}: nothing was forged`);
      Deno.writeTextFileSync(`${folder}/manifest.jsonl`, list);
      const before = treeOf(dir);
      const said = await restoredFrom(dir);
      if (said === undefined) faults.push(`${name}: it was taken`);
      else if (!said.includes(refused)) faults.push(`${name}: ${said.slice(0, 200)}`);
      else if (treeOf(dir) !== before) faults.push(`${name}: something was written`);
    });
  }
  const written = faults.filter((fault) => /written|taken/.test(fault)).length;
  report(
    "hostile archives",
    "lists of snapshots",
    { archives: LISTS.length, "with bytes outside": written },
    started,
  );
  assert(LISTS.length >= 60, `only ${LISTS.length} lists`);
  assertEquals(faults, []);
});

Deno.test("links in a snapshot or in the home are not followed", { ignore: !IS_UNIX }, async () => {
  const setUps: readonly ((dir: string, folder: string) => void)[] = [
    (dir, folder) => {
      Deno.removeSync(`${folder}/local/sessions/x.jsonl`);
      Deno.symlinkSync(`${dir}/home/auth.json`, `${folder}/local/sessions/x.jsonl`);
    },
    (dir, folder) => {
      Deno.renameSync(`${folder}/local/sessions`, `${dir}/elsewhere`);
      Deno.symlinkSync(`${dir}/elsewhere`, `${folder}/local/sessions`);
    },
    (dir) => {
      Deno.renameSync(`${dir}/home/sessions`, `${dir}/away`);
      Deno.symlinkSync(`${dir}/away`, `${dir}/home/sessions`);
    },
    (dir) => Deno.symlinkSync(`${dir}/outside`, `${dir}/home/sessions/x.jsonl`),
    (dir) => Deno.mkdirSync(`${dir}/home/sessions/x.jsonl`),
  ];
  for (const [n, setUp] of setUps.entries()) {
    await inTempFolder(async (dir) => {
      lay(dir);
      const folder = `${snapshots(dir)}/${NAME}`;
      Deno.mkdirSync(`${folder}/local/sessions`, { recursive: true });
      Deno.writeTextFileSync(`${folder}/local/sessions/x.jsonl`, "abc");
      Deno.writeTextFileSync(
        `${folder}/manifest.jsonl`,
        manifestOf([{ name: "local/sessions/x.jsonl", content: "abc" }]).content,
      );
      setUp(dir, folder);
      const before = treeOf(dir);
      assert(await restoredFrom(dir) !== undefined, `case ${n} was taken`);
      assertEquals(treeOf(dir), before, `case ${n}`);
    });
  }
});

Deno.test("a reader that trusts names is found guilty", { ignore: !IS_UNIX }, async () => {
  const started = performance.now();
  let guilty = 0;
  let tried = 0;
  for (const { bytes, refused } of ZIPS) {
    if (refused === undefined) continue;
    await inTempFolder(async (dir) => {
      lay(dir);
      Deno.writeFileSync(`${dir}/x.zip`, bytes());
      const before = treeOf(dir);
      const script = "import sys,zipfile,os\nz=zipfile.ZipFile(sys.argv[1])\n" +
        "for i in z.infolist():\n  n=i.filename.split('/',1)[1] if '/' in i.filename else i.filename\n" +
        "  p=os.path.join(sys.argv[2],n)\n  os.makedirs(os.path.dirname(p),exist_ok=True)\n" +
        "  if i.file_size<1000000: open(p,'wb').write(z.read(i))\n";
      const { success } = await new Deno.Command("python3", {
        args: ["-c", script, `${dir}/x.zip`, `${dir}/home`],
        stdout: "null",
        stderr: "null",
      }).output();
      tried++;
      if (success && treeOf(dir) !== before) guilty++;
    });
    if (tried >= 40) break;
  }
  report(
    "hostile archives",
    "a reader that trusts names",
    { archives: tried, "with bytes outside": guilty },
    started,
    { control: true },
  );
  assert(guilty > 10, `only ${guilty} of ${tried} led it astray`);
});
