import { DatabaseSync } from "node:sqlite";
import type { AbsPath } from "../../lib/core/path.ts";
import type { DatabaseView, Snapshot } from "../../lib/core/snapshot.ts";
import { scan } from "../../lib/engine/scan.ts";
import type { Machine } from "../../lib/system/machine.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { type BuiltHome, type HomeSpec, withHome } from "../home.ts";
import { CONFIG, machineOf } from "./fixture.ts";

const HOME: HomeSpec = { config: CONFIG, threads: [{ provider: "old" }] };
const NAME = "state_5.sqlite";

interface Look {
  readonly sqliteHome?: string;
  readonly machine?: Partial<Machine>;
}

async function look(home: BuiltHome, { sqliteHome, machine }: Look = {}): Promise<Snapshot> {
  return await scan(machineOf(machine), { home: home.path, sqliteHome });
}

/** Copies the database of a home, with a time of its own. */
function copyTo(home: BuiltHome, folder: string, at = new Date(2000, 0, 1), name = NAME): string {
  Deno.mkdirSync(folder, { recursive: true });
  const path = `${folder}/${name}`;
  Deno.copyFileSync(home.state!, path);
  Deno.utimeSync(path, at, at);
  return path;
}

function writeConfig(home: BuiltHome, sqliteHome: string): void {
  Deno.writeTextFileSync(`${home.path}/config.toml`, `sqlite_home = ${JSON.stringify(sqliteHome)}\n`);
}

/** Path, origin and liveness of every database, paths below the folder of the home. */
function shown({ databases, home }: Snapshot): string[] {
  const root = home.slice(0, home.lastIndexOf("/") + 1);
  return databases.map(({ path, origin, live }) =>
    `${path.replace(root, "")} ${origin}${live ? " live" : ""}`
  );
}

Deno.test("scan() takes the database in the home", async () => {
  await withHome(HOME, async (home) => {
    const snapshot = await look(home);
    assertEquals(shown(snapshot), [`home/${NAME} home live`]);
    assertEquals([snapshot.live?.threads, snapshot.live?.problem], [1, undefined]);
    assertStringIncludes(snapshot.live?.because ?? "", "default place");
  });
});

Deno.test("scan() takes the database in the app's place when there is no other", async () => {
  await withHome({ ...HOME, database: { place: "sqlite" } }, async (home) => {
    const snapshot = await look(home);
    assertEquals(shown(snapshot), [`home/sqlite/${NAME} home/sqlite live`]);
    assertStringIncludes(snapshot.live?.because ?? "", "app's place");
  });
});

Deno.test("scan() takes of Codex's own two places the one written last, and shows both", async () => {
  await withHome(HOME, async (home) => {
    const second = copyTo(home, `${home.path}/sqlite`);
    assertEquals(shown(await look(home)), [`home/${NAME} home live`, `home/sqlite/${NAME} home/sqlite`]);
    const later = new Date(2100, 0, 1);
    Deno.utimeSync(second, later, later);
    const snapshot = await look(home);
    assertEquals(shown(snapshot), [`home/${NAME} home`, `home/sqlite/${NAME} home/sqlite live`]);
    assertEquals(snapshot.databases[0]?.because, "written earlier");
  });
});

Deno.test("scan() goes by the log of a database too: that is what Codex writes first", async () => {
  await withHome(HOME, async (home) => {
    const database = new DatabaseSync(home.state!);
    database.exec("pragma journal_mode = wal; pragma wal_autocheckpoint = 0; update threads set cwd = '/x'");
    // the log of an open database, as a running Codex leaves it
    copyTo(home, `${home.path}/sqlite`);
    Deno.copyFileSync(`${home.state!}-wal`, `${home.path}/sqlite/${NAME}-wal`);
    database.close();
    const [early, late] = [new Date(2001, 0, 1), new Date(2100, 0, 1)];
    Deno.utimeSync(home.state!, early, early);
    Deno.utimeSync(`${home.path}/sqlite/${NAME}-wal`, late, late);
    const snapshot = await look(home);
    assertEquals(shown(snapshot).at(-1), `home/sqlite/${NAME} home/sqlite live`);
    assertEquals(snapshot.threads.get(home.threads[0]!.id)?.row?.cwd, "/x");
  });
});

