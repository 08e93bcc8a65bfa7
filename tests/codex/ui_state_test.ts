/**
 * `codexkeep repair ui-state` and `repair all` through the program, on a home that the real Codex made. The state of the
 * desktop app is a fixture from its documented form, because no desktop app runs here.
 */
import { assertEquals } from "../assert.ts";
import { makeCast, withCast } from "./cast.ts";
import { withHome, withServer } from "./home.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";
import { newThread } from "./threads.ts";

Deno.test("repair ui-state opens the sidebar of the desktop app again, and restores every byte", async () => {
  await withHome("mock", async (home) => {
    const id = await withServer(home, (server) => newThread(server, { messages: ["one"] }));
    const file = `${home.path}/.codex-global-state.json`;
    const state = '{\r\n  "electron-saved-workspace-roots": ["' + home.work + '"],\r\n' +
      `  "thread-workspace-root-hints": {"${id}": "/gone"},\r\n` +
      '  "local-projects": {"p": {"id": "p",  "rootPaths": []}},\r\n' +
      '  "electron-persisted-atom-state": {"sidebar-workspace-filter-v2": "relevant", "x": 1.0}\r\n}';
    Deno.writeTextFileSync(file, state);
    assertEquals(await complaints(home), [
      "warning ui-state-filter 1",
      "warning ui-state-invalid 1",
      "warning ui-state-stale 1",
    ]);
    const before = printHome(home.path);
    const repair = await keep(home, ["repair", "ui-state", "--apply"]);
    assertEquals([pick(repair, "applied"), pick(repair, "verified")], [true, true]);
    assertEquals(await complaints(home), []);
    const text = Deno.readTextFileSync(file);
    assertEquals(
      text.replace(/, {2}"createdAt": \d+, {2}"updatedAt": \d+/, "").replace('"all"', '"relevant"')
        .replace(`"${id}": "${home.work}"`, `"${id}": "/gone"`),
      state,
      "every other byte is as it was",
    );
    assertEquals(pick(await keep(home, ["repair", "ui-state", "--apply"]), "plan.changes"), 0);
    await keep(home, ["restore", "latest", "--apply"]);
    assertEquals(printDifferences(before, printHome(home.path)), []);
  });
});

Deno.test("repair cwd takes the desktop app along, and restores every byte", async () => {
  await withHome("mock", async (home) => {
    const id = await withServer(home, (server) => newThread(server, { messages: ["one"] }));
    const file = `${home.path}/.codex-global-state.json`;
    const state = (folder: string) =>
      JSON.stringify({
        "electron-saved-workspace-roots": [folder],
        "thread-workspace-root-hints": { [id]: folder },
      });
    Deno.writeTextFileSync(file, state(home.work));
    const before = printHome(home.path);
    await keep(home, ["repair", "cwd", "ui-state", "--map", `${home.work}=/new/place`, "--apply"]);
    assertEquals(Deno.readTextFileSync(file), state("/new/place"));
    await keep(home, ["restore", "latest", "--apply"]);
    assertEquals(printDifferences(before, printHome(home.path)), []);
  });
});

Deno.test("repair all has nothing to do on a healthy home", async () => {
  const cast = await makeCast("custom");
  try {
    await withCast(cast, async ({ home }) => {
      home.configure("custom");
      const repair = await keep(home, ["repair", "all", "--include-archived", "--dry-run"]);
      assertEquals([pick(repair, "plan.changes"), pick(repair, "plan.skipped")], [0, []]);
    });
  } finally {
    await cast.home.dispose();
  }
});
