/** The laws of relabelling, on random rollouts that hold everything a file may hold. */
import fc from "fast-check";
import { fromByteString, toByteString } from "../../lib/core/bytes.ts";
import { relabel } from "../../lib/codex/relabel.ts";
import { recordedProvider } from "../../lib/codex/rollout.ts";
import type { HistoryMode } from "../../lib/core/snapshot.ts";
import { memorySource } from "../../lib/text/source.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  ID,
  messageLine,
  metaLine,
  metaOf,
  OTHER_ID,
  relabelled,
  rollout,
  settingsLine,
  splicesTo,
} from "./rollouts.ts";

const encode = (text: string) => new TextEncoder().encode(text);

const provider = fc.oneof(
  fc.constantFrom("old", "new", "openai", "a"),
  fc.string({ minLength: 1, maxLength: 14, unit: "grapheme" }).filter((id) => id.isWellFormed()),
);

/** Ways to write the same object: more white space, unknown keys twice, look-alikes, odd numbers. */
const dressing = fc.constantFrom<(line: string) => string>(
  (line) => line,
  (line) => line.replaceAll(",", " ,"),
  (line) => ` ${line}\t`,
  (line) => line.replace("{", '{"zz":1.0,"zz":1e2,'),
  (line) =>
    line.replace(/}}$/, ',"zz":{"model_provider":"no","model_provider_id":"no"},"n":12345678901234567890}}'),
  (line) => line.replace('"model_provider', '"\\u006dodel_provider'),
  (line) => line.replace('"text":"', '"text":"\\ud800 \\/ \u2028 é'),
);

function bodyLine(mode: HistoryMode): fc.Arbitrary<string> {
  const ordinal = fc.nat({ max: 10_000 });
  return fc.oneof(
    fc.tuple(provider, ordinal, dressing).map(([id, n, dress]) => dress(settingsLine(id, n, mode))),
    fc.tuple(provider, ordinal, dressing).map(([id, n, dress]) =>
      dress(metaLine({ mode, provider: id, ordinal: n, payload: { id: mode === "legacy" ? ID : OTHER_ID } }))
    ),
    fc.tuple(provider, ordinal).map(([id, n]) =>
      metaLine({ mode, provider: id, ordinal: n, payload: { id: OTHER_ID } })
    ),
    fc.tuple(provider, ordinal).map(([id, n]) => settingsLine(id, n, mode, { cwd: undefined })),
    fc.tuple(provider, ordinal).map(([id, n]) => messageLine(settingsLine(id, n), n, mode)),
    fc.tuple(provider, ordinal).map(([id, n]) => messageLine(metaLine({ provider: id }), n, mode)),
    fc.tuple(provider, fc.nat({ max: 300 })).map(([id, cut]) => settingsLine(id, 1, mode).slice(0, cut)),
    fc.constantFrom("", " ", "\0\0", "session_meta", "{", '{"type":"event_msg"}', "[]"),
  );
}

const HOSTILE = [new Uint8Array(), Uint8Array.of(0xff, 0xfe), Uint8Array.of(0xed, 0xa0, 0x80), encode("\0")];

interface Random {
  readonly mode: HistoryMode;
  readonly bytes: Uint8Array;
  /** Offset behind the first line that is not blank, its line end not counted. */
  readonly firstEnd: number;
}

