/** Folders in the forms of every system, as threads name them and as people write them: the right threads, and no others (G19). */
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals } from "../assert.ts";
import { DATABASE, runUndisturbed } from "../crash/home.ts";
import { report } from "../proof/figure.ts";
import { makeHome } from "../scripts/homes.ts";
import { some } from "./rig.ts";

/** A folder, and what it is the same as; `null`: it is no whole folder, and refused where one is wanted. */
type Form = readonly [text: string, folder: string | null];

const LONG = "d".repeat(200);

/** All forms. */
const FORMS: readonly Form[] = [
  ["/work/a", "a"],
  ["/work/a/", "a"],
  ["/work//a", "a"],
  ["/work/A", "A"],
  ["/work/a b", "a b"],
  ["/work/ab", "ab"],
  ["/work/é", "é"],
  ["/work/e\u0301", "é in two"],
  ["/work/🙂", "emoji"],
  ["/work/日本", "日本"],
  ["/work/a'b", "quote"],
  ['/work/a"b', "double quote"],
  ["/work/$(id)", "dollar"],
  ["/work/a;b", "semicolon"],
  ["/work/a%20b", "percent"],
  ["/work/a*b", "star"],
  ["/work/-a", "dash"],
  ["/work/.a", "hidden"],
  ["/work/a.", "dot behind"],
  ["/work/a ", "space behind"],
  ["/work/CON", "device here"],
  ["/work/a:b", "colon"],
  ["/work/a\\b", "backslash in a name"],
  ["/work/\u202Eabc", "direction"],
  ["/work/\u001b[2J", "escape"],
  ["/work/a\tb", "tab"],
  ["/work/a\nb", "line"],
  ["/", "root"],
  ["/mnt/c/x", "c in wsl"],
  ["/Users/x/proj", "mac"],
  [`/work/${LONG}/${LONG}/${LONG}`, "long"],
  ["C:\\x", "c x"],
  ["c:\\x", "c x"],
  ["C:/x", "c x"],
  ["C:\\X", "c x"],
  ["C:\\x\\", "c x"],
  ["C:\\\\x", "c x"],
  ["\\\\?\\C:\\x", "c x"],
  ["//?/C:/x", "c x"],
  ["C:\\x y", "c x y"],
  ["C:\\xy", "c xy"],
  ["C:\\Ä", "c ä"],
  ["c:\\ä", "c ä"],
  ["D:\\x", "d x"],
  ["C:\\", "c"],
  ["C:", "c"],
  ["C:x", null],
  ["C:\\NUL", "c nul"],
  ["C:\\x\\COM1.txt", "c com1"],
  [`C:\\${LONG}\\${LONG}`, "c long"],
  ["\\\\server\\share\\p", "share p"],
  ["\\\\SERVER\\Share\\P", "share p"],
  ["\\\\?\\UNC\\server\\share\\p", "share p"],
  ["\\\\server\\share", "share"],
  ["\\\\server", null],
  ["\\\\wsl$\\Ubuntu\\home\\x", "wsl"],
  ["\\\\wsl.localhost\\Ubuntu\\home\\x", "wsl localhost"],
  ["x", null],
  ["./x", null],
  ["../x", null],
  [".", null],
  ["~", null],
  ["~/x", null],
  ["\\x", null],
  ["file:///work/a", null],
];

