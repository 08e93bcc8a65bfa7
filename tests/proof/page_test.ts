import { assertEquals, assertThrows } from "../assert.ts";
import { countsText, type Figure } from "./figure.ts";
import { replacePart, shortTable, suiteSection, sums } from "./page.ts";

const figure = (group: string, counts: Record<string, number>, control = false): Figure => ({
  group,
  name: "x",
  counts,
  seconds: 1.5,
  control,
});

const FIGURES = [
  figure("kills", { points: 1000, torn: 0 }),
  figure("kills", { points: 88, torn: 0, "max ms": 7 }),
  figure("kills", { points: 9, torn: 8 }, true),
  figure("kills", { points: 1, torn: 0, "max ms": 5 }),
];

Deno.test("figures of a group are added up, a maximum is kept, a control stands for itself", () => {
  assertEquals(sums(FIGURES), [
    {
      group: "kills",
      parts: 3,
      counts: { points: 1089, torn: 0, "max ms": 7 },
      seconds: 4.5,
      control: false,
    },
    { group: "kills", parts: 1, counts: { points: 9, torn: 8 }, seconds: 1.5, control: true },
  ]);
});

Deno.test("the short table leaves controls out, the page of a suite names them", () => {
  const run = { date: "2026-01-02", commit: "abc", size: "full", seconds: 100, figures: FIGURES };
  assertEquals(shortTable({ sweep: run }).split("\n").length, 3);
  const page = suiteSection("sweep", run);
  assertEquals(
    page.split("\n")[0],
    "`deno task sweep --size full` (everything), 2026-01-02, commit abc, 2 min.",
  );
  assertEquals(page.includes("| control: kills | 1 | 9 points, 8 torn | 2 s |"), true);
});

Deno.test("a part of a page is replaced and nothing else", () => {
  const page = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n";
  assertEquals(replacePart(page, "x", "new"), "a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb\n");
  assertThrows(() => replacePart(page, "y", "new"), Error, 'no part "y"');
});

Deno.test("counts are words with numbers that can be read", () => {
  assertEquals(countsText({ points: 1088, torn: 0 }), "1,088 points, 0 torn");
});
