/** Plays scripts (see `script.ts` for the language). */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { type Document, pick } from "./contract.ts";
import type { Run, Setting } from "./program.ts";
import type { Script, Step } from "./script.ts";
import { onStage, type Remembered, type Stage } from "./stage.ts";

/** A script being played. */
interface Scene {
  readonly stage: Stage;
  readonly parts: ReadonlyMap<string, string>;
  readonly remembered: Map<string, Remembered>;
  setting: Setting;
  last: Run | undefined;
}

type Command = (scene: Scene, words: readonly string[], status: number | undefined) => void | Promise<void>;

/** Plays a script; throws where something is not as it says, naming the line. */
export async function play({ steps, parts }: Script): Promise<void> {
  const [first, ...rest] = steps;
  assert(first?.words[0] === "home", "a script begins with its home");
  await onStage(first.words[1] ?? "", async (stage) => {
    const scene: Scene = { stage, parts, remembered: new Map(), setting: {}, last: undefined };
    for (const step of rest) await playStep(scene, step);
  });
}

async function playStep(scene: Scene, { line, words, status }: Step): Promise<void> {
  const [name = "", ...args] = words.map((word) => fillIn(scene.stage, word));
  const command = COMMANDS[name];
  try {
    if (command === undefined) throw new Error(`there is no command "${name}"`);
    await command(scene, args, status);
  } catch (error) {
    const printed = scene.last === undefined ? "" : `\n${scene.last.stdout}${scene.last.stderr}`;
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`line ${line}: ${words.join(" ")}\n${what}${printed}`, { cause: error });
  }
}

/** Puts names and ids in the place of `$…`. */
function fillIn({ folder, home, threads, records }: Stage, word: string): string {
  return word.replace(/\$(HOME|TMP|[TFR])(\d*)/g, (all, name: string, digits: string) => {
    const index = Number(digits) - 1;
    const found = {
      HOME: home,
      TMP: folder,
      T: threads[index]?.id,
      F: threads[index]?.files.at(-1),
      R: records()[index],
    }[name];
    if (found === undefined) throw new Error(`there is no ${all}`);
    return name.length > 1 ? found + digits : found;
  });
}

const COMMANDS: Readonly<Record<string, Command>> = {
  codexkeep: async (scene, args, status) => {
    scene.last = await scene.stage.run(args, scene.setting);
    assertEquals(scene.last.code, status, "exit status");
  },
  env: (scene, [text = ""]) => {
    const cut = text.indexOf("=");
    const env = { ...scene.setting.env, [text.slice(0, cut)]: text.slice(cut + 1) };
    scene.setting = { ...scene.setting, env };
  },
  umask: (scene, [mask = ""]) => {
    scene.setting = { ...scene.setting, umask: parseInt(mask, 8) };
  },
  stdout: (scene, words) => expectText(lastOf(scene).stdout, words),
  stderr: (scene, words) => expectText(lastOf(scene).stderr, words),
  silent: (scene, [stream = ""]) => {
    const { stdout, stderr } = lastOf(scene);
    assertEquals(stream === "stdout" ? stdout : stderr, "");
  },
  json: (scene, [path = "", value = ""]) => {
    const document = documentOf(scene);
    assertEquals(path === "" ? document.result : pick(document, path), JSON.parse(value), path);
  },
  error: (scene, [code = ""]) => assertEquals(documentOf(scene).errors[0]?.code, code),
  unchanged: ({ stage }) => stage.unchanged(),
  kept: ({ stage }) => stage.kept(),
  changed: ({ stage }, files) => stage.changed(files),
  records: ({ stage }, [count = ""]) => assertEquals(stage.records().length, Number(count)),
  remember: ({ stage, remembered }, [name = ""]) => {
    remembered.set(name, stage.remember());
  },
  same: ({ stage, remembered }, [name = ""]) => {
    const then = remembered.get(name);
    assert(then !== undefined, `nothing was remembered as "${name}"`);
    stage.same(then);
  },
  thread: ({ stage }, [n = "", provider = ""]) => assertEquals(stage.copies(Number(n)), provider),
  holds: ({ stage }, [file = "", ...words]) => expectText(Deno.readTextFileSync(stage.path(file)), words),
  equals: ({ stage, parts }, [file = "", part = ""]) => {
    assertEquals(Deno.readTextFileSync(stage.path(file)), partOf(parts, part));
  },
  "equals-text": ({ stage }, [file = "", text = ""]) => {
    assertEquals(
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(Deno.readFileSync(stage.path(file))),
      text,
    );
  },
  put: ({ stage, parts }, [file = "", part = file]) => {
    Deno.writeTextFileSync(stage.path(file), partOf(parts, part));
  },
  append: ({ stage }, [file = "", text = ""]) => {
    Deno.writeTextFileSync(stage.path(file), text, { append: true, create: false });
  },
  write: ({ stage }, [file = "", text = ""]) => Deno.writeTextFileSync(stage.path(file), text),
  replace: ({ stage }, [file = "", from = "", to = ""]) => {
    const path = stage.path(file);
    const text = Deno.readTextFileSync(path);
    assertStringIncludes(text, from);
    Deno.writeTextFileSync(path, text.replace(from, () => to));
  },
  remove: ({ stage }, [file = ""]) => Deno.removeSync(stage.path(file), { recursive: true }),
  mkdir: ({ stage }, [file = ""]) => Deno.mkdirSync(stage.path(file), { recursive: true }),
  move: ({ stage }, [from = "", to = ""]) => Deno.renameSync(stage.path(from), stage.path(to)),
  copy: ({ stage }, [from = "", to = ""]) => Deno.copyFileSync(stage.path(from), stage.path(to)),
  link: ({ stage }, [file = "", target = ""]) => Deno.symlinkSync(target, stage.path(file)),
  chmod: ({ stage }, [mode = "", file = ""]) => Deno.chmodSync(stage.path(file), parseInt(mode, 8)),
  touch: ({ stage }, [file = "", time]) => {
    const at = time === undefined ? new Date() : new Date(time);
    Deno.utimeSync(stage.path(file), at, at);
  },
  sql: ({ stage }, [statement = "", file]) => stage.sql(statement, file),
};

function lastOf({ last }: Scene): Run {
  assert(last !== undefined, "nothing was run yet");
  return last;
}

function documentOf(scene: Scene): Document {
  return JSON.parse(lastOf(scene).stdout) as Document;
}

function partOf(parts: ReadonlyMap<string, string>, name: string): string {
  const part = parts.get(name);
  assert(part !== undefined, `the script has no part "${name}"`);
  return part;
}

function expectText(text: string, words: readonly string[]): void {
  const [first = "", second = ""] = words;
  if (first !== "!") assertStringIncludes(text, first);
  else assert(!text.includes(second), `${JSON.stringify(second)} is in it`);
}
