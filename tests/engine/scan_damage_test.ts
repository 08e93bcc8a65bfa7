import { AppError } from "../../lib/core/error.ts";
import type { Damage, Snapshot } from "../../lib/core/snapshot.ts";
import { type Disk, realDisk } from "../../lib/system/disk.ts";
import { compressZstd } from "../../lib/system/zstd.ts";
import { assertEquals } from "../assert.ts";
import { type BuiltHome, type ThreadSpec, withHome } from "../home.ts";
import { CONFIG, fileOf, scanOf } from "./fixture.ts";

const UNIX = Deno.build.os !== "windows";

/** Builds a home of these threads, changes it, and scans it. */
async function scanned(
  threads: readonly ThreadSpec[],
  change: (home: BuiltHome) => void,
  check: (snapshot: Snapshot, home: BuiltHome) => void,
  disk: Disk = realDisk,
): Promise<void> {
  await withHome({ config: CONFIG, threads }, async (home) => {
    change(home);
    check(await scanOf(home.path, { disk }), home);
  });
}

const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** Reasons of all damage in a snapshot, by the last name of the path. */
function damage({ damaged }: Snapshot): Record<string, Damage["reason"] | undefined> {
  return Object.fromEntries(damaged.map(({ path, damage }) => [nameOf(path), damage?.reason]));
}

/** Things that lie where a rollout should, and the damage they are. */
const SHAPES: Readonly<Record<string, readonly [(path: string) => void, Damage["reason"]]>> = {
  "an empty file": [(path) => Deno.writeTextFileSync(path, ""), "empty"],
  "only a newline": [(path) => Deno.writeTextFileSync(path, "\n"), "empty"],
  "text": [(path) => Deno.writeTextFileSync(path, "hello\n"), "first-line-not-json"],
  "a folder": [(path) => Deno.mkdirSync(path), "not-a-file"],
  "a link to a rollout": [
    (path) => {
      Deno.writeTextFileSync(`${path}.real`, "x");
      Deno.symlinkSync(`${path}.real`, path);
    },
    "outside-home",
  ],
  "a dangling link": [(path) => Deno.symlinkSync("/nowhere/at/all", path), "outside-home"],
  "a link to itself": [(path) => Deno.symlinkSync(path, path), "outside-home"],
};

for (const [what, [make, reason]] of Object.entries(SHAPES)) {
  Deno.test(`scan() finds ${what} named like a rollout, and goes on`, { ignore: !UNIX }, async () => {
    await scanned([{ provider: "old" }, { provider: "old" }], (home) => {
      const path = fileOf(home);
      Deno.removeSync(path);
      make(path);
    }, (snapshot, home) => {
      assertEquals(damage(snapshot), { [nameOf(fileOf(home))]: reason });
      const [broken, sound] = home.threads.map(({ id }) => snapshot.threads.get(id)!);
      assertEquals([broken?.rollouts[0]?.damage?.reason, broken?.row?.provider], [reason, "old"]);
      assertEquals(sound?.rollouts[0]?.damage, undefined);
    });
  });
}

Deno.test("scan() does not wait for a pipe named like a rollout", { ignore: !UNIX }, async () => {
  await scanned([{ provider: "old" }], (home) => {
    Deno.removeSync(fileOf(home));
    new Deno.Command("mkfifo", { args: [fileOf(home)] }).outputSync();
  }, (snapshot, home) => {
    assertEquals(damage(snapshot), { [nameOf(fileOf(home))]: "not-a-file" });
  });
});

Deno.test("scan() finds a compressed file that is none, and one whose content is damaged", async () => {
  const threads: ThreadSpec[] = [{ provider: "old", compressed: true }, {
    provider: "old",
    compressed: true,
  }];
  await scanned(threads, (home) => {
    Deno.writeTextFileSync(fileOf(home, 0), "plain text");
    Deno.writeFileSync(fileOf(home, 1), compressZstd(new TextEncoder().encode("{\n")));
  }, (snapshot, home) => {
    assertEquals(damage(snapshot), {
      [nameOf(fileOf(home, 0))]: "compressed-unreadable",
      [nameOf(fileOf(home, 1))]: "first-line-not-json",
    });
  });
});

Deno.test("scan() finds a file whose name and first line disagree, and gives it to the thread of its name", async () => {
  await scanned([{ provider: "old" }, { provider: "old" }], (home) => {
    Deno.copyFileSync(fileOf(home, 0), fileOf(home, 1));
    Deno.copyFileSync(fileOf(home, 0), `${home.path}/sessions/rollout-without-id.jsonl`);
  }, (snapshot, home) => {
    assertEquals(damage(snapshot), {
      [nameOf(fileOf(home, 1))]: "id-differs-from-name",
      "rollout-without-id.jsonl": "id-differs-from-name",
    });
    const [first, second] = home.threads.map(({ id }) => snapshot.threads.get(id)!);
    assertEquals([first?.rollouts.length, second?.rollouts.length], [1, 1]);
  });
});

