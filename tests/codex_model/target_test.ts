import { appProvider, chooseTarget, requireDeclared } from "../../lib/codex/target.ts";
import { AppError } from "../../lib/core/error.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { rowOf, snapshotOf, threadId, threadOf } from "./snapshots.ts";

const CUSTOM = 'model_provider = "custom"\n[model_providers.custom]\nname = "C"\n';
const NO_PROVIDER = '[model_providers.custom]\nname = "C"\n';

const threads = [
  threadOf(1, { row: rowOf(1, { provider: "first", updatedAtMs: 100 }) }),
  threadOf(2, { row: rowOf(2, { provider: "newest", updatedAtMs: 300, source: "cli" }) }),
  threadOf(3, { row: rowOf(3, { provider: "archived", updatedAtMs: 400, archived: true }) }),
  threadOf(4, { row: rowOf(4, { provider: "empty", updatedAtMs: 500, hasPreview: false }) }),
  threadOf(5, { row: rowOf(5, { provider: "exec", updatedAtMs: 600, source: "exec" }) }),
  threadOf(6, { row: undefined }),
];

Deno.test("chooseTarget() takes the wish as it is", () => {
  assertEquals(chooseTarget(snapshotOf([], CUSTOM), "other"), {
    id: "other",
    source: "named on the command line",
  });
});

Deno.test("chooseTarget() without a wish takes the configured provider, else Codex's default", () => {
  assertEquals(chooseTarget(snapshotOf(threads, CUSTOM), undefined), { id: "custom", source: "config.toml" });
  assertEquals(chooseTarget(snapshotOf(threads, NO_PROVIDER), undefined), {
    id: "openai",
    source: "built-in default",
  });
  assertEquals(chooseTarget(snapshotOf(threads, undefined), undefined).id, "openai");
});

Deno.test("chooseTarget() with auto takes the configured provider, else the one of the newest visible thread", () => {
  assertEquals(chooseTarget(snapshotOf(threads, CUSTOM), "auto").id, "custom");
  assertEquals(chooseTarget(snapshotOf(threads, NO_PROVIDER), "auto"), {
    id: "newest",
    source: `newest visible thread ${threadId(2)}`,
  });
  assertEquals(chooseTarget(snapshotOf([], NO_PROVIDER), "auto"), {
    id: "openai",
    source: "built-in default",
  });
});

Deno.test("appProvider() does not believe a configuration that Codex ignores", () => {
  const broken = 'profile = "p"\n' + CUSTOM;
  assertEquals(appProvider(snapshotOf(threads, broken)).id, "newest");
  assertEquals(appProvider(snapshotOf([], broken)), {
    id: "openai",
    source: "built-in default, config.toml is not usable",
  });
  const noName = [threadOf(1, { row: rowOf(1, { provider: undefined }) })];
  assertEquals(appProvider(snapshotOf(noName, undefined)).id, "openai");
});

Deno.test("requireDeclared() takes built-in and declared providers, and says how to declare another", () => {
  const snapshot = snapshotOf([], CUSTOM);
  for (const id of ["openai", "ollama", "custom"]) requireDeclared(snapshot, id);
  const error = assertThrows(() => requireDeclared(snapshot, "relay"), AppError, '"relay"');
  assertEquals(error.code, "provider-not-declared");
  assertStringIncludes(error.hint ?? "", "[model_providers.relay]");
  assertStringIncludes(error.hint ?? "", '"openai"');
  const quoted = assertThrows(() => requireDeclared(snapshot, "a b"), AppError);
  assertStringIncludes(quoted.hint ?? "", '[model_providers."a b"]');
  assertThrows(() => requireDeclared(snapshot, ""), AppError);
});