/** The places somebody may name, each with what names it. */
const NAMED: readonly (readonly [DatabaseView["origin"], string, (home: BuiltHome) => Look])[] = [
  ["flag", "elsewhere", (home) => ({ sqliteHome: `${home.path}/../elsewhere` })],
  ["flag", "elsewhere", (home) => ({
    sqliteHome: "elsewhere",
    machine: { cwd: () => home.path.replace(/\/home$/, "") as AbsPath },
  })],
  ["flag", "elsewhere", (home) => ({
    sqliteHome: "~/elsewhere",
    machine: { userHome: home.path.replace(/\/home$/, "") as AbsPath },
  })],
  ["environment", "elsewhere", (home) => ({
    machine: { env: (name) => name === "CODEX_SQLITE_HOME" ? `${home.path}/../elsewhere/` : undefined },
  })],
  ["environment", "home/inside", () => ({
    machine: { env: (name) => name === "CODEX_SQLITE_HOME" ? "inside" : undefined },
  })],
  ["config", "home/inside", (home) => (writeConfig(home, "inside"), {})],
  ["config", "elsewhere", (home) => (writeConfig(home, `${home.path}/../elsewhere`), {})],
  ["config", "elsewhere", (home) => {
    writeConfig(home, "~/elsewhere");
    return { machine: { userHome: home.path.replace(/\/home$/, "") as AbsPath } };
  }],
];

NAMED.forEach(([origin, place, make], index) => {
  Deno.test(`scan() takes a place named by ${origin}, older or not (${index})`, async () => {
    await withHome(HOME, async (home) => {
      copyTo(home, `${home.path.replace(/home$/, "")}${place}`);
      const snapshot = await look(home, make(home));
      assertEquals(shown(snapshot), [`${place}/${NAME} ${origin} live`, `home/${NAME} home`]);
      assertMatch(snapshot.databases[1]?.because ?? "", /names another place/);
    });
  });
});

Deno.test("scan() takes the flag before the configuration, and that before the environment", async () => {
  await withHome(HOME, async (home) => {
    for (const name of ["a", "b", "c"]) copyTo(home, `${home.path}/${name}`);
    writeConfig(home, "b");
    const env = { env: (name: string) => name === "CODEX_SQLITE_HOME" ? "c" : undefined };
    const all = await look(home, { sqliteHome: `${home.path}/a`, machine: env });
    assertEquals(shown(all).map((line) => line.split(" ").slice(1).join(" ")), [
      "flag live",
      "config",
      "environment",
      "home",
    ]);
    assertEquals(shown(await look(home, { machine: env }))[0], `home/b/${NAME} config live`);
  });
});

Deno.test("scan() takes empty names for none", async () => {
  await withHome(HOME, async (home) => {
    writeConfig(home, "");
    const snapshot = await look(home, { sqliteHome: "", machine: { env: () => "" } });
    assertEquals(shown(snapshot), [`home/${NAME} home live`]);
  });
});

Deno.test("scan() reports a named place without a database instead of taking another", async () => {
  await withHome(HOME, async (home) => {
    const snapshot = await look(home, { sqliteHome: `${home.path}/nowhere` });
    assertEquals(shown(snapshot), [`home/nowhere/${NAME} flag live`, `home/${NAME} home`]);
    assertEquals(snapshot.live?.problem?.code, "database-missing");
    assertEquals([...snapshot.threads.values()].map(({ row }) => row), [undefined]);
    assertEquals(Deno.readDirSync(home.path).some(({ name }) => name === "nowhere"), false);
  });
});

Deno.test("scan() lists a place that is named twice once, under its first name", async () => {
  await withHome(HOME, async (home) => {
    writeConfig(home, home.path + "/");
    assertEquals(shown(await look(home)), [`home/${NAME} config live`]);
  });
});

