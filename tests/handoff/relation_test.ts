import fc from "fast-check";
import { relationOf } from "../../lib/handoff/relation.ts";
import { contentSha256 } from "../../lib/handoff/content.ts";
import type { Relation } from "../../lib/handoff/model.ts";
import { moveFolders } from "../../lib/codex/cwd.ts";
import { relabel } from "../../lib/codex/relabel.ts";
import { applySplices } from "../../lib/core/splice.ts";
import { readFirstLine } from "../../lib/codex/rollout.ts";
import { memorySource } from "../../lib/text/source.ts";
import { messageLine, metaLine, settingsLine } from "../codex_model/rollouts.ts";
import { assert, assertEquals, assertNotEquals } from "../assert.ts";

type Mode = "legacy" | "paginated";
const encode = (text: string) => new TextEncoder().encode(text);
const source = (text: string) => memorySource(encode(text));
const lines = (...all: readonly string[]) => all.map((line) => `${line}\n`).join("");
const relate = (local: string, cloud: string) => relationOf(source(local), source(cloud));
const kinds = (local: string, cloud: string) => [relate(local, cloud).kind, relate(cloud, local).kind];
const size = (text: string) => encode(text).length;
const turn = (n: number, mode: Mode = "paginated") => messageLine(`turn ${n}`, n, mode);
const P = lines(metaLine(), turn(1), turn(2));

/** The file as `sync` and a mapping of folders leave it. */
function onMachine(text: string, provider: string, folder: string): string {
  const parsed = readFirstLine(source(text));
  if ("reason" in parsed) throw new Error(parsed.detail);
  const labelled = relabel(source(text), provider);
  if ("refused" in labelled) throw new Error(labelled.refused);
  const first = applySplices(encode(text), labelled);
  const moved = moveFolders(memorySource(first), (cwd) => cwd === "/work" ? folder : undefined);
  if ("refused" in moved) throw new Error(moved.refused);
  return new TextDecoder().decode(applySplices(first, moved));
}

Deno.test("relation: equal, ahead and diverged", () => {
  assertEquals(relate(P, P), {
    kind: "same",
    common: { local: size(P), cloud: size(P) },
    appendable: true,
  });
  assertEquals(kinds(P + lines(turn(3)), P), ["local-ahead", "cloud-ahead"]);
  assertEquals(relate(P + lines(turn(3)), P).common, { local: size(P), cloud: size(P) });
  assertEquals(kinds(P + lines(turn(3)), P + lines(turn(4))), ["diverged", "diverged"]);
  assertEquals(relate(P + lines(turn(3)), P + lines(turn(4))).common.local, size(P));
});

Deno.test("relation: folder and provider of the first line are each machine's own, its length stays", () => {
  const other = onMachine(P, "new", "/w");
  assertNotEquals(other, P);
  assertEquals(size(other), size(P));
  assertEquals(kinds(P, other), ["same", "same"]);
  const ahead = relate(P, other + lines(turn(3)));
  assertEquals(ahead, {
    kind: "cloud-ahead",
    common: { local: size(P), cloud: size(other) },
    appendable: true,
  });
});

Deno.test("relation: anything else in the first line is a divergence", () => {
  const other = lines(metaLine({ payload: { cli_version: "0.169.1" } }), turn(1), turn(2));
  assertEquals(kinds(P, other), ["diverged", "diverged"]);
  const later = P.replace("turn 1", "turn I");
  assertEquals(kinds(P, later), ["diverged", "diverged"]);
});

Deno.test("relation: settings events behind the last turn are each machine's own", () => {
  const [a, b] = [lines(settingsLine("a", 3)), lines(settingsLine("b", 3), settingsLine("b", 4))];
  assertEquals(kinds(P + a, P), ["same", "same"]);
  assertEquals(kinds(P + a, P + b), ["same", "same"]);
  const ahead = relate(P + a, P + b + lines(turn(5)));
  assertEquals(ahead.kind, "cloud-ahead");
  assertEquals(ahead.common, { local: size(P), cloud: size(P) });
  assertEquals(kinds(P + a + lines(turn(4)), P + b + lines(turn(5))), ["diverged", "diverged"]);
});

