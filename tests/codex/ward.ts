/** A home with one thread per ailment. */
import { type Account, signIn, signOut } from "./account.ts";
import { type Ailment, AILMENT_NAMES, type AilmentName, AILMENTS, type Making } from "./ailments.ts";
import type { AppServer } from "./app_server.ts";
import { makeHome, type TestHome, withServer } from "./home.ts";
import { archive, completed, newExecThread, newFork, newThread, rename, revert } from "./threads.ts";

/** The account that made the thread "of an account"; nobody is signed in to the home. */
export const OWNER: Account = { user: "user-a", workspace: "workspace-a" };

/** A home whose threads are ill, one of each kind, the current provider being `mock`. */
export type Ward = { readonly home: TestHome; readonly ids: Readonly<Record<AilmentName, string>> };

/** Makes the home; the message in each thread is the name of its ailment. Takes about four seconds. */
export async function makeWard(): Promise<Ward> {
  const home = makeHome("mock");
  try {
    const made = [...await makeExec(home), ...await makeOwned(home), ...await makeOthers(home)];
    for (const [name, id] of made) ailment(name).harm?.(home.path, id);
    return { home, ids: Object.fromEntries(made) as Record<AilmentName, string> };
  } catch (error) {
    await home.dispose();
    throw error;
  }
}

type Made = readonly (readonly [AilmentName, string])[];

async function makeExec(home: TestHome): Promise<Made> {
  const made: [AilmentName, string][] = [];
  for (const name of namesOf("exec")) made.push([name, await newExecThread(home, name)]);
  return made;
}

async function makeOwned(home: TestHome): Promise<Made> {
  signIn(home.path, OWNER);
  try {
    return await withServer(home, (server) => makeAll(server, namesOf("owned")));
  } finally {
    signOut(home.path);
  }
}

async function makeOthers(home: TestHome): Promise<Made> {
  const names = AILMENT_NAMES.filter((name) => !["exec", "owned"].includes(ailment(name).make ?? ""));
  return await withServer(home, (server) => makeAll(server, names));
}

async function makeAll(server: AppServer, names: readonly AilmentName[]): Promise<Made> {
  const made: [AilmentName, string][] = [];
  for (const name of names) made.push([name, await makeOne(server, name, ailment(name).make)]);
  return made;
}

async function makeOne(server: AppServer, name: string, make: Making | undefined): Promise<string> {
  const isReverted = make?.startsWith("reverted") ?? false;
  const id = await newThread(server, {
    messages: make === "unused" ? [] : isReverted ? [name, "taken back"] : [name],
    ...(make === "legacy" ? { historyMode: make } : {}),
    ...(make?.endsWith("other provider") ? { provider: "relay" } : {}),
  });
  if (make === "unused") await rename(server, id, name); // a thread without a name would have no file
  if (make?.startsWith("archived")) await archive(server, id);
  if (isReverted) await revert(server, id, 1);
  if (make === "reverted") await completed(server, id, "again");
  return make === "fork" ? await newFork(server, id, ["of the fork"]) : id;
}

function namesOf(make: Making): readonly AilmentName[] {
  return AILMENT_NAMES.filter((name) => ailment(name).make === make);
}

function ailment(name: AilmentName): Ailment {
  return AILMENTS[name];
}