/** A rollout whose first line is sound and has room for some bytes more. */
function randomRollout(mode: HistoryMode): fc.Arbitrary<Random> {
  return fc.record({
    blank: fc.constantFrom("", "", "\n", " \r\n\n"),
    first: fc.tuple(provider, dressing).map(([id, dress]) => dress(metaLine({ mode, provider: id }))),
    body: fc.array(bodyLine(mode), { maxLength: 7 }),
    end: fc.constantFrom("\n", "\n", "\r\n"),
    junk: fc.constantFrom(...HOSTILE),
    last: fc.constantFrom("", "\n", '{"timestamp":"2026'),
  }).map(({ blank, first, body, end, junk, last }) => {
    const head = encode(blank + first);
    const rest = [end, ...body.flatMap((line) => [line, end])].join("");
    return {
      mode,
      firstEnd: head.length,
      bytes: joined([head, encode(rest), junk, encode(last)]),
    };
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const anyRollout = fc.oneof(randomRollout("paginated"), randomRollout("legacy"));

function recorded(bytes: Uint8Array): string | undefined {
  return recordedProvider(memorySource(bytes), metaOf(bytes));
}

Deno.test("relabel() leads to a file that says the provider everywhere, and is done then", () => {
  fc.assert(
    fc.property(anyRollout, provider, ({ bytes }, target) => {
      const result = relabel(memorySource(bytes), target);
      if ("refused" in result) return;
      const after = relabelled(bytes, target);
      assertEquals([metaOf(after).provider, recorded(after)], [target, target]);
      assertEquals(splicesTo(after, target), []);
      assertEquals({ ...metaOf(after), provider: undefined }, { ...metaOf(bytes), provider: undefined });
    }),
    { numRuns: 400 },
  );
});

Deno.test("relabel() leaves every byte outside its edits as it is", () => {
  fc.assert(
    fc.property(anyRollout, provider, ({ bytes }, target) => {
      const splices = relabel(memorySource(bytes), target);
      if ("refused" in splices) return;
      const after = relabelled(bytes, target);
      let from = 0;
      let to = 0;
      for (const { at, before, after: put } of splices) {
        assert(at >= from && before !== put);
        assertEquals(after.subarray(to, to + at - from), bytes.subarray(from, at));
        to += at - from;
        assertEquals(bytes.subarray(at, at + before.length), fromByteString(before));
        assertEquals(after.subarray(to, to + put.length), fromByteString(put));
        from = at + before.length;
        to += put.length;
      }
      assertEquals(after.subarray(to), bytes.subarray(from));
    }),
    { numRuns: 400 },
  );
});

Deno.test("relabel() moves nothing behind the first line of a paginated file, and appends whole lines only", () => {
  fc.assert(
    fc.property(randomRollout("paginated"), provider, ({ bytes, firstEnd }, target) => {
      if ("refused" in relabel(memorySource(bytes), target)) return;
      const after = relabelled(bytes, target);
      assertEquals(after.subarray(firstEnd, bytes.length), bytes.subarray(firstEnd));
      const added = new TextDecoder().decode(after.subarray(bytes.length));
      const lines = added.split("\n").filter((line) => line !== "");
      assert(lines.length <= 1 && (added === "" || added.endsWith("\n")));
      if (added !== "" && bytes.at(-1) !== 0x0a) assert(added.startsWith("\n"));
      for (const line of lines) assertEquals(JSON.parse(line).payload.type, "thread_settings_applied");
    }),
    { numRuns: 300 },
  );
});

/** The lines of a file as values; what is not JSON as its text. */
function values(bytes: Uint8Array): unknown[] {
  return new TextDecoder().decode(bytes).split("\n").map((line) => {
    try {
      return JSON.parse(line);
    } catch {
      return line;
    }
  });
}

/** `value` without the provider, and without what may be given up for room in a first line. */
function withoutProvider(value: unknown): unknown {
  const { payload, ...head } = value as { payload?: Record<string, unknown> };
  if (payload === undefined) return value;
  const { model_provider: _, session_id: __, runtime_workspace_roots: ___, thread_settings, ...rest } =
    payload;
  const { model_provider_id: ____, ...settings } = (thread_settings ?? {}) as Record<string, unknown>;
  return { ...head, payload: rest, settings };
}

Deno.test("relabel() changes the meaning of no line but for the provider", () => {
  fc.assert(
    fc.property(anyRollout, provider, ({ bytes }, target) => {
      if ("refused" in relabel(memorySource(bytes), target)) return;
      const before = values(bytes);
      const after = values(relabelled(bytes, target)).slice(0, before.length);
      const plain = (list: unknown[]) =>
        list.map((value) => typeof value === "object" && value !== null ? withoutProvider(value) : value);
      // a torn last line may have got its line end
      assertEquals(plain(after).slice(0, -1), plain(before).slice(0, -1));
    }),
    { numRuns: 200 },
  );
});

Deno.test("relabel() is never refused on the way back, whatever names a file has had", () => {
  fc.assert(
    fc.property(
      randomRollout("paginated"),
      fc.array(provider, { minLength: 1, maxLength: 4 }),
      ({ bytes, firstEnd }, targets) => {
        const own = metaOf(bytes).provider!;
        let now = bytes;
        for (const target of targets) {
          if (!("refused" in relabel(memorySource(now), target))) now = relabelled(now, target);
        }
        const back = relabelled(now, own);
        assertEquals([metaOf(back).provider, recorded(back)], [own, own]);
        assertEquals(now.subarray(firstEnd, bytes.length), bytes.subarray(firstEnd));
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("relabel() there and back gives a legacy file back byte by byte when all its lines agreed", () => {
  // dressing would change a comma in a name
  const plain = provider.filter((id) => !id.includes(","));
  const agreed = fc.tuple(fc.constantFrom("\n", "\r\n"), plain, fc.array(dressing, { maxLength: 5 })).map((
    [end, id, dressings],
  ) => ({
    id,
    bytes: rollout([
      metaLine({ mode: "legacy", provider: id }),
      ...dressings.map((dress, n) => dress(settingsLine(id, n, "legacy"))),
      metaLine({ mode: "legacy", provider: "elsewhere", payload: { id: OTHER_ID } }),
    ], end),
  }));
  fc.assert(
    fc.property(agreed, provider, ({ bytes, id }, target) => {
      assertEquals(toByteString(relabelled(relabelled(bytes, target), id)), toByteString(bytes));
    }),
    { numRuns: 100 },
  );
});
