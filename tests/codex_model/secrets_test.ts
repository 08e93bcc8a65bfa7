import { mayHoldSecret } from "../../lib/codex/secrets.ts";
import { assertEquals } from "../assert.ts";

Deno.test("keys that hold secrets are told from those that name one or none", () => {
  const holding = [
    'experimental_bearer_token = "x"',
    '[p]\n"api-key" = "x"',
    'http_headers = { "x-api-key" = "x" }',
    "[model_providers.a.http_headers]\nx = 'y'",
    '[mcp_servers.x.env]\nA = "b"',
    'env = { A = "b" }',
    'a.b.password="x"',
    "x = { token = 'y' }",
  ];
  for (const text of holding) assertEquals(mayHoldSecret(text), true, text);
  const others = [
    'model_provider = "relay"',
    'env_key = "OPENAI_API_KEY"',
    'temp_env_key = "X"',
    "[model_providers.relay]\nname = 'Relay'\nwire_api = 'responses'",
    "model_context_window = 5\n# token = 7",
    "tokens_used = 5",
    "relay",
    "",
  ];
  for (const text of others) assertEquals(mayHoldSecret(text), false, text);
});
