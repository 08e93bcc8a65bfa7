/** What the system sees of a run: looking writes nothing, nothing goes to the network, nobody is signalled (G14, G30, G31). */
import { assert } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { isWrite, WRITING_CALLS } from "../scripts/calls.ts";
import { start } from "../scripts/program.ts";
import { onStage, type Stage } from "../scripts/stage.ts";
import { differences, treeOf } from "../scripts/tree.ts";
import { AS_NOBODY, CAN_BE_NOBODY, CAN_TRACE, expectNone, giveAway, isFile } from "./rig.ts";

/** Every command that only looks, and every writing one before it is told to write. */
function looks({ threads, folder }: Stage): readonly (readonly string[])[] {
  const id = threads[0]!.id;
  return [
    ["status"],
    ["status", "--json"],
    ["diagnose"],
    ["diagnose", "--check"],
    ["explain", id],
    ["sync"],
    ["sync", "--check"],
    ["sync", "--dry-run", "--verbose"],
    ["switch", "custom"],
    ["repair", "all"],
    ["repair", "cwd", "--map", "/work=/x"],
    ["repair", "unarchive", "--thread", id],
    ["repair", "account", "--thread", id],
    ["repair", "database"],
    ["restore"],
    ["restore", "--force"],
    ["restore", "--originals"],
    ["recover"],
    ["backups", "list"],
    ["backups", "show", "latest"],
    ["backups", "verify", "--deep"],
    ["backups", "prune", "--keep", "0"],
    ["backups", "export", "latest", "--csv", "-"],
    ["version", "--json"],
    ["help"],
    ["help", "repair"],
    ["sync", "--plan-out", `${folder}/outside.json`],
    ["nonsense"],
    ["sync", "--nonsense"],
    ["explain", "nobody"],
  ];
}

const WRITES: readonly (readonly string[])[] = [
  ["sync", "--apply"],
  ["restore", "--apply"],
  ["switch", "custom", "--apply"],
  ["repair", "all", "--apply"],
  ["restore", "--originals", "--apply"],
  ["backups", "prune", "--keep", "1", "--apply"],
  ["recover"],
  ["demo"],
];

/** Runs a command under strace and gives its calls. */
async function trace(stage: Stage, line: readonly string[], calls: readonly string[]): Promise<string[]> {
  const log = `${stage.folder}/trace.log`;
  const under = [
    "/usr/bin/strace",
    "-f",
    "-qq",
    "-y",
    "-s",
    "300",
    "-o",
    log,
    "-e",
    `trace=${calls.join(",")}`,
  ];
  await start(line, { home: stage.home, under });
  return Deno.readTextFileSync(log).split("\n");
}

Deno.test({
  name:
    "commands that only look make no call that could write below the home, and leave every inode and time",
  ignore: !CAN_TRACE,
  fn: async () => {
    const started = performance.now();
    const faults: string[] = [];
    let commands = 0;
    await onStage("vanished", async (stage) => {
      await stage.run(["sync", "--thread", stage.threads[0]!.id, "--apply"]);
      for (const line of looks(stage)) {
        const before = treeOf(stage.home);
        const calls = await trace(stage, line, ["open", "openat", "openat2", ...WRITING_CALLS]);
        commands++;
        if (!calls.some((call) => call.includes("openat("))) {
          faults.push(`${line.join(" ")}: nothing was traced`);
        }
        const found = calls.filter((call) => isWrite(call, stage.home))
          // Taking the lock that is there already opens it for writing, and writes nothing.
          .filter((call) => !(line[0] === "recover" && call.includes("codexkeep/lock")));
        faults.push(...found.map((call) => `${line.join(" ")}: ${call}`));
        faults.push(...differences(before, treeOf(stage.home)).map((one) => `${line.join(" ")}: ${one}`));
      }
    });
    report(
      "looking commands, traced",
      "calls that write",
      { commands, "writing calls": faults.length },
      started,
    );
    expectNone(faults);
  },
});