Deno.test("relation: a legacy file may say provider and folder anywhere at another length", () => {
  const build = (provider: string) =>
    lines(
      metaLine({ mode: "legacy", provider }),
      turn(1, "legacy"),
      settingsLine(provider, 2, "legacy"),
      metaLine({ mode: "legacy", provider, payload: { cwd: `/${provider}` } }),
      turn(3, "legacy"),
    );
  const [short, long] = [build("a"), build("much-longer")];
  assertEquals(kinds(short, long), ["same", "same"]);
  const ahead = relate(short, long + lines(turn(4, "legacy")));
  assertEquals(ahead, {
    kind: "cloud-ahead",
    common: { local: size(short), cloud: size(long) },
    appendable: true,
  });
});

Deno.test("relation: a paginated file whose common part has another length cannot be appended to", () => {
  const other = lines(metaLine({ provider: "longer-name" }), turn(1), turn(2), turn(3));
  const { kind, appendable } = relate(P, other);
  assertEquals([kind, appendable], ["cloud-ahead", false]);
});

Deno.test("relation: torn ends, empty files, marks, line ends, damage", () => {
  const torn = P + turn(3).slice(0, 40);
  assertEquals(kinds(torn, P + lines(turn(3))), ["cloud-ahead", "local-ahead"]);
  assertEquals(relate(torn, P + lines(turn(3))).common, { local: size(P), cloud: size(P) });
  assertEquals(kinds(torn, P), ["local-ahead", "cloud-ahead"]);
  assertEquals(kinds(torn, P + lines(turn(4))), ["diverged", "diverged"]);
  assertEquals(kinds(P + turn(3), P + lines(turn(3))), ["cloud-ahead", "local-ahead"]);
  assertEquals(kinds("", P), ["cloud-ahead", "local-ahead"]);
  assertEquals(relate("", P).common, { local: 0, cloud: 0 });
  assertEquals(kinds("", ""), ["same", "same"]);
  assertEquals(kinds(`\ufeff${P}`, P), ["same", "same"]);
  assertEquals(kinds(P.replaceAll("\n", "\r\n"), P), ["same", "same"]);
  assertEquals(relate(P.replaceAll("\n", "\r\n"), P + lines(turn(3))).appendable, false);
  assertEquals(kinds(P.replace("{", "?"), P), ["diverged", "diverged"]);
  assertEquals(kinds("\n\n" + P, "\n\n" + onMachine(P, "new", "/w")), ["same", "same"]);
});

Deno.test("contentSha256 is that of what travels", () => {
  const sha = (text: string) => contentSha256(source(text));
  assertEquals(sha(onMachine(P, "new", "/w")), sha(P));
  assertEquals(sha(P + lines(settingsLine("a", 3))), sha(P));
  assertNotEquals(sha(P + lines(turn(3))), sha(P));
  assertNotEquals(sha(P.replace("turn 1", "turn I")), sha(P));
  assertNotEquals(sha(P.slice(0, -20)), sha(P));
});

// ---- against whole texts ----

/** The same by holding everything in memory and comparing line by line. */
function naive(local: string, cloud: string, mode: Mode): Relation["kind"] {
  const [a, b] = [local.split(/(?<=\n)/), cloud.split(/(?<=\n)/)];
  let n = 0;
  while (n < a.length && n < b.length && plain(a[n]!, n, mode) === plain(b[n]!, n, mode)) n++;
  const [restA, restB] = [a.slice(n), b.slice(n)];
  const goesOn = (mine: string[], others: string[]) => {
    const text = mine.join("");
    if (others.join("").startsWith(text)) return false;
    return mine.some((line) => !line.includes('"thread_settings_applied"') || !isJson(line));
  };
  const [la, lb] = [goesOn(restA, restB), goesOn(restB, restA)];
  return la ? lb ? "diverged" : "local-ahead" : lb ? "cloud-ahead" : "same";
}

