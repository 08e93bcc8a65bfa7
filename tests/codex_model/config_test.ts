import { BUILT_IN_PROVIDERS, isDeclared, knownProviders, readConfig } from "../../lib/codex/config.ts";
import type { ConfigView } from "../../lib/core/snapshot.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";

function read(text: string | Uint8Array): ConfigView {
  return readConfig(typeof text === "string" ? new TextEncoder().encode(text) : text, []);
}

const CUSTOM = '[model_providers.custom]\nname = "Custom"\n';

Deno.test("readConfig() of no file is Codex's default", () => {
  assertEquals<ConfigView>(readConfig(undefined, []), {
    exists: false,
    problems: [],
    provider: { id: "openai", source: "built-in default" },
    rootProvider: undefined,
    rootModel: undefined,
    sqliteHome: undefined,
    declared: new Map(),
    layers: [],
    legacyProfiles: [],
  });
  assertEquals(read("").exists, true);
  assertEquals(read("# nothing\n").provider, { id: "openai", source: "built-in default" });
});

Deno.test("readConfig() reads the keys that matter", () => {
  const view = read(
    `model_provider = "custom"\nmodel = "m"\nsqlite_home = "~/db"\n${CUSTOM}model = "large"\n` +
      '[model_providers.other]\nname = "Other"\n',
  );
  assertEquals(view.problems, []);
  assertEquals(view.provider, { id: "custom", source: "config.toml" });
  assertEquals([view.rootProvider, view.rootModel, view.sqliteHome], ["custom", "m", "~/db"]);
  assertEquals([...view.declared], [["custom", { model: "large" }], ["other", { model: undefined }]]);
});

Deno.test("readConfig() takes every way TOML has to say the same", () => {
  const ways = [
    `model_provider = 'custom'\n${CUSTOM}`,
    `"model_provider" = "custom"\n${CUSTOM}`,
    `'model_provider'="""custom"""\n${CUSTOM}`,
    `model_provider = "cu\\u0073tom" # "openai"\n${CUSTOM}`,
    `\ufeffmodel_provider = "custom"\r\n${CUSTOM.replaceAll("\n", "\r\n")}`,
    'model_provider = "custom"\nmodel_providers.custom.name = "C"\n',
    'model_provider = "custom"\nmodel_providers = { custom = { name = "C" } }\n',
    'model_provider = "custom"\n[model_providers]\n"custom".name = "C"\n',
    'model_provider = "custom"\n[ model_providers . "custom" ]\nname = "C"\n',
  ];
  for (const text of ways) {
    const view = read(text);
    assertEquals(
      [view.problems.length, view.provider.id, view.declared.has("custom")],
      [0, "custom", true],
      text,
    );
  }
});

Deno.test("readConfig() does not take a key of a table for a root key", () => {
  const view = read(
    `${CUSTOM}model_provider = "x"\nprofile = "p"\n[other]\nmodel_provider = "x"\nmodel = "y"\n`,
  );
  assertEquals([view.rootProvider, view.rootModel, view.problems.length], [undefined, undefined, 0]);
});

Deno.test("readConfig() knows ids that need quotes, and tells their case apart", () => {
  const view = read(
    'model_provider = "OpenAI"\n[model_providers.OpenAI]\nname="o"\n[model_providers."a b.c"]\nname="x"\n',
  );
  assertEquals(view.problems, []);
  assertEquals([isDeclared(view, "OpenAI"), isDeclared(view, "openAI"), isDeclared(view, "a b.c")], [
    true,
    false,
    true,
  ]);
  const evil = read('[model_providers.__proto__]\nname="x"\n[model_providers.constructor]\nname="x"\n');
  assertEquals([...evil.declared.keys()], ["__proto__", "constructor"]);
  assertEquals(isDeclared(read(""), "constructor"), false);
});

Deno.test("readConfig() takes built-in providers without a table", () => {
  for (const id of BUILT_IN_PROVIDERS) {
    const view = read(`model_provider = "${id}"\n`);
    assertEquals([view.problems.length, view.provider], [0, { id, source: "config.toml" }]);
  }
});

