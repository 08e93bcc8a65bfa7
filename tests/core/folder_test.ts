import { AppError } from "../../lib/core/error.ts";
import {
  isFolderWithin,
  isSameFolder,
  movedFolder,
  nameOf,
  otherForms,
  parseFolder,
  plainFolder,
  requireMoves,
  styleOf,
} from "../../lib/core/folder.ts";
import { assertEquals, assertThrows } from "../assert.ts";

const move = (text: string, ...moves: readonly string[]) =>
  movedFolder(
    text,
    moves.map((one) => {
      const [from = "", to = ""] = one.split("=");
      return { from, to };
    }),
  );

Deno.test("parseFolder() reads the forms of all systems", () => {
  const parts = (text: string) => {
    const folder = parseFolder(text);
    return folder && [folder.style, folder.root, ...folder.names];
  };
  assertEquals(parts("/home/u//x/"), ["posix", "/", "home", "u", "x"]);
  assertEquals(parts("/"), ["posix", "/"]);
  assertEquals(parts("C:\\Users\\u"), ["windows", "c:", "Users", "u"]);
  assertEquals(parts("c:/Users/u"), ["windows", "c:", "Users", "u"]);
  assertEquals(parts("D:"), ["windows", "d:"]);
  assertEquals(parts("\\\\?\\C:\\x"), ["windows", "c:", "x"]);
  assertEquals(parts("\\\\?\\UNC\\Srv\\Share\\x"), ["windows", "\\\\srv\\share", "x"]);
  assertEquals(parts("\\\\wsl$\\Ubuntu\\home\\u"), ["windows", "\\\\wsl$\\ubuntu", "home", "u"]);
  for (const text of ["", "x", "C:x", "./x", "~/x", "\\x", "\\\\server", "\\\\.\\pipe\\x"]) {
    assertEquals(parts(text), undefined, text);
  }
});

Deno.test("plainFolder() takes the prefix away only where it means the same without", () => {
  assertEquals(plainFolder("\\\\?\\C:\\a b\\c"), "C:\\a b\\c");
  assertEquals(plainFolder("//?/C:\\a"), "C:\\a");
  assertEquals(plainFolder("\\\\?\\UNC\\srv\\share\\x"), "\\\\srv\\share\\x");
  const stays = [
    "C:\\a",
    "/home/u",
    "\\\\?\\Volume{1}\\x",
    "\\\\?\\C:\\a.",
    "\\\\?\\C:\\a \\b",
    "\\\\?\\C:\\a\\..\\b",
    "\\\\?\\C:\\a/b",
    `\\\\?\\C:\\${"x".repeat(300)}`,
    "",
  ];
  for (const text of stays) assertEquals(plainFolder(text), text);
});

Deno.test("isSameFolder() goes by the rules of the system the path belongs to", () => {
  assertEquals(isSameFolder("/home/u/App", "/home/u/App/"), true);
  assertEquals(isSameFolder("/home/u/App", "/home/u/app"), false);
  assertEquals(isSameFolder("C:\\App", "\\\\?\\c:\\app"), true);
  assertEquals(isSameFolder("C:\\App", "/mnt/c/App"), false);
  assertEquals(isSameFolder("x", "x"), true);
  assertEquals(isSameFolder("x", "y"), false);
});

Deno.test("isFolderWithin() compares names, not beginnings of texts", () => {
  assertEquals(isFolderWithin("/a/b/c", "/a/b"), true);
  assertEquals(isFolderWithin("/a/b", "/a/b"), true);
  assertEquals(isFolderWithin("/a/bc", "/a/b"), false);
  assertEquals(isFolderWithin("/a", "/a/b"), false);
  assertEquals(isFolderWithin("/a", "/"), true);
});

Deno.test("movedFolder() follows the folder itself and those below it", () => {
  assertEquals(move("/old/app", "/old/app=/new/app"), "/new/app");
  assertEquals(move("/old/app/src", "/old/app=/new/app"), "/new/app/src");
  assertEquals(move("/old/app2", "/old/app=/new/app"), undefined);
  assertEquals(move("/old", "/old/app=/new/app"), undefined);
  assertEquals(move("/old/app", "/old/app/=/new/app/"), "/new/app");
  assertEquals(move("/x/y", "/=/mnt"), "/mnt/x/y");
  assertEquals(move("/x/y", "/x=/"), "/y");
  assertEquals(move("relative", "/x=/y"), undefined);
});

