/** `repair` and `sync` on whole homes: what may be asked for, what is told, what is left. */
import { AppError } from "../../lib/core/error.ts";
import { afterwards } from "../../lib/cli/actions/afterwards.ts";
import type { FlagValues, Invocation } from "../../lib/cli/command.ts";
import { parse } from "../../lib/cli/parse.ts";
import { COMMANDS } from "../../lib/cli/registry.ts";
import { planRequest, planRest, readRequest, wholeRequest } from "../../lib/cli/request.ts";
import { threadsOf } from "../../lib/core/plan.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { carryOut, CONFIG, factsOf, machineOf, scanOf, threadsAt } from "../engine/fixture.ts";
import { type BuiltHome, withHome } from "../home.ts";
import { type Printed, runLine } from "./fixture.ts";

function keep(home: Pick<BuiltHome, "path">, ...argv: string[]): Promise<Printed> {
  return runLine({ commands: COMMANDS }, ...argv, "--codex-home", home.path);
}

function flagsOf(...argv: string[]): FlagValues {
  return parse(argv, COMMANDS).flags;
}

const request = (...argv: string[]) =>
  readRequest(flagsOf("repair", ...argv), "repair", argv.filter((word) => /^[a-z]/.test(word)));

Deno.test("readRequest() refuses what has nothing to go by, with the line that would do", () => {
  const refused = (...argv: string[]) => {
    const error = assertThrows(() => request(...argv), AppError);
    assertEquals(error.code, "usage");
    return `${error.message}: ${error.hint}`;
  };
  assertStringIncludes(refused("unarchive"), "codexkeep repair unarchive --thread ID");
  assertStringIncludes(refused("provider", "account"), "repair account works on chosen threads only");
  assertStringIncludes(refused("unarchive", "--include-archived"), "chosen threads");
  assertStringIncludes(refused("paths", "--map=/a=/b"), "codexkeep repair cwd --map OLD=NEW");
  assertStringIncludes(refused("all", "--map=/a=/b"), "codexkeep repair cwd --map OLD=NEW");
  assertStringIncludes(refused("paths", "--only=db"), "codexkeep repair provider");
});

Deno.test("readRequest() takes choices, folders and copies", () => {
  const chosen = request("unarchive", "--cwd=/work");
  assertEquals([chosen.selection?.cwd, chosen.selection?.includeArchived], ["/work", true]);
  const plain = request("paths", "--cwd=/work").selection;
  assertEquals([plain?.includeArchived, plain?.includeEmpty], [false, false]);
  assertEquals(request("preview", "--cwd=/work").selection?.includeEmpty, true);
  assertEquals(request("archive", "--cwd=/work").selection?.includeArchived, true);
  assertEquals(request("cwd", "all", "--map=/a=/b", "--map=/c=d=e").maps, [
    { from: "/a", to: "/b" },
    { from: "/c", to: "d=e" },
  ]);
  assertEquals([request("all", "--only=db").only, request("provider", "--only=rollouts").only], [
    "database",
    "rollouts",
  ]);
  assertEquals([request("all").only, request("all").maps], [undefined, []]);
});

Deno.test("repair cwd says so when the new folder is not there, and when no thread has the old one", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "new", cwd: "/gone/app" }] }, async (home) => {
    const told = await keep(home, "repair", "cwd", "--map", "/gone/app=/not/there", "--dry-run");
    assertStringIncludes(told.err, 'warning: "/not/there" is not there');
    const right = await keep(home, "repair", "cwd", "--map", `/gone/app=${home.path}`, "--dry-run");
    assertEquals(right.err, "");
    assertStringIncludes(right.out, "Plan");
    const lost = await keep(home, "repair", "cwd", "--map", `/gone/ap=${home.path}`);
    assertStringIncludes(lost.err, 'warning: no thread belongs to "/gone/ap"');
  });
});

Deno.test("planRequest() plans for the threads of one provider, planRest() for what became of them", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }, { provider: "other" }] }, async (home) => {
    const only = { ...wholeRequest("sync", ["provider"], "new"), from: "old" };
    const facts = factsOf(await scanOf(home.path));
    const plan = planRequest(facts, only);
    assertEquals([...threadsOf(plan.changes)], [home.threads[0]!.id]);
    assertEquals(planRest(facts, only, threadsOf(plan.changes)).changes.length, plan.changes.length);
    await carryOut(plan);
    assertEquals(planRest(factsOf(await scanOf(home.path)), only, threadsOf(plan.changes)).changes, []);
  });
});

