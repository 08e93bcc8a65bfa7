import fc from "fast-check";
import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { digest, type Plan } from "../../lib/core/plan.ts";
import { loadPlan, savePlan } from "../../lib/engine/plan_file.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { plan } from "../core/plans.ts";
import { withFolder, withHome } from "../home.ts";
import { CONFIG, planBack, planSync, sync } from "./fixture.ts";

const codeOf = (run: () => unknown) => assertThrows(run, AppError).code;

Deno.test("loadPlan() reads back any plan that savePlan() wrote", async () => {
  await withFolder((folder) => {
    let n = 0;
    fc.assert(
      fc.property(plan, (one) => {
        const path = `${folder}/plan${n++}.json` as AbsPath;
        savePlan(realDisk, path, one);
        const loaded = loadPlan(realDisk, path);
        // -0 is the one number that JSON does not keep
        assertEquals(JSON.stringify(loaded), JSON.stringify(one));
        assertEquals(digest(loaded), digest(one));
      }),
      { numRuns: 60 },
    );
  });
});

/** A real plan in a file, as text. */
async function withSaved(
  use: (text: string, load: (text: string | Uint8Array) => Plan, whole: Plan) => void,
): Promise<void> {
  await withHome(
    { config: CONFIG, threads: [{ provider: "old", turns: [], instructionsBytes: 20 }] },
    async (home) => {
      const path = `${home.path}/../plan.json` as AbsPath;
      const whole = await planSync(home.path);
      savePlan(realDisk, path, whole);
      const load = (text: string | Uint8Array) => {
        const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
        Deno.writeFileSync(path, bytes);
        return loadPlan(realDisk, path);
      };
      use(Deno.readTextFileSync(path), load, whole);
    },
  );
}

Deno.test("loadPlan() takes comments and another layout, and the same plan comes out", async () => {
  await withSaved((text, load, whole) => {
    assertEquals(load(text), whole);
    assertEquals(load(`// looked at it\n/* twice */ ${text}\n`), whole);
    assertEquals(load(JSON.stringify(JSON.parse(text), undefined, 2)), whole);
    assertEquals(load("\ufeff" + text.replace("]}", "],}")), whole);
    const reordered = Object.fromEntries(Object.entries(JSON.parse(text)).reverse());
    assertEquals(digest(load(JSON.stringify(reordered))), digest(whole));
  });
});

Deno.test("loadPlan() finds every changed byte that changes what the plan does", async () => {
  await withSaved((text, load, whole) => {
    const bytes = new TextEncoder().encode(text);
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      try {
        const other = load(bytes.with(at, bytes[at]! ^ (1 << (at % 7))));
        // what is only shown, or between the values, is no part of the digest
        const told = { ...other, skipped: whole.skipped };
        assertEquals(JSON.stringify(told), JSON.stringify(whole), `byte ${at}`);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        assert(error.code === "plan-invalid" || error.code === "unsafe-path", error.code);
        refused++;
      }
    }
    assert(refused > bytes.length / 2, `${refused} of ${bytes.length}`);
  });
});

Deno.test("loadPlan() refuses altered plans by what was altered", async () => {
  await withSaved((text, load) => {
    const value = JSON.parse(text);
    const altered = (more: object) => JSON.stringify({ ...value, ...more });
    const others = [
      altered({ purpose: "switch" }),
      altered({ purpose: "prune" }),
      altered({ purpose: undefined }),
      altered({ home: "/elsewhere" }),
      altered({ home: "" }),
      altered({ reverts: "000001-20261121T101112Z-sync-0a1b2c3d" }),
      altered({ digest: undefined }),
      altered({ digest: "0".repeat(64) }),
      altered({ schema: "codexkeep-plan/2" }),
      altered({ changes: [] }),
      altered({ changes: {} }),
      altered({ changes: [...value.changes].reverse() }),
      altered({ changes: [...value.changes, value.changes[0]] }),
      altered({ changes: [null] }),
      altered({ skipped: [{ subject: 3, reason: "x" }] }),
      "[]",
      "null",
      "",
      "not a plan",
      text.slice(0, -20),
    ];
    for (const other of others) assertEquals(codeOf(() => load(other)), "plan-invalid", other.slice(0, 80));
    value.changes[0].path = "../../../etc/passwd";
    assertEquals(codeOf(() => load(altered({}))), "unsafe-path");
  });
});

Deno.test("loadPlan() refuses what is no file", async () => {
  await withFolder((folder) => {
    assertEquals(codeOf(() => loadPlan(realDisk, `${folder}/none.json` as AbsPath)), "plan-invalid");
    assertEquals(codeOf(() => loadPlan(realDisk, folder)), "plan-invalid");
  });
});

Deno.test("savePlan() overwrites nothing, and leaves nothing half written", async () => {
  await withFolder((folder) => {
    const path = `${folder}/plan.json` as AbsPath;
    const empty: Plan = { purpose: "sync", home: folder, changes: [], skipped: [], reverts: undefined };
    Deno.writeTextFileSync(path, "mine");
    assertThrows(() => savePlan(realDisk, path, empty), AppError);
    assertEquals(Deno.readTextFileSync(path), "mine");
    Deno.removeSync(path);
    const full = {
      ...realDisk,
      createFile: (name: string, mode: number) => {
        const file = realDisk.createFile(name, mode);
        return {
          ...file,
          write: () => {
            throw new AppError("no-space", "the disk is full");
          },
        };
      },
    };
    assertThrows(() => savePlan(full, path, empty), AppError, "full");
    assertEquals(realDisk.lstat(path), undefined);
    savePlan(realDisk, path, empty);
    if (Deno.build.os !== "windows") assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  });
});

Deno.test("savePlan() and loadPlan() keep plans that restore by force, compressed files among them", async () => {
  const threads = [{ provider: "old" }, { provider: "old", compressed: true }];
  await withHome({ config: CONFIG, threads }, async (home) => {
    const record = await sync(home.path);
    await sync(home.path, "other");
    const { plan: back } = await planBack(home.path, record, { force: true });
    assertEquals(back.changes.map(({ kind }) => kind), ["edit", "recode", "row", "row"]);
    const path = `${home.path}/../back.json` as AbsPath;
    savePlan(realDisk, path, back);
    assertEquals(digest(loadPlan(realDisk, path)), digest(back));
  });
});
