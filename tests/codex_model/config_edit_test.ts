import fc from "fast-check";
import { editRootKeys, requireUsable, type RootKeys } from "../../lib/codex/config_edit.ts";
import { AppError } from "../../lib/core/error.ts";
import { applySplices, invertSplices } from "../../lib/core/splice.ts";
import { parseToml } from "../../lib/text/toml_edit.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

function edited(text: string, keys: RootKeys): string {
  const bytes = encode(text);
  return decode(applySplices(bytes, editRootKeys(bytes, keys).splices));
}

Deno.test("editRootKeys() changes values where they stand", () => {
  const text = "# mine\r\nmodel = 'a' # big\r\nmodel_provider='openai'\r\n\r\n[x]\r\nmodel = \"t\"\r\n";
  assertEquals(
    edited(text, { model_provider: "custom", model: "b" }),
    "# mine\r\nmodel = 'b' # big\r\nmodel_provider='custom'\r\n\r\n[x]\r\nmodel = \"t\"\r\n",
  );
});

Deno.test("editRootKeys() adds keys that are missing, above the tables", () => {
  for (const text of ["", "[x]\ny = 1\n", "# note\n\n[x]\n", "a = 1\n[x]\n", "a = 1"]) {
    const after = edited(text, { model_provider: "custom", model: "b" });
    const { data } = parseToml(encode(after));
    assertEquals([data.model_provider, data.model], ["custom", "b"], text);
    assertEquals(edited(after, { model_provider: "custom", model: "b" }), after);
    for (const line of text.split("\n")) assertStringIncludes(after, line);
  }
});

Deno.test("editRootKeys() removes a key with its line", () => {
  const text = 'a = 1\nmodel_provider = "x" # why\nmodel = "m"\n[t]\n';
  assertEquals(edited(text, { model_provider: undefined }), 'a = 1\nmodel = "m"\n[t]\n');
  assertEquals(edited(text, { model_provider: undefined, model: undefined }), "a = 1\n[t]\n");
});

Deno.test("editRootKeys() says what each key was and becomes", () => {
  const { sets } = editRootKeys(encode('model = "a"\nmodel_provider = "p"\n'), {
    model: "b",
    model_provider: undefined,
  });
  assertEquals(sets, { model: { before: "a", after: "b" }, model_provider: { before: "p", after: null } });
  assertEquals(editRootKeys(encode(""), { model: "b" }).sets, { model: { before: null, after: "b" } });
});

Deno.test("editRootKeys() gives nothing for what is so already", () => {
  const keys = { model_provider: "p", model: undefined };
  assertEquals(editRootKeys(encode('model_provider = "p"\n'), keys), { splices: [], sets: {} });
});

const root = fc.constantFrom(
  'model = "a"',
  "model='a'",
  'model_provider = "p" # note',
  "  model_provider = 'p'",
  '"model_provider" = "p"',
  "approval_policy = 'never'",
  "n = 1.0",
  "# model = 'commented'",
  "",
);

/** Files with root keys in any order and shape, each key once. */
const configText = fc.tuple(
  fc.uniqueArray(root, { maxLength: 6, selector: (line) => /^\s*"?(\w+)/.exec(line)?.[1] ?? line }),
  fc.constantFrom("\n", "\r\n"),
  fc.constantFrom("", "[model_providers.p]\nname = 'P'\nmodel = 'x'\n", "[a]\nmodel_provider = 'no'"),
  fc.constantFrom("", "\ufeff"),
).map(([lines, end, tables, mark]) => mark + lines.map((line) => line + end).join("") + tables);

const value = fc.option(fc.constantFrom("p", "a", "new", "quo'te", 'dou"ble', "日本"), { nil: undefined });

Deno.test("editRootKeys() sets exactly its keys, can be taken back byte by byte, and changes no other line", () => {
  fc.assert(
    fc.property(configText, value, value, (text, provider, model) => {
      const bytes = encode(text);
      const { splices, sets } = editRootKeys(bytes, { model_provider: provider, model });
      const after = applySplices(bytes, splices);
      const { model_provider: _, model: __, ...others } = parseToml(bytes).data;
      const { model_provider, model: newModel, ...othersAfter } = parseToml(after).data;
      assertEquals([model_provider, newModel], [provider, model]);
      assertEquals(JSON.stringify(othersAfter, bigints), JSON.stringify(others, bigints));
      assertEquals(applySplices(after, invertSplices(splices)), bytes);
      assertEquals(Object.values(sets).filter(({ before, after }) => before === after), []);
      const kept = text.replace("\ufeff", "").split("\n").filter((line) => !/^\W*model/.test(line));
      for (const line of kept) assertStringIncludes(decode(after), line);
    }),
    { numRuns: 300 },
  );
});

function bigints(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

Deno.test("requireUsable() refuses what Codex would refuse, with the line", () => {
  requireUsable(encode('model_provider = "openai"\n'), []);
  const bytes = encode('\nmodel_provider = "openai"\nprofile = "p"\n');
  const error = assertThrows(() => requireUsable(bytes, []), AppError, "line 3");
  assertEquals(error.code, "config-invalid");
  const good = encode('model_provider = "openai"\n');
  const { splices } = editRootKeys(good, { model_provider: "gone" });
  assertThrows(() => requireUsable(good, splices), AppError, '"gone"');
});

Deno.test("editRootKeys() refuses a key that holds more than a value, and a file that is not TOML", () => {
  for (
    const text of ["= broken\n", "[model_provider]\n", "model_provider.x = 1\n", "model_provider = ['a']\n"]
  ) {
    assertEquals(
      assertThrows(() => editRootKeys(encode(text), { model_provider: "p" }), AppError).code,
      "config-invalid",
    );
  }
});