Deno.test("scan() finds every file of a thread wherever it lies below its folders", async () => {
  await scanned([{ provider: "old" }], (home) => {
    const text = Deno.readFileSync(fileOf(home));
    const name = nameOf(fileOf(home));
    for (const folder of ["sessions", "sessions/x/y/z/w", "archived_sessions", "archived_sessions/2026"]) {
      Deno.mkdirSync(`${home.path}/${folder}`, { recursive: true });
      Deno.writeFileSync(`${home.path}/${folder}/${name}`, text);
    }
    Deno.writeFileSync(`${home.path}/${name}`, text);
    Deno.writeFileSync(`${fileOf(home)}.bak`, text);
    Deno.writeFileSync(`${fileOf(home).replace("rollout-", "")}`, text);
    Deno.writeFileSync(`${fileOf(home).replace("rollout-", ".codexkeep-rollout-")}`, text);
  }, (snapshot, home) => {
    const { rollouts } = snapshot.threads.get(home.threads[0]!.id)!;
    assertEquals(rollouts.length, 5);
    assertEquals(rollouts.filter(({ archived }) => archived).length, 2);
    assertEquals(snapshot.damaged, []);
  });
});

Deno.test(
  "scan() takes names of any length and script, and refuses those that another system reads otherwise",
  {
    ignore: !UNIX,
  },
  async () => {
    await scanned([{ provider: "old" }], (home) => {
      const text = Deno.readFileSync(fileOf(home));
      const name = nameOf(fileOf(home));
      const folder = `${home.path}/sessions`;
      for (const odd of ["日本 ünïcode", "a\nb", "C:", "con", "tail.", "nul.txt", "back\\slash"]) {
        Deno.mkdirSync(`${folder}/${odd}`);
        Deno.writeFileSync(`${folder}/${odd}/${name}`, text);
      }
      Deno.writeFileSync(`${folder}/rollout-${"x".repeat(204)}-${home.threads[0]!.id}.jsonl`, text);
    }, (snapshot, home) => {
      const { rollouts } = snapshot.threads.get(home.threads[0]!.id)!;
      const unsafe = rollouts.filter(({ damage }) => damage?.reason === "unsafe-name").map(({ path }) =>
        path.split("/")[1]
      );
      assertEquals(unsafe, ["C:", "a\nb", "back\\slash", "con", "nul.txt", "tail."]);
      assertEquals(rollouts.filter(({ damage }) => damage === undefined).length, 3);
    });
  },
);

Deno.test("scan() passes over names that are no text", { ignore: Deno.build.os !== "linux" }, async () => {
  await scanned([{ provider: "old" }], (home) => {
    const script = `cd "$1" && x=$(printf '\\377') && mkdir "$x" && echo x > "rollout-$x-$2.jsonl"`;
    new Deno.Command("sh", { args: ["-c", script, "sh", `${home.path}/sessions`, home.threads[0]!.id] })
      .outputSync();
  }, (snapshot, home) => {
    // some versions of the runtime do not list such names at all
    assertEquals(Object.values(damage(snapshot)).filter((reason) => reason !== "unreadable"), []);
    const { rollouts } = snapshot.threads.get(home.threads[0]!.id)!;
    assertEquals(rollouts.filter(({ damage }) => damage === undefined).length, 1);
  });
});

Deno.test("scan() follows no link out of its folders, and says where one is", { ignore: !UNIX }, async () => {
  await scanned([{ provider: "old" }, { provider: "old", archived: true }], (home) => {
    const outside = `${home.path}/../outside`;
    Deno.renameSync(`${home.path}/archived_sessions`, outside);
    Deno.symlinkSync(outside, `${home.path}/archived_sessions`);
    Deno.symlinkSync(outside, `${home.path}/sessions/linked`);
    Deno.symlinkSync("loop", `${home.path}/sessions/loop`);
    Deno.symlinkSync("/nowhere", `${home.path}/sessions/dangling`);
  }, (snapshot, home) => {
    assertEquals(damage(snapshot), { "linked": "outside-home", "archived_sessions": "outside-home" });
    assertEquals(snapshot.threads.get(home.threads[1]!.id)?.rollouts, []);
  });
});

Deno.test("scan() finds a folder it may not read, and goes on", async () => {
  const closed: Disk = {
    ...realDisk,
    list: (path) => {
      if (path.endsWith("/closed")) throw new AppError("failed", `cannot list "${path}": permission denied`);
      return realDisk.list(path);
    },
  };
  await scanned(
    [{ provider: "old" }],
    (home) => Deno.mkdirSync(`${home.path}/sessions/closed`),
    (snapshot, home) => {
      assertEquals(damage(snapshot), { "closed": "unreadable" });
      assertEquals(snapshot.threads.get(home.threads[0]!.id)?.rollouts.length, 1);
    },
    closed,
  );
});

Deno.test("scan() finds a file it may not read, and one that fails while it is read", async () => {
  const failing: Disk = {
    ...realDisk,
    openRead: (path, options) => {
      if (path.includes("closed")) throw new AppError("failed", `cannot read "${path}": permission denied`);
      const file = realDisk.openRead(path, options);
      if (!path.includes("torn")) return file;
      return {
        ...file,
        size: file.size,
        read: () => {
          throw new AppError("failed", `cannot read "${path}": input/output error`);
        },
      };
    },
  };
  await scanned([{ provider: "old" }], (home) => {
    for (const folder of ["closed", "torn"]) {
      Deno.mkdirSync(`${home.path}/sessions/${folder}`);
      Deno.copyFileSync(fileOf(home), `${home.path}/sessions/${folder}/${nameOf(fileOf(home))}`);
    }
  }, (snapshot) => {
    assertEquals(snapshot.damaged.map(({ damage }) => damage?.reason), ["unreadable", "unreadable"]);
  }, failing);
});
