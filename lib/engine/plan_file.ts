/** Plans saved for later: reviewed by people, carried out by `apply`, refused when a character of them changed. */
import { AppError, messageOf } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";
import { digest, type Plan, type Skip } from "../core/plan.ts";
import { asObject, asText, parseChange } from "../core/plan_json.ts";
import { mayHoldSecret } from "../codex/secrets.ts";
import type { Disk } from "../system/disk.ts";
import { parseJsonc } from "../text/jsonc.ts";

const SCHEMA = "codexkeep-plan/1";
const MAX_PLAN_BYTES = 512 * 1024 * 1024;
const PURPOSES = ["sync", "switch", "repair", "restore", "handoff"] as const;

/**
 * Writes a plan to a new file. Throws when the file exists: a plan is never overwritten. Refuses one that would carry
 * secrets of the configuration out of the home.
 */
export function savePlan(disk: Disk, path: AbsPath, plan: Plan): void {
  requireNoSecrets(plan);
  const { changes, ...rest } = plan;
  const head = JSON.stringify({
    schema: SCHEMA,
    digest: digest(plan),
    ...rest,
    reverts: plan.reverts ?? null,
  });
  const file = disk.createFile(path, 0o600);
  let whole = false;
  try {
    const encoder = new TextEncoder();
    // One change per line, so that a person and `diff` can read it.
    file.write(encoder.encode(`${head.slice(0, -1)},"changes":[\n`));
    changes.forEach((change, n) => {
      file.write(encoder.encode(JSON.stringify(change) + (n < changes.length - 1 ? ",\n" : "\n")));
    });
    file.write(encoder.encode("]}\n"));
    file.sync();
    whole = true;
  } finally {
    file.close();
    if (!whole) disk.remove(path);
  }
}

function requireNoSecrets({ changes }: Plan): void {
  const holder = changes.find((change) =>
    (change.kind === "make" || change.kind === "unmake") && mayHoldSecret(change.content) ||
    change.kind === "edit" && change.thread === undefined &&
      change.splices.some(({ before, after }) => mayHoldSecret(before) || mayHoldSecret(after))
  );
  if (holder === undefined || !("path" in holder)) return;
  throw new AppError(
    "refused",
    `the plan for "${holder.path}" holds what may be a secret, and is not saved to a file`,
    {
      hint: "carry it out with --apply; its record stays in the home, readable by you alone",
    },
  );
}

/**
 * Reads a saved plan. Comments are welcome in it; anything that decides what it does must be as it was saved. Throws
 * `plan-invalid` or `unsafe-path`.
 */
export function loadPlan(disk: Disk, path: AbsPath): Plan {
  const fields = asObject(parse(read(disk, path), path), "plan");
  if (fields.schema !== SCHEMA) throw new AppError("plan-invalid", `"${path}" is not a plan of this version`);
  const purpose = PURPOSES.find((one) => one === fields.purpose);
  if (purpose === undefined || !Array.isArray(fields.changes)) {
    throw new AppError("plan-invalid", `"${path}" is not a whole plan`);
  }
  const plan: Plan = {
    purpose,
    home: asText(fields.home, "home") as AbsPath,
    changes: fields.changes.map(parseChange),
    skipped: listOf(fields.skipped, toSkip),
    reverts: typeof fields.reverts === "string" ? fields.reverts : undefined,
  };
  if (digest(plan) !== fields.digest) {
    throw new AppError(
      "plan-invalid",
      `"${path}" does not match its digest: it was changed since it was saved`,
      {
        hint: "make a new plan with --plan-out",
      },
    );
  }
  return plan;
}

function read(disk: Disk, path: AbsPath): string {
  const kind = disk.stat(path)?.kind;
  if (kind !== "file") {
    const what = kind === undefined ? "does not exist" : "is no regular file";
    throw new AppError("plan-invalid", `plan file "${path}" ${what}`);
  }
  const file = disk.openRead(path, { follow: true });
  try {
    if (file.size > MAX_PLAN_BYTES) throw new AppError("plan-invalid", `"${path}" is too large for a plan`);
    return new TextDecoder().decode(file.read(0, file.size));
  } finally {
    file.close();
  }
}

function parse(text: string, path: AbsPath): unknown {
  try {
    return parseJsonc(text);
  } catch (cause) {
    throw new AppError("plan-invalid", `"${path}" is not a plan: ${messageOf(cause)}`, { cause });
  }
}

function listOf<T>(value: unknown, read: (fields: Record<string, unknown>) => T): T[] {
  return Array.isArray(value) ? value.map((item: unknown) => read(asObject(item, "entry"))) : [];
}

function toSkip(fields: Record<string, unknown>): Skip {
  return { subject: asText(fields.subject, "subject"), reason: asText(fields.reason, "reason") };
}