Deno.test(
  "scan() takes two ways to one database for one",
  { ignore: Deno.build.os === "windows" },
  async () => {
    await withHome(HOME, async (home) => {
      Deno.symlinkSync(home.path, `${home.path}/../link`);
      Deno.symlinkSync(".", `${home.path}/sqlite`);
      assertEquals(shown(await look(home)), [`home/${NAME} home live`]);
      const named = await look(home, { sqliteHome: `${home.path}/../link` });
      assertEquals(shown(named), [`link/${NAME} flag live`]);
    });
  },
);

Deno.test("scan() shows databases of other epochs, and never takes one for the live one", async () => {
  await withHome(HOME, async (home) => {
    for (const epoch of [4, 6, 12]) copyTo(home, home.path, new Date(2100, 0, 1), `state_${epoch}.sqlite`);
    const snapshot = await look(home);
    assertEquals(shown(snapshot), [
      "home/state_12.sqlite home",
      "home/state_4.sqlite home",
      `home/${NAME} home live`,
      "home/state_6.sqlite home",
    ]);
    assertMatch(snapshot.databases[0]?.because ?? "", /not this epoch/);
    Deno.removeSync(home.state!);
    assertEquals((await look(home)).live, undefined);
  });
});

Deno.test("scan() of a home without a database has no live one", async () => {
  await withHome({ ...HOME, database: false }, async (home) => {
    const snapshot = await look(home);
    assertEquals([snapshot.databases, snapshot.live, snapshot.threads.size], [[], undefined, 1]);
  });
});

/** What may lie in the place of a database, and the class of its problem. */
const BROKEN: Readonly<Record<string, readonly [(path: string) => void, string]>> = {
  "an empty file": [(path) => Deno.writeFileSync(path, new Uint8Array()), "database-malformed"],
  "a text": [(path) => Deno.writeTextFileSync(path, "hello\n".repeat(1000)), "database-malformed"],
  "half a database": [
    (path) => Deno.truncateSync(path, Math.floor(Deno.statSync(path).size / 2)),
    "database-malformed",
  ],
  "a database cut to some bytes": [(path) => Deno.truncateSync(path, 40), "database-malformed"],
  "garbage behind the header": [
    (path) => Deno.writeFileSync(path, Deno.readFileSync(path).fill(0xa5, 100)),
    "database-malformed",
  ],
  "a folder": [(path) => (Deno.removeSync(path), Deno.mkdirSync(path)), "database-unreadable"],
  "a database without threads": [(path) => run(path, "drop table threads"), "database-schema"],
  "a view": [
    (path) => run(path, "alter table threads rename to t; create view threads as select * from t"),
    "database-schema",
  ],
  "a table that lost a column": [
    (path) => run(path, "alter table threads rename column model_provider to provider"),
    "database-schema",
  ],
  "a trigger on rows": [
    (path) => run(path, "create trigger t after update on threads begin select 1; end"),
    "database-schema",
  ],
};

function run(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

for (const [what, [damage, code]] of Object.entries(BROKEN)) {
  Deno.test(`scan() names the problem of ${what} in the place of the database, and still reads the files`, async () => {
    await withHome(HOME, async (home) => {
      damage(home.state!);
      const snapshot = await look(home);
      assertEquals(snapshot.live?.problem?.code, code, snapshot.live?.problem?.message);
      assertEquals([snapshot.live?.threads, snapshot.threads.size], [undefined, 1]);
    });
  });
}

Deno.test("scan() is not led in a circle by links", { ignore: Deno.build.os === "windows" }, async () => {
  await withHome(HOME, async (home) => {
    Deno.removeSync(home.state!);
    Deno.symlinkSync(NAME, home.state!);
    Deno.symlinkSync("sqlite", `${home.path}/sqlite`);
    const snapshot = await look(home);
    assertEquals(snapshot.databases.map(({ problem }) => problem?.code), ["database-unreadable"]);
    assertEquals([snapshot.live, snapshot.threads.size], [undefined, 1]);
  });
});

Deno.test("scan() reads a database with more columns and tables than it knows", async () => {
  await withHome(HOME, async (home) => {
    run(home.state!, "alter table threads add column future text default 'x'; create table more (id)");
    const snapshot = await look(home);
    assertEquals([snapshot.live?.problem, snapshot.live?.threads], [undefined, 1]);
  });
});
