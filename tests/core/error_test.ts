import { AppError, exitStatus, messageOf } from "../../lib/core/error.ts";
import { assertEquals } from "../assert.ts";

Deno.test("exitStatus() is the table's for a foreseen failure, and 1 for anything else", () => {
  assertEquals(exitStatus(new AppError("state-changed", "x")), 2);
  assertEquals(exitStatus(new AppError("recovery-pending", "x")), 9);
  assertEquals(exitStatus(new AppError("interrupted", "x")), 130);
  for (const other of [new Error("x"), "x", undefined, { code: "locked" }]) {
    assertEquals(exitStatus(other), 1);
  }
});

Deno.test("AppError keeps the hint and the cause, and has neither unless given", () => {
  const cause = new Error("under it");
  const full = new AppError("failed", "over it", { hint: "codexkeep status", cause });
  assertEquals([full.hint, full.cause, full.message], ["codexkeep status", cause, "over it"]);
  const bare = new AppError("failed", "over it");
  assertEquals([bare.hint, Object.hasOwn(bare, "cause")], [undefined, false]);
});

Deno.test("messageOf() reads any thrown value", () => {
  assertEquals([messageOf(new Error("a")), messageOf("b"), messageOf(3)], ["a", "b", "3"]);
});