/** Files that Codex 0.169 refuses, with a word of the reason and the line it stands on. */
const REFUSED: Readonly<Record<string, readonly [string, RegExp, number | undefined]>> = {
  "an undeclared provider": ['model = "m"\nmodel_provider = "gone"\n', /"gone".*declares/, 2],
  "another case": [`model_provider = "Custom"\n${CUSTOM}`, /"Custom"/, 1],
  "spaces in the id": ['model_provider = " openai"\n', /" openai"/, 1],
  "a removed built-in provider": ['model_provider = "ollama-chat"\n', /"ollama-chat"/, 1],
  "an empty provider": ['model_provider = ""\n', /empty/, 1],
  "a provider that is a number": ["model_provider = 5\n", /not a string/, 1],
  "a provider that is a list": ['\nmodel_provider = ["custom"]\n', /not a string/, 2],
  "a provider that is a table": ['[model_provider]\nid = "custom"\n', /not a string/, 1],
  "a model that is a number": ["model = 5\n", /model is not a string/, 1],
  "a database home that is a number": ["sqlite_home = 5\n", /sqlite_home is not a string/, 1],
  "a profile": [`profile = "p"\nmodel_provider = "custom"\n${CUSTOM}`, /profile/, 1],
  "providers that are no table": ['model_providers = "custom"\n', /not a table/, 1],
  "profiles that are no table": ["x = 1\nprofiles = 3\n", /profiles is not a table/, 2],
  "a provider that is no table": ["model_providers.custom = 1\n", /custom\] is not a table/, 1],
  "a provider without a name": [
    '[model_providers.custom]\nbase_url = "http://x"\n',
    /has no name/,
    1,
  ],
  "a provider with an empty name": ['[model_providers.custom]\nname = ""\n', /has no name/, 2],
  "a provider whose name is a number": ["[model_providers.custom]\nname = 5\n", /has no name/, 2],
  "a wire_api of old": [`${CUSTOM}wire_api = "chat"\n`, /wire_api/, 3],
  "a second openai": ['[model_providers.openai]\nname = "O"\n', /openai\] redefines/, 1],
  "a second ollama": ['[model_providers.ollama]\nname = "O"\n', /ollama\] redefines/, 1],
  "a second lmstudio": ['[model_providers.lmstudio]\nname = "O"\n', /lmstudio\] redefines/, 1],
};

for (const [what, [text, reason, line]] of Object.entries(REFUSED)) {
  Deno.test(`readConfig() says that Codex refuses ${what}`, () => {
    const { problems, provider } = read(text);
    assertEquals(problems.length, 1);
    assertMatch(problems[0]!.message, reason);
    assertEquals([problems[0]!.kind, problems[0]!.line], ["refused", line]);
    assertEquals(provider, { id: "openai", source: "built-in default, config.toml is not usable" });
  });
}

Deno.test("readConfig() has nothing against what Codex accepts", () => {
  const texts = [
    "[model_providers]\n",
    `${CUSTOM}wire_api = "responses"\nunknown = 1\n`,
    '[model_providers.gcp]\nproject_id = "p"\n[model_providers.amazon-bedrock]\naws.region = "r"\n',
    '[model_providers.""]\nname = "x"\n',
    '[profiles.p]\nmodel = "m"\n',
    "unknown_root = 3\n",
    "d = 1979-05-27T07:32:00Z\nn = 9223372036854775807\n",
  ];
  for (const text of texts) assertEquals(read(text).problems, [], text);
});

Deno.test("readConfig() finds a fault of syntax and its line, and never repeats a secret", () => {
  const faults: readonly (readonly [string | Uint8Array, number])[] = [
    ["a = 1\nmodel_provider = \n", 2],
    ['model_provider = "a"\nmodel_provider = "b"\n', 2],
    ["[a]\n[a]\n", 2],
    ['x = "never closed\n', 1],
    ["\n\n= 3", 3],
    ["key = sk-secret-canary\n", 1],
    [Uint8Array.of(0x23, 0x0a, 0x23, 0xff, 0x0a), 2],
  ];
  for (const [text, line] of faults) {
    const { problems, provider, declared } = read(text);
    assertEquals([problems.length, problems[0]?.kind, problems[0]?.line], [1, "syntax", line], String(text));
    assertEquals([provider.id, declared.size], ["openai", 0]);
    assertEquals(problems[0]!.message.includes("canary"), false);
  }
});

Deno.test("readConfig() still tells what a refused file says", () => {
  const view = read(`profile = "p"\nmodel_provider = "custom"\n${CUSTOM}`);
  assertEquals([view.rootProvider, view.declared.has("custom")], ["custom", true]);
});

Deno.test("readConfig() reads the layers beside it, broken ones too", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const view = readConfig(undefined, [
    { name: "work", bytes: bytes('model_provider = "relay"\n') },
    { name: "plain", bytes: bytes("") },
    { name: "odd", bytes: bytes("model_provider = 1\n") },
    { name: "broken", bytes: bytes("= = =") },
  ]);
  assertEquals(view.layers, [
    { name: "work", provider: "relay" },
    { name: "plain", provider: undefined },
    { name: "odd", provider: undefined },
    { name: "broken", provider: undefined },
  ]);
  assertEquals([view.problems, view.provider.id], [[], "openai"]);
});

Deno.test("readConfig() names profiles of the older form", () => {
  assertEquals(read('[profiles.a]\n[profiles."b c"]\n').legacyProfiles, ["a", "b c"]);
  assertEquals(read("profiles = 3\n").legacyProfiles, []);
});

Deno.test("knownProviders() lists built-in ones first, each once", () => {
  const known = knownProviders(read(`${CUSTOM}[model_providers.gcp]\nproject_id = "p"\n`));
  assertEquals(known, ["openai", "ollama", "lmstudio", "amazon-bedrock", "gcp", "custom"]);
  assertStringIncludes(known.join(), "custom");
});