/** A line with what is a machine's own blanked. */
function plain(line: string, n: number, mode: Mode): string {
  const isOwn = mode === "legacy" ? /"session_meta"|"thread_settings_applied"/.test(line) : n === 0;
  if (!isOwn || !isJson(line) || !line.endsWith("\n")) return line;
  return line.replace(/"(model_provider|model_provider_id|cwd)":"[^"]*" */g, '"$1":""')
    .replace(/"runtime_workspace_roots":\[[^\]]*\]/, "");
}

function isJson(line: string): boolean {
  try {
    return JSON.parse(line) !== null;
  } catch {
    return false;
  }
}

const tails = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("turn" as const), n: fc.nat(2) }),
    fc.record({ do: fc.constant("settings" as const), n: fc.nat(2) }),
  ),
  { maxLength: 4 },
);
const files = fc.record({
  mode: fc.constantFrom<Mode>("legacy", "paginated"),
  shared: tails,
  sides: fc.tuple(
    fc.record({
      tail: tails,
      provider: fc.constantFrom("aa", "bb"),
      cut: fc.option(fc.nat(60), { freq: 3 }),
    }),
    fc.record({
      tail: tails,
      provider: fc.constantFrom("aa", "bb"),
      cut: fc.option(fc.nat(60), { freq: 3 }),
    }),
  ),
});

Deno.test("relation: as a comparison of whole texts says, and its common part is common and ends a line", () => {
  let ahead = 0;
  fc.assert(
    fc.property(files, ({ mode, shared, sides }) => {
      const write = (all: readonly { do: "turn" | "settings"; n: number }[], from: number) =>
        all.map((one, i) => {
          return one.do === "turn"
            ? messageLine(`turn ${one.n}`, from + i, mode)
            : settingsLine(`p${one.n}`, from + i, mode);
        });
      const [local, cloud] = sides.map(({ tail, provider, cut }) => {
        const text = lines(
          metaLine({ mode, provider }),
          ...write(shared, 1),
          ...write(tail, 1 + shared.length),
        );
        return cut === null ? text : text.slice(0, Math.max(0, text.length - cut));
      }) as [string, string];
      const relation = relate(local, cloud);
      assertEquals(relation.kind, naive(local, cloud, mode), `${local}\n---\n${cloud}`);
      for (const [text, at] of [[local, relation.common.local], [cloud, relation.common.cloud]] as const) {
        assert(at === 0 || encode(text)[at - 1] === 10, "the common part ends a line");
      }
      const [a, b] = [local.slice(0, relation.common.local), cloud.slice(0, relation.common.cloud)];
      const blank = (text: string) => text.split(/(?<=\n)/).map((line, n) => plain(line, n, mode)).join("");
      assertEquals(blank(a), blank(b));
      if (relation.kind.endsWith("ahead")) ahead++;
    }),
    { numRuns: 500 },
  );
  assert(ahead > 50, "the files do go on");
});

Deno.test("relation: never throws, and both views agree, on any bytes", () => {
  const bytes = fc.uint8Array({ maxLength: 80 }).map((all) => all.map((byte) => byte < 60 ? 10 : byte));
  const opposite = {
    same: "same",
    diverged: "diverged",
    "local-ahead": "cloud-ahead",
    "cloud-ahead": "local-ahead",
  };
  fc.assert(fc.property(bytes, bytes, (a, b) => {
    const there = relationOf(memorySource(a), memorySource(b));
    const back = relationOf(memorySource(b), memorySource(a));
    assertEquals(opposite[there.kind], back.kind);
  }));
});

Deno.test("relation: equal content is gone through at more than 500 MB/s", () => {
  const all = new Uint8Array(64 * 1024 * 1024).fill(0x61);
  for (let at = 4095; at < all.length; at += 4096) all[at] = 10;
  const other = all.slice();
  const started = performance.now();
  assertEquals(relationOf(memorySource(all), memorySource(other)).kind, "same");
  const rate = 64 / ((performance.now() - started) / 1000);
  assert(rate > 500, `${rate.toFixed(0)} MB/s`);
});