Deno.test({
  name: "no command opens a connection or signals anybody, and without a network all is the same",
  ignore: !(CAN_TRACE && isFile("/usr/bin/unshare")),
  fn: async () => {
    const started = performance.now();
    const faults: string[] = [];
    let commands = 0;
    await onStage("vanished", async (stage) => {
      for (const line of [...looks(stage), ...WRITES]) {
        const calls = await trace(stage, line, [
          "socket",
          "connect",
          "bind",
          "sendto",
          "kill",
          "tkill",
          "tgkill",
          "openat",
        ]);
        commands++;
        if (!calls.some((call) => call.includes("openat("))) {
          faults.push(`${line.join(" ")}: nothing was traced`);
        }
        const found = calls.filter((call) =>
          /\b(socket|connect|bind|sendto)\(/.test(call) && /AF_INET|AF_NETLINK|AF_PACKET/.test(call)
        );
        const signals = calls.filter((call) => /\bt?g?kill\(/.test(call) && !/, 0\) /.test(call));
        faults.push(...[...found, ...signals].map((call) => `${line.join(" ")}: ${call}`));
      }
      const [here, alone] = [
        await start(["diagnose", "--json"], { home: stage.home }),
        await start(["diagnose", "--json"], { home: stage.home, under: ["/usr/bin/unshare", "-n"] }),
      ];
      if (here.stdout !== alone.stdout) faults.push("diagnose without a network says something else");
    });
    report("network of every command, traced", "sockets and signals", {
      commands,
      "inet sockets": faults.length,
    }, started);
    expectNone(faults);
  },
});

Deno.test({
  name: "what is made is for its owner alone whatever the umask, and everything else keeps its mode",
  ignore: !CAN_BE_NOBODY,
  fn: async () => {
    const started = performance.now();
    const faults: string[] = [];
    let objects = 0;
    for (const umask of [0o000, 0o022, 0o077]) {
      for (const under of [[], AS_NOBODY]) {
        await onStage("vanished", async (stage) => {
          if (under.length > 0) {
            Deno.chmodSync(stage.folder, 0o711);
            giveAway(stage.folder);
          }
          const modes = new Map(
            [...treeOf(stage.home)].map(([path, text]) => [path, / ([0-7]+) /.exec(`${text} `)?.[1]]),
          );
          const setting = { home: stage.home, umask, under };
          for (
            const line of [
              ["sync", "--plan-out", `${stage.folder}/p.json`],
              ["switch", "custom", "--apply"],
              ["backups", "export", "latest", "--csv", `${stage.folder}/o.csv`],
              ["restore", "--apply"],
              ["repair", "all", "--apply"],
            ]
          ) {
            const { code, stderr } = await start(line, setting);
            if (code !== 0) faults.push(`${line.join(" ")}: exit ${code} ${stderr}`);
          }
          for (const [path, text] of treeOf(stage.folder)) {
            const mode = / ([0-7]+) /.exec(`${text} `)?.[1] ?? "";
            const inside = path.replace(/^home\//, "");
            objects++;
            if (path === "/" || path === "home/" || text.startsWith("link")) continue;
            const old = path.startsWith("home/") ? modes.get(inside) : undefined;
            if (old !== undefined && old !== mode) faults.push(`${path}: mode ${old} became ${mode}`);
            if (old === undefined && !/^(600|700)$/.test(mode)) {
              faults.push(`${path}: made with mode ${mode}`);
            }
          }
        });
      }
    }
    report(
      "modes × umask × user",
      "files and folders",
      { objects, "too open or changed": faults.length },
      started,
    );
    expectNone(faults);
  },
});

Deno.test({
  name: "control: a program that writes beside a database and asks the network is found guilty",
  ignore: !CAN_TRACE,
  fn: async () => {
    const started = performance.now();
    await onStage("one", async (stage) => {
      const log = `${stage.folder}/control.log`;
      const source =
        `import sqlite3,socket;sqlite3.connect("${stage.home}/state_5.sqlite").execute("select count(*) from threads").fetchall();socket.socket()`;
      const command = new Deno.Command("/usr/bin/strace", {
        args: [
          "-f",
          "-qq",
          "-y",
          "-s",
          "300",
          "-o",
          log,
          "-e",
          `trace=openat,socket,${WRITING_CALLS.join(",")}`,
          "python3",
          "-c",
          source,
        ],
      });
      await command.output();
      const calls = Deno.readTextFileSync(log).split("\n");
      const guilty = calls.filter((call) => isWrite(call, stage.home)).length;
      const sockets = calls.filter((call) => call.includes("AF_INET")).length;
      report(
        "looking commands, traced",
        "a naive reader",
        { commands: 1, "found guilty": guilty + sockets },
        started,
        { control: true },
      );
      assert(guilty > 0 && sockets > 0, `${guilty} ${sockets}`);
    });
  },
});