Deno.test("afterwards() names what the same repairs would still change, but nothing that was left alone", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }, { provider: "old" }] }, async (home) => {
    const [one, two] = home.threads.map(({ id }) => id);
    const snapshot = await scanOf(home.path);
    const facts = factsOf(snapshot);
    const whole = wholeRequest("sync", ["provider"], "new");
    const plan = planRequest(facts, whole);
    const input = { machine: machineOf() } as unknown as Invocation;
    const judged = afterwards(input, whole, plan, facts);
    assertEquals([judged.leftover(snapshot), judged.findings], [[one, two], { "provider-mismatch": 2 }]);
    const skipped = { ...plan, skipped: [{ subject: two!, reason: "because" }] };
    assertEquals(afterwards(input, whole, skipped, facts).leftover(snapshot), [one!]);
    await carryOut(plan);
    const after = await scanOf(home.path);
    assertEquals([judged.leftover(after), judged.findingsIn(after)], [[], {}]);
  });
});

Deno.test("afterwards() blames no run for the threads of a Codex that is at work", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "new" }, { provider: "old" }] }, async (home) => {
    const snapshot = await scanOf(home.path);
    const whole = wholeRequest("sync", ["provider"], "new");
    const input = { machine: machineOf() } as unknown as Invocation;
    const plan = { ...planRequest(factsOf(snapshot), whole), changes: [] };
    const { leftover } = afterwards(input, whole, plan, factsOf(snapshot));
    assertEquals(leftover(snapshot), [home.threads[1]!.id]);
    assertEquals(leftover({ ...snapshot, codex: { processes: [], busyThreads: ["x"] } }), []);
  });
});

Deno.test("repair says in JSON and in text what is otherwise now, and has nothing to do the second time", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }, { provider: "new" }] }, async (home) => {
    const { code, out } = await keep(home, "repair", "provider", "--apply", "--json");
    const { result, errors } = JSON.parse(out);
    assertEquals([code, errors, result.verified], [0, [], true]);
    assertEquals([result.findings_before, result.findings_after], [{ "provider-mismatch": 1 }, {}]);
    assertEquals([result.before.providers.database, result.after.providers.database], [
      { old: 1, new: 1 },
      { new: 2 },
    ]);
    const again = JSON.parse((await keep(home, "repair", "provider", "--apply", "--json")).out);
    assertEquals([again.exit_code, again.result.record, again.result.plan.changes], [0, null, 0]);
    assertEquals([again.result.findings_before, again.result.findings_after], [null, null]);
    await keep(home, "restore", "--apply");
    const text = await keep(home, "repair", "provider", "--apply", "--no-color");
    assertEquals([text.code, text.err], [0, ""]);
    assertStringIncludes(text.out.replaceAll(/ +/g, " "), "provider-mismatch 1 → 0");
  });
});

Deno.test("repair --only changes one kind of copy, says what Codex makes of it, and is content with it", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }] }, async (home) => {
    for (
      const [only, kinds, says] of [["db", { row: 1 }, "undoes this"], [
        "rollouts",
        { edit: 1 },
        "legacy",
      ]] as const
    ) {
      const { code, out } = await keep(home, "sync", "--only", only, "--apply", "--json");
      const { result, warnings, errors } = JSON.parse(out);
      assertEquals([code, errors, result.verified, result.plan.by_kind], [0, [], true, kinds]);
      assertStringIncludes(warnings[0].message, says);
      assertEquals(await threadsAt(home, "new"), only === "db" ? [] : [0]);
    }
  });
});

Deno.test("repair --only db also changes threads whose files cannot be changed", async () => {
  const bad = { provider: "old", content: () => new Uint8Array() };
  await withHome({ config: CONFIG, threads: [bad, { provider: "old", file: false }] }, async (home) => {
    const changes = async (...flags: string[]) => {
      const { out } = await keep(home, "sync", "--dry-run", "--json", ...flags);
      const { plan } = JSON.parse(out).result;
      return [plan.by_kind, plan.skipped.length];
    };
    assertEquals(await changes(), [{}, 2]);
    assertEquals(await changes("--only=rollouts"), [{}, 2]);
    assertEquals(await changes("--only=db"), [{ row: 2 }, 0]);
  });
});

Deno.test("repair needs a choice for some repairs, and changes nothing without", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }] }, async (home) => {
    for (
      const argv of [["repair", "unarchive"], ["repair", "account", "all"], [
        "repair",
        "index",
        "--map=/a=/b",
      ]]
    ) {
      const { code, err } = await keep(home, ...argv, "--apply");
      assertEquals(code, 4, err);
      assertStringIncludes(err, "codexkeep repair ");
    }
    assertEquals(await threadsAt(home, "old"), [0]);
  });
});

Deno.test("repair goes on without a database where that makes sense, and else says what is missing", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }] }, async (home) => {
    Deno.removeSync(home.state!);
    for (
      const [names, code] of [[["config"], 0], [["provider"], 7], [["config", "provider"], 7], [
        ["all"],
        7,
      ]] as const
    ) {
      const { code: found, out } = await keep(home, "repair", ...names, "--dry-run", "--json");
      assertEquals([found, JSON.parse(out).errors[0]?.code], [
        code,
        code === 7 ? "database-missing" : undefined,
      ]);
    }
  });
});
