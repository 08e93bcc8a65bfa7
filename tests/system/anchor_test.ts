import { anchor, firm } from "../../lib/system/anchor.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { AppError } from "../../lib/core/error.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { inTempFolder, IS_LINUX } from "./fixture.ts";

function anchored(use: (dir: string) => void): () => Promise<void> {
  return () =>
    inTempFolder((folder) => {
      const dir = `${folder}/home`;
      Deno.mkdirSync(`${dir}/a/b`, { recursive: true });
      Deno.mkdirSync(`${folder}/outside`);
      const release = anchor(dir);
      try {
        use(dir);
      } finally {
        release();
      }
    });
}

const write = (path: string, text: string) => {
  const file = realDisk.createFile(path, 0o600);
  file.write(new TextEncoder().encode(text));
  file.close();
};

Deno.test(
  "writes go into the folder that has the name, and through no link",
  { ignore: !IS_LINUX },
  anchored((dir) => {
    write(`${dir}/a/b/one`, "1");
    assertEquals(Deno.readTextFileSync(`${dir}/a/b/one`), "1");
    Deno.renameSync(`${dir}/a`, `${dir}/old`);
    Deno.symlinkSync(`${dir}/../outside`, `${dir}/a`);
    for (const path of [`${dir}/a/two`, `${dir}/a/b/two`]) {
      const error = assertThrows(() => waitedWrite(path), AppError);
      assertEquals(error.code, "unsafe-path");
    }
    assertEquals([...Deno.readDirSync(`${dir}/../outside`)], []);
  }),
);

/** Behind the time for which a folder is taken to have its name still. */
function waitedWrite(path: string): void {
  const end = performance.now() + 40;
  while (performance.now() < end);
  write(path, "2");
}

Deno.test(
  "a folder that is renamed or removed and made again is the new one at once",
  { ignore: !IS_LINUX },
  anchored((dir) => {
    write(`${dir}/a/b/one`, "1");
    realDisk.rename(`${dir}/a`, `${dir}/c`);
    realDisk.makeDir(`${dir}/a`, 0o700);
    realDisk.makeDir(`${dir}/a/b`, 0o700);
    write(`${dir}/a/b/one`, "2");
    assertEquals(Deno.readTextFileSync(`${dir}/c/b/one`), "1");
    assertEquals(Deno.readTextFileSync(`${dir}/a/b/one`), "2");
    realDisk.removeTree(`${dir}/a`);
    realDisk.makeDir(`${dir}/a`, 0o700);
    write(`${dir}/a/x`, "3");
    realDisk.remove(`${dir}/a/x`);
    realDisk.removeDir(`${dir}/a`);
    assertEquals(realDisk.lstat(`${dir}/a`), undefined);
    const gone = assertThrows(() => write(`${dir}/a/y`, ""), AppError);
    assertEquals(gone.message, `cannot create "${dir}/a/y": it does not exist`);
  }),
);

Deno.test(
  "paths that are not below the home, and all when it is released, are as they are",
  { ignore: !IS_LINUX },
  () =>
    inTempFolder((dir) => {
      const release = anchor(dir);
      const path = `${dir}/x`;
      assertEquals(firm(path).startsWith("/proc/self/fd/"), true);
      for (const other of [dir, `${dir}y/x`, `${dir}/../x`, "/x", "x"]) assertEquals(firm(other), other);
      release();
      assertEquals(firm(path), path);
      anchor(`${dir}/nothing`)();
    }),
);

Deno.test(
  "more folders than are held open do no harm",
  { ignore: !IS_LINUX },
  anchored((dir) => {
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 300; n++) {
        realDisk.makeDir(`${dir}/a/${n}`, 0o700);
        write(`${dir}/a/${n}/${round}`, String(n));
      }
    }
    assertEquals(Deno.readTextFileSync(`${dir}/a/299/1`), "299");
    const open = [...Deno.readDirSync("/proc/self/fd")].length;
    assertEquals(open < 400, true, `${open} are open`);
  }),
);