/** A home with a thread in each of these folders. */
async function withThreads(use: (home: string, ids: readonly string[]) => Promise<void>): Promise<void> {
  const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-paths-" }));
  try {
    const home = `${root}/home`;
    const threads = makeHome(home, FORMS.map(() => ({ provider: "openai" })));
    const database = new DatabaseSync(`${home}/${DATABASE}`);
    threads.forEach(({ id, files: [file = ""] }, n) => {
      const cwd = FORMS[n]?.[0] ?? "";
      database.prepare("update threads set cwd = ? where id = ?").run(cwd, id);
      const [first = "", ...rest] = Deno.readTextFileSync(`${home}/${file}`).split("\n");
      const meta = JSON.parse(first);
      meta.payload.cwd = cwd;
      Deno.writeTextFileSync(`${home}/${file}`, [JSON.stringify(meta), ...rest].join("\n"));
    });
    database.close();
    await use(home, threads.map(({ id }) => id));
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

function foldersIn(home: string): ReadonlyMap<string, string> {
  const database = new DatabaseSync(`${home}/${DATABASE}`, { readOnly: true });
  try {
    return new Map(
      database.prepare("select id, cwd from threads").all().map(({ id, cwd }) => [String(id), String(cwd)]),
    );
  } finally {
    database.close();
  }
}

Deno.test("a folder that is named moves its own threads, in whatever form both are", async () => {
  const started = performance.now();
  const faults: string[] = [];
  const forms = some(FORMS.filter(([text]) => text !== "/"), 16);
  await withThreads(async (home, ids) => {
    for (const [text, folder] of forms) {
      const before = foldersIn(home);
      const argv = [
        "repair",
        "cwd",
        "--map",
        `${text}=/moved`,
        "--include-empty",
        "--source",
        "any",
        "--json",
      ];
      const ran = await runUndisturbed(home, [...argv, "--apply"]);
      const { errors, result } = JSON.parse(ran.out);
      const after = foldersIn(home);
      // The repair also writes `\\?\C:\x` and `c:\x` in the form that Codex's readers compare; that is no move.
      const isMoved = (id: string) => after.get(id)?.startsWith("/moved") === true;
      const moved = ids.filter(isMoved).map((id) => FORMS[ids.indexOf(id)]?.[0]);
      const wanted = folder === null ? [] : FORMS.filter((form) => form[1] === folder).map((form) => form[0]);
      // What lies below goes along.
      const below = FORMS.filter(([other]) => isBelow(other, folder)).map((form) => form[0]);
      const what = JSON.stringify(text);
      if (errors[0]?.code === "internal") faults.push(`${what}: ${errors[0].message}`);
      if (folder === null && ran.code !== 4) faults.push(`${what}: exit ${ran.code}, not 4`);
      const [is, should] = [moved, [...wanted, ...below]].map((list) => [...list].sort().join(" | "));
      if (is !== should) faults.push(`${what} moved ${is}, not ${should} (exit ${ran.code})`);
      if (result?.applied === true) await runUndisturbed(home, ["restore", "latest", "--apply"]);
      if (JSON.stringify([...foldersIn(home)]) !== JSON.stringify([...before])) {
        faults.push(`${what}: not as before`);
      }
    }
  });
  report("hostile paths", "as folders of threads", { forms: forms.length, faults: faults.length }, started);
  assert(FORMS.length >= 60);
  assertEquals(faults, []);
});

/** The few folders here that lie in others. */
function isBelow(text: string, folder: string | null): boolean {
  if (folder === "c") return /^([cC]:[\\/]|[\\/]{2}\?[\\/]C:)./.test(text);
  if (folder === "share") {
    return /^\\\\(SERVER\\Share\\P|server\\share\\p|\?\\UNC\\server\\share\\p)$/.test(text);
  }
  return folder === "c x" && text === "C:\\x\\COM1.txt";
}

Deno.test("a comparison of texts is found guilty", async () => {
  const started = performance.now();
  let wrong = 0;
  for (const [text, folder] of FORMS) {
    const wanted = FORMS.filter((form) => folder !== null && form[1] === folder).map((form) => form[0])
      .join();
    if (FORMS.filter(([other]) => other === text).map(([other]) => other).join() !== wanted) wrong++;
  }
  report("hostile paths", "a comparison of texts", { forms: FORMS.length, faults: wrong }, started, {
    control: true,
  });
  assert(wrong > 10);
  await Promise.resolve();
});