Deno.test("movedFolder() takes the move that names most of the folder, in whatever order they come", () => {
  const moves = ["/a=/1", "/a/b=/2", "/a/b/c/d=/3"];
  for (const list of [moves, moves.toReversed()]) {
    assertEquals(move("/a/b/c", ...list), "/2/c");
    assertEquals(move("/a/x", ...list), "/1/x");
  }
});

Deno.test("movedFolder() moves once: an exchange exchanges, and what is in the new place stays", () => {
  assertEquals(move("/a", "/a=/b", "/b=/a"), "/b");
  assertEquals(move("/b", "/a=/b", "/b=/a"), "/a");
  assertEquals(move("/a/b", "/a=/a/b"), undefined);
  assertEquals(move("/a/x", "/a=/a/b"), "/a/b/x");
  assertEquals(move("/a", "/a=/a"), undefined);
});

Deno.test("movedFolder() speaks the language of the place it leads to", () => {
  assertEquals(move("C:\\Old\\App\\src", "c:\\old\\app=D:\\App"), "D:\\App\\src");
  assertEquals(move("\\\\?\\C:\\old\\x", "C:\\old=D:\\new"), "D:\\new\\x");
  assertEquals(move("C:\\Users\\u\\x", "C:\\=/mnt/c"), "/mnt/c/Users/u/x");
  assertEquals(move("/mnt/c/x/y", "/mnt/c=C:\\"), "C:\\x\\y");
  assertEquals(move("/mnt/c", "/mnt/c=C:\\"), "C:\\");
  assertEquals(move("\\\\wsl$\\Ubuntu\\home\\u", "\\\\wsl$\\ubuntu\\=/"), "/home/u");
  assertEquals(move("C:/old/x", "C:/old=D:/new"), "D:/new/x");
});

Deno.test("requireMoves() refuses folders that are not whole, and two places for one", () => {
  requireMoves([{ from: "/a", to: "C:\\b" }, { from: "/b", to: "/c" }]);
  const check = (from: string, to: string) => () => requireMoves([{ from: "/a", to: "/b" }, { from, to }]);
  assertThrows(check("x", "/y"), AppError, 'folder "x" is not a whole path');
  assertThrows(check("/x", ""), AppError, 'folder "" is not a whole path');
  assertThrows(check("/x", "/y/../z"), AppError, 'folder "/y/../z" is not a whole path');
  assertThrows(check("C:\\x\\.", "/y"), AppError, "is not a whole path");
  assertThrows(check("/a/", "/c"), AppError, 'cannot have moved to "/b" and to "/c"');
});

Deno.test("otherForms() names a folder as the other side of a machine with WSL does", () => {
  assertEquals(otherForms("/mnt/c/Users/u"), ["C:\\Users\\u"]);
  assertEquals(otherForms("/mnt/data/u"), []);
  assertEquals(otherForms("C:\\Users\\u"), ["/mnt/c/Users/u"]);
  assertEquals(otherForms("C:\\home\\u"), ["/mnt/c/home/u", "/home/u"]);
  assertEquals(otherForms("C:\\mnt\\c\\x"), ["/mnt/c/mnt/c/x", "/mnt/c/x"]);
  assertEquals(otherForms("\\\\wsl.localhost\\Ubuntu\\home\\u"), ["/home/u"]);
  assertEquals(otherForms("\\\\srv\\share\\x"), []);
  assertEquals(otherForms("x"), []);
});

Deno.test("styleOf() and nameOf() tell the system and the last name of a folder", () => {
  assertEquals([styleOf("/a"), styleOf("C:\\a"), styleOf("a")], ["posix", "windows", undefined]);
  assertEquals([nameOf("/a/b/"), nameOf("C:\\a"), nameOf("/")], ["b", "a", undefined]);
});
