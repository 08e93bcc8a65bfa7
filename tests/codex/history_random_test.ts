/**
 * Lines moved at random between real turns and forks of Codex: after the repair every thread shows and sends all that
 * was said in it, and can be forked after any turn.
 */
import { assertEquals } from "../assert.ts";
import type { AppServer } from "./app_server.ts";
import { type Cast, makeCast, type Role, withCast } from "./cast.ts";
import { editLines, rolloutFiles } from "./disk.ts";
import { type TestHome, withServer } from "./home.ts";
import { FULL } from "./oracle.ts";
import { complaints, keep, pick } from "./program.ts";
import { fork, resume, turns, turnsWithIds } from "./readers.ts";
import { completed } from "./threads.ts";

const RUNS = FULL ? 60 : 3;
const STEPS = 6;
/** By how many bytes first lines grow. */
const LENGTHS = [-6000, -900, -20, -3, 5, 40, 1500] as const;
const USED: readonly Role[] = [
  "root",
  "child",
  "middleChild",
  "grandChild",
  "reverted",
  "revertedChild",
  "twiceReverted",
];

/** A thread and what was said in it, inherited messages included. */
interface Talk {
  readonly id: string;
  readonly said: readonly string[];
}

Deno.test("repair history gives back everything, whatever moved the lines and whatever Codex did since", async (test) => {
  const cast = await makeCast("custom");
  try {
    for (let run = 1; run <= RUNS; run++) {
      await test.step(`run ${run}`, () => withCast(cast, (copy) => checkRun(copy, randomOf(run))));
    }
  } finally {
    await cast.home.dispose();
  }
});

type Random = (below: number) => number;

/** The same numbers for the same seed. */
function randomOf(seed: number): Random {
  let state = (seed * 2654435761) % 2 ** 32;
  return (below) => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return Math.floor(state / 2 ** 32 * below);
  };
}

async function checkRun({ home, ids, messages }: Cast, random: Random): Promise<void> {
  const talks: Talk[] = USED.map((role) => ({ id: ids[role], said: messages[role] }));
  moveLines(home, random);
  for (let step = 0; step < STEPS; step++) {
    if (random(2) === 0) moveLines(home, random);
    else await goOn(home, talks, random, `message ${step}`);
  }
  const repaired = await keep(home, ["repair", "history", "--apply"]);
  assertEquals(pick(repaired, "plan.skipped"), []);
  assertEquals(await complaints(home), []);
  // Opening a thread makes Codex read what it had passed over.
  await withServer(home, async (server) => {
    for (const { id } of talks) assertEquals((await resume(server, id)).ok, true, id);
  });
  await withServer(home, async (server) => {
    for (const talk of talks) await checkTalk(home, server, talk, random);
  });
  assertEquals(await complaints(home), []);
}

/** Gives the first lines of some files another length; now and then all lines, as programs do that write them anew. */
function moveLines(home: TestHome, random: Random): void {
  const bytes = LENGTHS[random(LENGTHS.length)] ?? 0;
  const spelled = random(4) === 0;
  for (const path of rolloutFiles(home.path).filter(() => random(2) === 0)) {
    editLines(path, (lines) =>
      lines.map((line, index) => {
        if (index === 0) return withInstructions(line, bytes);
        return spelled ? JSON.stringify(JSON.parse(line), null, 1).replaceAll("\n", "") : line;
      }));
  }
}

/** The first line with longer or shorter instructions, by about so many bytes. */
function withInstructions(line: string, bytes: number): string {
  const meta = JSON.parse(line);
  const { text } = meta.payload.base_instructions;
  meta.payload.base_instructions.text = bytes > 0 ? "x".repeat(bytes) + text : text.slice(-bytes);
  return JSON.stringify(meta);
}

/** A turn in some thread, or in a fork of it; Codex refuses both for some lines that were moved. */
async function goOn(home: TestHome, talks: Talk[], random: Random, text: string): Promise<void> {
  const at = random(talks.length);
  const talk = talks[at];
  if (talk === undefined) return;
  await withServer(home, async (server) => {
    const forks = random(2) === 0;
    const opened = await (forks ? fork : resume)(server, talk.id);
    if (!opened.ok) return;
    await completed(server, opened.id, text);
    const longer = { id: opened.id, said: [...talk.said, text] };
    if (forks) talks.push(longer);
    else talks[at] = longer;
  });
}

async function checkTalk(
  home: TestHome,
  server: AppServer,
  { id, said }: Talk,
  random: Random,
): Promise<void> {
  const spoken = (turn: string) => /: (.*) >/.exec(turn)?.[1] ?? turn;
  const sent = () => home.model.requests.at(-1)?.userTexts ?? [];
  assertEquals((await turns(server, id)).map(spoken), [...said]);
  assertEquals((await resume(server, id)).ok, true, id);
  await completed(server, id, "last");
  assertEquals(sent(), [...said, "last"]);
  const shown = await turnsWithIds(server, id);
  const until = random(shown.length - 1);
  const child = await fork(server, id, { lastTurnId: shown[until]?.id ?? "" });
  if (!child.ok) throw new Error(`thread ${id} cannot be forked after turn ${until}: ${child.error}`);
  assertEquals(await turns(server, child.id), shown.slice(0, until + 1).map(({ text }) => text));
  await completed(server, child.id, "forked");
  assertEquals(sent(), [...said.slice(0, until + 1), "forked"]);
}
