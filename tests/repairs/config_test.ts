import type { RelPath } from "../../lib/core/path.ts";
import { readConfig } from "../../lib/codex/config.ts";
import { configReport } from "../../lib/repairs/config.ts";
import type { Facts, FileEntry } from "../../lib/repairs/repair.ts";
import { assertEquals, assertMatch } from "../assert.ts";
import { factsOf, NO_FILES } from "./facts.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const OPTIONS = { threads: [], from: undefined };

/** Facts about a home of these small files. */
function home(files: Readonly<Record<string, string>>): Facts {
  const layers = Object.keys(files).flatMap((path) => {
    const name = /^(.+)\.config\.toml$/.exec(path)?.[1];
    return name === undefined ? [] : [{ name, bytes: encode(files[path] ?? "") }];
  });
  const config = readConfig(
    files["config.toml"] === undefined ? undefined : encode(files["config.toml"]),
    layers,
  );
  const stat = (path: RelPath): FileEntry | undefined => {
    const text = files[path];
    return text === undefined ? undefined : { name: path, kind: "file", size: text.length, mtimeMs: 7000 };
  };
  const read = (path: RelPath) => files[path] === undefined ? undefined : encode(files[path]);
  return { ...factsOf([], {}, { config }), files: { ...NO_FILES, read, stat } };
}

const OLD = 'profile = "w"\nmodel_provider = "new"\n[model_providers.new]\nname = "n"\n[profiles.w]\n' +
  'model_provider = "openai"\n';

Deno.test("configReport tells the profile that Codex refuses, its line, and how to keep what it chose", () => {
  const [invalid, legacy, ...more] = configReport.find(home({ "config.toml": OLD }));
  assertEquals(more, []);
  assertEquals([invalid?.code, invalid?.severity, invalid?.repair], ["config-invalid", "error", "config"]);
  assertMatch(invalid?.samples.join() ?? "", /^line 1: .*profile/);
  assertMatch(invalid?.message ?? "", /--profile.*"openai".*codexkeep switch/);
  assertEquals([legacy?.code, legacy?.severity, legacy?.repair, legacy?.samples], [
    "config-legacy-profile",
    "info",
    "config",
    ["line 5: profiles.w"],
  ]);
});

Deno.test("configReport cures nothing where only a person knows what is meant", () => {
  const [invalid] = configReport.find(home({ "config.toml": 'model_provider = "gone"\n' }));
  assertEquals([invalid?.repair, invalid?.samples[0]?.slice(0, 7)], [undefined, "line 1:"]);
});

Deno.test("configReport tells each layer file that Codex would refuse, with its line", () => {
  const files = { "config.toml": "", "good.config.toml": 'model = "x"\n', "bad.config.toml": "\nmodel = \n" };
  const [finding, ...more] = configReport.find(home(files));
  assertEquals(more, []);
  assertEquals([finding?.code, finding?.severity, finding?.count], ["config-layer-invalid", "warning", 1]);
  assertMatch(finding?.samples[0] ?? "", /^bad\.config\.toml: line 2, column 9: [^:]+$/);
});

Deno.test("configReport plans the new file and the edit of the old one", () => {
  const draft = configReport.plan?.(home({ "config.toml": OLD }), OPTIONS);
  assertEquals(draft?.skipped, []);
  assertEquals(draft?.changes.map((change) => `${change.kind} ${"path" in change && change.path}`), [
    "make w.config.toml",
    "edit config.toml",
  ]);
  const [make, edit] = draft?.changes ?? [];
  assertEquals(make?.kind === "make" && String(make.content), 'model_provider = "openai"\n');
  assertEquals(edit?.kind === "edit" && [edit.size, edit.mtimeMs], [OLD.length, 7000]);
});

Deno.test("configReport plans nothing for a file in its way, a broken file, none at all, and a sound one", () => {
  const taken = configReport.plan?.(home({ "config.toml": OLD, "w.config.toml": "" }), OPTIONS);
  assertEquals(taken, {
    changes: [],
    skipped: [{ subject: "profiles.w", reason: '"w.config.toml" exists already' }],
  });
  for (const files of [{ "config.toml": "[profiles.w]\nx\n" }, {}, { "config.toml": 'model = "x"\n' }]) {
    assertEquals(configReport.plan?.(home(files), OPTIONS), { changes: [], skipped: [] });
  }
});
