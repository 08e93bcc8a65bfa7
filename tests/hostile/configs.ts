/** Configurations as people and programs write them, each with what is read of it and whether it can be edited (G18, G28). */

/** One configuration. */
export interface ConfigShape {
  readonly name: string;
  /** Its bytes; `null`: there is no file. */
  readonly text: string | Uint8Array | null;
  /** The provider in use; undefined: not looked at. */
  readonly provider?: string;
  /** What `switch relay --apply` says: done, or the code of the error with which everything stays as it is. */
  readonly switched: string;
}

const TABLES = [
  "[model_providers.mock]",
  'name = "mock"',
  'base_url = "http://127.0.0.1:9/"',
  "[model_providers.relay]",
  'name = "relay"',
  'base_url = "http://127.0.0.1:9/"',
  "",
].join("\n");

/** A configuration with `head` above the tables of two providers. */
function good(name: string, head: string, provider = "mock", tables = TABLES): ConfigShape {
  return { name, text: head + tables, provider, switched: "done" };
}

function bad(name: string, text: string | Uint8Array, switched = "config-invalid"): ConfigShape {
  return { name, text, switched };
}

const utf8 = (text: string) => new TextEncoder().encode(text);

/** All of them. */
export const CONFIGS: readonly ConfigShape[] = [
  good("the plain form", 'model_provider = "mock"\n'),
  good("no provider", "", "openai"),
  good("single quotes", "model_provider = 'mock'\n"),
  good("no spaces", 'model_provider="mock"\n'),
  good("many spaces and tabs", '\t model_provider \t = \t "mock" \t \n'),
  good("a quoted key", '"model_provider" = "mock"\n'),
  good("a key in single quotes", "'model_provider' = 'mock'\n"),
  good("a key with an escape", '"model\\u005fprovider" = "mock"\n'),
  good("a value with an escape", 'model_provider = "m\\u006fck"\n'),
  good("a value in three quotes", 'model_provider = """mock"""\n'),
  good("a value in three single quotes", "model_provider = '''mock'''\n"),
  good("a value in three quotes on two lines", 'model_provider = """\\\n   mock"""\n'),
  good("a comment behind it", 'model_provider = "mock" # not "relay"\n'),
  good("a comment that looks like it", '# model_provider = "relay"\nmodel_provider = "mock"\n'),
  good("a comment before everything", "#!/usr/bin/env codex\n# one\n\n\n" + 'model_provider = "mock"\n'),
  good(
    "Windows line ends",
    'model = "a"\r\nmodel_provider = "mock"\r\n',
    "mock",
    TABLES.replaceAll("\n", "\r\n"),
  ),
  good("mixed line ends", 'model = "a"\r\nmodel_provider = "mock"\n\r\n'),
  good("a byte order mark", '\uFEFFmodel_provider = "mock"\n'),
  good("no line end at the end", 'model_provider = "mock"\n', "mock", TABLES.trimEnd()),
  good("empty lines at the end", 'model_provider = "mock"\n', "mock", TABLES + "\n\n\n"),
  good("a model", 'model = "gpt-5"\nmodel_provider = "mock"\n'),
  good(
    "a model of the provider",
    'model = "gpt-5"\nmodel_provider = "mock"\n',
    "mock",
    TABLES.replace('name = "relay"', 'name = "relay"\nmodel = "r1"'),
  ),
  good(
    "a text that looks like it",
    'note = """\nmodel_provider = "relay"\n[model_providers.x]\n"""\nmodel_provider = "mock"\n',
  ),
  good(
    "a text in single quotes that looks like it",
    "note = '''\nmodel_provider = 'relay'\n'''\nmodel_provider = 'mock'\n",
  ),
  good(
    "a list over lines that looks like it",
    'notify = [\n  "model_provider = \'relay\'",\n  # model_provider = "x"\n]\nmodel_provider = "mock"\n',
  ),
  good(
    "a provider in a table of that name",
    'model_provider = "mock"\n',
    "mock",
    TABLES + '[other]\nmodel_provider = "relay"\n',
  ),
  good(
    "a provider in a list of tables",
    'model_provider = "mock"\n',
    "mock",
    TABLES + '[[other]]\nmodel_provider = "relay"\n[[other]]\n',
  ),
  good("a dotted key of that end", 'other.model_provider = "relay"\nmodel_provider = "mock"\n'),
  good(
    "providers as dotted keys",
    'model_provider = "mock"\nmodel_providers.mock.name = "m"\nmodel_providers.mock.base_url = "http://127.0.0.1:9/"\nmodel_providers.relay.name = "r"\nmodel_providers.relay.base_url = "http://127.0.0.1:9/"\n',
    "mock",
    "",
  ),
  good(
    "providers as inline tables",
    'model_provider = "mock"\n[model_providers]\nmock = { name = "m", base_url = "http://127.0.0.1:9/" }\nrelay = { name = "r", base_url = "http://127.0.0.1:9/" }\n',
    "mock",
    "",
  ),
  good(
    "providers in one inline table",
    'model_provider = "mock"\nmodel_providers = { mock = { name = "m", base_url = "http://127.0.0.1:9/" }, relay = { name = "r", base_url = "http://127.0.0.1:9/" } }\n',
    "mock",
    "",
  ),
  good(
    "tables with quoted names",
    'model_provider = "mock"\n',
    "mock",
    TABLES.replaceAll("model_providers.", "model_providers . ").replaceAll("mock]", '"mock"]'),
  ),
  good("tables set in", 'model_provider = "mock"\n', "mock", TABLES.replaceAll("\n", "\n    ")),
  good("comments between tables", 'model_provider = "mock"\n', "mock", TABLES.replaceAll("[", "# here\n[")),
  good(
    "other tables between",
    'model_provider = "mock"\n',
    "mock",
    TABLES.replace("[model_providers.relay]", '[tui]\ntheme = "dark"\n\n[model_providers.relay]'),
  ),
  good(
    "numbers of every kind",
    'a = 0x1F\nb = 1_000\nc = 1e3\nd = -0.0\ne = inf\nf = nan\ng = 9223372036854775807\nmodel_provider = "mock"\n',
  ),
  good(
    "dates",
    'a = 1979-05-27T07:32:00Z\nb = 1979-05-27\nc = 07:32:00.5\nd = 1979-05-27 07:32:00\nmodel_provider = "mock"\n',
  ),
  good(
    "names of other scripts",
    'model_provider = "mock"\n',
    "mock",
    TABLES + '[model_providers."供应商"]\nname = "é🙂"\nbase_url = "http://127.0.0.1:9/"\n',
  ),
  good(
    "combining characters and directions",
    'note = "e\u0301 \u202E abc \u2066"\nmodel_provider = "mock"\n',
  ),
  good(
    "a megabyte of comments",
    "# " + "x".repeat(100) + "\n" + "# y\n".repeat(250_000) + 'model_provider = "mock"\n',
  ),
  good(
    "ten thousand tables",
    'model_provider = "mock"\n',
    "mock",
    TABLES + Array.from({ length: 10_000 }, (_, n) => `[t${n}]\na = 1\n`).join(""),
  ),
  {
    name: "a line of a megabyte, which is read but not edited",
    text: `note = "${"x".repeat(1_000_000)}"\nmodel_provider = "mock"\n${TABLES}`,
    provider: "mock",
    switched: "config-invalid",
  },
  good("deep inline tables", `a = ${"{ b = ".repeat(60)}1${" }".repeat(60)}\nmodel_provider = "mock"\n`),
  good("the provider that is built in", 'model_provider = "openai"\n', "openai"),
  good(
    "profiles of an older Codex",
    'model_provider = "mock"\n',
    "mock",
    TABLES + '[profiles.x]\nmodel_provider = "relay"\n',
  ),
  good(
    "escapes of every kind",
    'note = "\\b\\t\\n\\f\\r\\"\\\\\\u00e9\\U0001F642"\nmodel_provider = "mock"\n',
  ),
  good("a hash in a text", 'note = "a # b"\nmodel_provider = "mock"\n'),
  good("brackets in a text", 'note = "[model_providers.x]"\nmodel_provider = "mock"\n'),
  good("quotes in quotes", 'note = "it\'s"\nother = \'say "hi"\'\nmodel_provider = "mock"\n'),
  good("an empty key and value", '"" = ""\nmodel_provider = "mock"\n'),
  { name: "no file", text: null, provider: "openai", switched: "provider-not-declared" },
  { name: "an empty file", text: "", provider: "openai", switched: "provider-not-declared" },
  { name: "comments alone", text: "# nothing\n", provider: "openai", switched: "provider-not-declared" },
  bad("the key twice", 'model_provider = "mock"\nmodel_provider = "relay"\n' + TABLES),
  bad("a table twice", TABLES + TABLES),
  bad("a key that is a table as well", "model_providers = 1\n" + TABLES),
  bad("a key without a value", "model_provider =\n" + TABLES),
  bad("a value without quotes", "model_provider = mock\n" + TABLES),
  bad("quotes that do not end", 'model_provider = "mock\n' + TABLES),
  bad("a table that does not end", 'model_provider = "mock"\n[model_providers.mock\n'),
  bad("JSON", '{ "model_provider": "mock" }\n'),
  bad("YAML", "model_provider: mock\n"),
  bad("bytes that are no UTF-8", new Uint8Array([...utf8('note = "'), 0xff, 0xfe, ...utf8('"\n' + TABLES)])),
  bad(
    "UTF-16",
    new Uint8Array([
      0xff,
      0xfe,
      ...[...'model_provider = "mock"\n'].flatMap((one) => [one.charCodeAt(0), 0]),
    ]),
  ),
  bad("zeros", new Uint8Array(5000)),
  bad("a control character in a text", 'note = "a\u0001b"\n' + TABLES),
  bad("a NUL in a comment", "# a\u0000b\n" + TABLES),
  bad("a line end of old Macs", 'model_provider = "mock"\rmodel = "a"\r'),
  bad(
    "merge marks",
    `<<<<<<< HEAD\nmodel_provider = "mock"\n=======\nmodel_provider = "relay"\n>>>>>>> x\n${TABLES}`,
  ),
  bad("a provider that is a number, which is set right", "model_provider = 7\n" + TABLES, "done"),
  bad("a provider that is a list", 'model_provider = ["mock"]\n' + TABLES),
  bad("a provider that is a table", TABLES + '[model_provider]\nname = "x"\n'),
  bad("an escape there is not", 'model_provider = "mo\\xck"\n' + TABLES),
];
