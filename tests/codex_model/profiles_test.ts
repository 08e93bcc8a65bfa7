import { fromByteString } from "../../lib/core/bytes.ts";
import { applySplices } from "../../lib/core/splice.ts";
import { convertProfiles, type ProfileChange } from "../../lib/codex/profiles.ts";
import { layerProblems, readConfig } from "../../lib/codex/config.ts";
import { assertEquals } from "../assert.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function convert(text: string, taken: readonly string[] = []): ProfileChange {
  return convertProfiles(encode(text), (name) => taken.includes(name));
}

/** The files as they are afterwards, by name; "" is config.toml. */
function after(text: string, taken: readonly string[] = []): Readonly<Record<string, string>> {
  const { splices, layers } = convert(text, taken);
  const files = layers.map(({ name, content }) => [name, decode(fromByteString(content))] as const);
  return { "": decode(applySplices(encode(text), splices)), ...Object.fromEntries(files) };
}

const OLD =
  'model = "a"\nprofile = "work" # the usual\nmodel_provider = "mock"\n\n# at work\n[profiles.work]\n' +
  'model = "b" # better\nmodel_provider = "relay"\n\n[profiles.work.features]\nx = true\n\n[profiles.play]\n' +
  'model = "c"\n\n[other]\ny = 1\n';

Deno.test("convertProfiles() makes every profile a file, and takes the choice of one away", () => {
  assertEquals(after(OLD), {
    "": 'model = "a"\nmodel_provider = "mock"\n\n[other]\ny = 1\n',
    work: '# at work\nmodel = "b" # better\nmodel_provider = "relay"\n\n[features]\nx = true\n',
    play: 'model = "c"\n',
  });
  assertEquals(convert(OLD).sets, {
    profiles: { before: "work, play", after: null },
    profile: { before: "work", after: null },
  });
});

Deno.test("convertProfiles() has nothing more to do afterwards", () => {
  const again = convert(after(OLD)[""] ?? "");
  assertEquals([again.splices, again.layers, again.kept], [[], [], []]);
});

Deno.test("convertProfiles() leaves a profile whose file exists, and its choice with it", () => {
  const { kept, layers, sets } = convert(OLD, ["work"]);
  assertEquals(kept, [{ name: "work", reason: '"work.config.toml" exists already' }]);
  assertEquals([layers.map(({ name }) => name), Object.keys(sets)], [["play"], ["profiles"]]);
});

Deno.test("convertProfiles() leaves names that Codex does not take, and forms that are no tables", () => {
  const { kept, splices } = convert('profiles.inline = { model = "x" }\n[profiles."a b"]\nmodel = "x"\n');
  assertEquals(kept.map(({ name }) => name), ["inline", "a b"]);
  assertEquals(splices, []);
});

Deno.test("convertProfiles() takes away the choice of a profile that has no table", () => {
  assertEquals(after('profile = "gone"\nmodel = "a"\n'), { "": 'model = "a"\n' });
  assertEquals(convert("profile = 5\n").splices, []);
});

Deno.test("layerProblems() says what Codex refuses in a layer, with the line", () => {
  const config = readConfig(encode('[model_providers.known]\nname = "k"\n'), []);
  const faults = (text: string) => layerProblems(encode(text), config).map(({ line, kind }) => [kind, line]);
  assertEquals(faults('model_provider = "known"\n[profiles.harmless]\nmodel = "x"\n'), []);
  assertEquals(faults('model_provider = "own"\n[model_providers.own]\nname = "o"\n'), []);
  assertEquals(faults("model = \n"), [["syntax", 1]]);
  assertEquals(faults('model = "x"\nprofile = "y"\n'), [["refused", 2]]);
  assertEquals(faults('model_provider = "nowhere"\n'), [["refused", 1]]);
});
