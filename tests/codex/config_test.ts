/** `repair config` judged by the real Codex: a configuration it refused is accepted, and its profiles work again. */
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { type TestHome, withHome } from "./home.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";

const PROFILES =
  '\n# where I work\n[profiles.work]\nmodel = "gpt-5.2" # the good one\nmodel_provider = "relay"\n' +
  '[profiles.work.features]\nshell_tool = true\n\n[profiles.play]\nmodel = "gpt-5.1"\n';

Deno.test("repair config makes profiles that Codex accepts out of those it refuses", async () => {
  await withHome("mock", async (home) => {
    const path = `${home.path}/config.toml`;
    const plain = Deno.readTextFileSync(path);
    assertEquals(await usedBy(home, []), "mock gpt-5");
    Deno.writeTextFileSync(path, `profile = "work"\n${plain}${PROFILES}`);
    assertStringIncludes(await usedBy(home, []), 'legacy `profile = "work"` config is no longer supported');
    assertStringIncludes(await usedBy(home, ["--profile", "play"]), "cannot be used while");
    assertStringIncludes((await complaints(home)).join(), "error config-invalid 1");
    const before = printHome(home.path);
    await keep(home, ["repair", "config", "--apply"]);
    assertEquals(Deno.readTextFileSync(path), `${plain}\n`);
    assertEquals((await complaints(home)).filter((one) => one.includes("config")), []);
    assertEquals(pick(await keep(home, ["repair", "config"]), "plan.changes"), 0);
    await keep(home, ["restore", "latest", "--apply"]);
    assertEquals(printDifferences(before, printHome(home.path)), []);
    await keep(home, ["repair", "config", "--apply"]);
    assertEquals(await usedBy(home, []), "mock gpt-5");
    assertEquals(await usedBy(home, ["--profile", "work"]), "relay gpt-5.2");
    assertEquals(await usedBy(home, ["--profile", "play"]), "mock gpt-5.1");
    // Once config.toml was changed by others, the tables cannot go back into it, and must not be lost.
    Deno.writeTextFileSync(path, `# changed\n${plain}`);
    await keep(home, ["restore", "latest", "--apply"], 2);
    await keep(home, ["restore", "latest", "--force", "--apply"], 8);
    assertEquals(await usedBy(home, ["--profile", "work"]), "relay gpt-5.2");
  });
});

/** Provider and model of a turn with these flags, or how Codex refused them. */
async function usedBy(home: TestHome, flags: readonly string[]): Promise<string> {
  const { code, stderr } = await home.run([...flags, "exec", "--skip-git-repo-check", "hello"]);
  if (code !== 0) return stderr;
  const request = home.model.requests.at(-1);
  return `${request?.provider} ${request?.model}`;
}
