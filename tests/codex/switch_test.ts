/** `codexkeep switch` judged by the real Codex: configuration, model and history change hands together. */
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { type Cast, makeCast, ROLES, withCast } from "./cast.ts";
import { withCopy, withServer } from "./home.ts";
import { asText } from "./json.ts";
import { differences, observe } from "./oracle.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";
import { newThread } from "./threads.ts";

const BRIEFLY = { roles: ["middleChild", "legacyChild"], rebuilt: false } as const;

Deno.test("switch --apply", async (test) => {
  const cast = await makeCast("custom");
  try {
    await test.step("changes config, model and history in one record, and restore takes back all of it", () =>
      withCast(cast, checkSwitch));
    await test.step("repairs a config that Codex does not accept", () => withCast(cast, checkRefused));
    await test.step("--no-sync leaves the history where it is", () => withCast(cast, checkNoSync));
  } finally {
    await cast.home.dispose();
  }
});

async function checkSwitch(copy: Cast): Promise<void> {
  const { home } = copy;
  home.configure("custom", 'model_reasoning_effort = "high" # thinks longer');
  const before = printHome(home.path);
  const shown = await observe(copy, "custom", BRIEFLY);
  const config = readConfig(home.path);
  const done = await keep(home, ["switch", "relay", "--model", "gpt-5.2", "--apply"]);
  assertEquals(pick(done, "plan.moves"), [{ from: "custom", to: "relay", threads: ROLES.length }]);
  assertEquals(
    readConfig(home.path),
    config.replace('model = "gpt-5"', 'model = "gpt-5.2"')
      .replace('model_provider = "custom"', 'model_provider = "relay"'),
  );
  assertEquals(await complaints(home), []);
  assertEquals(await inUse(copy), { provider: "relay", model: "gpt-5.2" });
  assertEquals(differences(shown, await observe(copy, "relay", BRIEFLY)), []);
  const records = pick(await keep(home, ["backups", "list"]), "records") as readonly unknown[];
  assertEquals(records.length, 1);
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(before, printHome(home.path)), []);
}

/** The provider and the model Codex begins a thread with. */
async function inUse({ home }: Cast) {
  await withCopy(home, (copy) => withServer(copy, (server) => newThread(server, { messages: ["hello"] })));
  const request = home.model.requests.at(-1);
  return { provider: request?.provider, model: request?.model };
}

async function checkRefused({ home, ids }: Cast): Promise<void> {
  Deno.writeTextFileSync(
    `${home.path}/config.toml`,
    readConfig(home.path).replace('model_provider = "custom"', 'model_provider = "lost"'),
  );
  assertStringIncludes((await complaints(home)).join(), "error config-invalid 1");
  await keep(home, ["switch", "relay", "--apply"]);
  assertEquals(await complaints(home), []);
  await withServer(home, async (server) => {
    const { thread } = await server.call("thread/resume", { threadId: ids.root, excludeTurns: true });
    assertEquals(asText((thread as { readonly modelProvider: string }).modelProvider), "relay");
  });
}

async function checkNoSync({ home }: Cast): Promise<void> {
  const before = printHome(home.path);
  await keep(home, ["switch", "relay", "--no-sync", "--apply"]);
  const { files, rows } = printHome(home.path);
  const changed = [...files].filter(([path, print]) => before.files.get(path) !== print);
  assertEquals(changed.map(([path]) => path), ["config.toml"]);
  assertEquals(rows, before.rows);
  assertEquals(await complaints(home), [`warning provider-mismatch ${ROLES.length}`]);
}

function readConfig(home: string): string {
  return Deno.readTextFileSync(`${home}/config.toml`);
}
