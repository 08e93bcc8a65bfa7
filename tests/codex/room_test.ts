/** Where a long provider id finds its room in a first line, and that the real Codex misses nothing of it. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { type Cast, makeCast, type Role, ROLES } from "./cast.ts";
import { filesOf, linesOf } from "./disk.ts";
import { withServer } from "./home.ts";
import { fieldOf } from "./json.ts";
import { differences, type Observation, observe } from "./oracle.ts";
import { keep, pick } from "./program.ts";
import { resume } from "./readers.ts";

/** They have one key more to spare than the others. */
const FORKS: readonly Role[] = ["child", "quietChild", "middleChild", "grandChild", "revertedChild"];
const LEGACY: readonly Role[] = ["legacy", "legacyChild", "legacyMeta"];

Deno.test("sync --apply to an id of 150 characters moves what has room for it, and Codex misses nothing", async () => {
  const cast = await makeCast("custom");
  try {
    await checkLong(cast);
  } finally {
    await cast.home.dispose();
  }
});

async function checkLong(cast: Cast): Promise<void> {
  const { home, ids } = cast;
  const provider = longId(home.work);
  const before = await observe(cast, "custom", { roles: FORKS });
  home.configure(provider);
  const sync = await keep(home, ["sync", "--apply"], 8);
  const skipped = pick(sync, "plan.skipped") as readonly {
    readonly subject: string;
    readonly reason: string;
  }[];
  const moved = [...FORKS, ...LEGACY];
  const stayed = ROLES.filter((role) => !moved.includes(role));
  assertEquals(skipped.map(({ subject }) => subject).toSorted(), stayed.map((role) => ids[role]).toSorted());
  for (const { reason } of skipped) assertStringIncludes(reason, "no room for a longer provider name");
  for (const role of FORKS) {
    const [path = ""] = filesOf(home.path, ids[role]);
    assertEquals(fieldOf(fieldOf(linesOf(path)[0], "payload"), "forked_from_ordinal_exclusive"), null, role);
  }
  assertEquals(differences(used(before), used(await observe(cast, provider, { roles: FORKS }))), []);
  await withServer(home, async (server) => {
    for (const role of LEGACY) assert((await resume(server, ids[role])).ok, role);
  });
}

/** Too long for what threads of any kind can spare, short enough for a fork. */
function longId(work: string): string {
  const spare = '"session_id":"",'.length + 36 + `"runtime_workspace_roots":["${work}"],`.length;
  return "l".padEnd("custom".length + spare + 10, "o");
}

/** What was said of the threads when they were opened; the lists show those that stayed behind, too. */
function used(observation: Observation): Observation {
  return Object.fromEntries(
    Object.entries(observation).filter(([question]) => !/: (list .*|rows)$/.test(question)),
  );
}
