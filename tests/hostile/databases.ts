/** State databases in every odd and bad state, each with what a command makes of it (G18). */
import { DatabaseSync } from "node:sqlite";
import { DATABASE, NEW, threadId } from "../crash/home.ts";

/** One state. */
export interface DatabaseShape {
  readonly name: string;
  readonly make: (home: string) => void;
  /**
   * What `sync --apply` says: `done`, `partly` (some threads left out, exit 8), or the code of the error with which it
   * leaves everything as it is.
   */
  readonly sync: string;
}

function sql(name: string, statements: string, sync = "done"): DatabaseShape {
  return {
    name,
    sync,
    make: (home) => {
      const database = new DatabaseSync(`${home}/${DATABASE}`);
      try {
        database.exec(statements);
      } finally {
        database.close();
      }
    },
  };
}

function file(name: string, sync: string, make: (path: string, home: string) => void): DatabaseShape {
  return { name, sync, make: (home) => make(`${home}/${DATABASE}`, home) };
}

function bytes(path: string, change: (content: Uint8Array) => Uint8Array): void {
  Deno.writeFileSync(path, change(Deno.readFileSync(path)));
}

function fill(content: Uint8Array, from: number, length: number): Uint8Array {
  content.fill(0x5a, from, from + length);
  return content;
}

const one = threadId(1);
const COLUMNS =
  "id, rollout_path, created_at, updated_at, source, model_provider, cwd, title, archived, preview";
/** The table of threads made anew with another definition, and the rows put back. */
function remade(definition: string, more = ""): string {
  return `alter table threads rename to was; create table threads (${definition}); ` +
    `insert into threads (${COLUMNS}) select ${COLUMNS} from was; drop table was; ${more}`;
}
const PLAIN =
  "id text primary key, rollout_path text not null, created_at integer not null, updated_at integer not null, " +
  "source text not null, model_provider text not null, cwd text not null, title text not null default '', " +
  "archived integer not null default 0, preview text not null default ''";

/** All of them. */
export const DATABASES: readonly DatabaseShape[] = [
  sql("as it should be", "select 1"),
  sql("a column more", "alter table threads add column later text"),
  sql(
    "a column more that must hold something",
    "alter table threads add column later text not null default 'x'",
  ),
  sql(
    "a generated column",
    "alter table threads add column made text generated always as (model_provider || '!') virtual",
  ),
  sql(
    "a strict table",
    remade(PLAIN.replaceAll("integer", "integer")).replace("; insert", " strict; insert"),
  ),
  sql("a table without row ids", remade(PLAIN).replace("; insert", " without rowid; insert")),
  sql("names of columns in capitals", remade(PLAIN.toUpperCase()), "database-schema"),
  sql("a collation", remade(PLAIN.replace("model_provider text", "model_provider text collate nocase"))),
  sql("a check that lets it through", remade(`${PLAIN}, check (length(model_provider) > 0)`)),
  sql(
    "a check that does not",
    remade(`${PLAIN}, check (model_provider <> '${NEW}')`).replace(
      "from was",
      `from was where model_provider <> '${NEW}'`,
    ),
    "partly",
  ),
  sql(
    "an index that allows one thread per provider",
    `delete from threads where id > '${
      threadId(1)
    }' and model_provider = 'mock'; delete from threads where model_provider = 'relay' and id > '${
      threadId(6)
    }'; create unique index odd on threads (model_provider)`,
    "partly",
  ),
  sql("a partial index", `create index odd on threads (updated_at) where model_provider = 'mock'`),
  sql("an index of an expression", "create index odd on threads (lower(model_provider))"),
  sql(
    "a foreign key with on update cascade",
    "create table other (id text primary key, of text references threads(id) on update cascade); insert into other values ('a', '" +
      one + "')",
  ),
  sql(
    "a full-text table beside it",
    "create virtual table words using fts5(text); insert into words values ('hello')",
  ),
  sql("a view of it", "create view shown as select * from threads"),
  sql(
    "a trigger that forbids it",
    "create trigger odd before update on threads begin select raise(abort, 'no'); end",
    "database-schema",
  ),
  sql(
    "a trigger that writes elsewhere",
    "create table log (what text); create trigger odd after update on threads begin insert into log values (new.id); end",
    "database-schema",
  ),
  sql(
    "a trigger that changes other threads",
    "create trigger odd after update of model_provider on threads begin update threads set title = 'hit' where id <> new.id; end",
    "database-schema",
  ),
  sql(
    "a trigger that removes threads",
    "create trigger odd after update on threads begin delete from threads where id <> new.id; end",
    "database-schema",
  ),
  sql(
    "a trigger on another table",
    "create table log (what text); create trigger odd after insert on log begin delete from threads; end",
  ),
  sql(
    "a view in its place",
    "alter table threads rename to was; create view threads as select * from was",
    "database-schema",
  ),
  sql(
    "a view with triggers in its place",
    "alter table threads rename to was; create view threads as select * from was; create trigger odd instead of update on threads begin update was set model_provider = new.model_provider where id = new.id; end",
    "database-schema",
  ),
  sql(
    "a full-text table in its place",
    `drop table threads; create virtual table threads using fts5(${COLUMNS})`,
    "done",
  ),
  sql("no table of threads", "drop table threads", "database-schema"),
  sql(
    "a table of that name with nothing of it",
    "drop table threads; create table threads (x)",
    "database-schema",
  ),
  sql(
    "no column of providers",
    "drop index threads_by_provider; alter table threads drop column model_provider",
    "database-schema",
  ),
  sql("no column of paths", "alter table threads drop column rollout_path", "database-schema"),
  sql("no key", remade(PLAIN.replace(" primary key", "")), "done"),
  sql(
    "the same id twice",
    remade(
      PLAIN.replace(" primary key", ""),
      `insert into threads (${COLUMNS}) select ${COLUMNS} from threads where id = '${one}'`,
    ),
    "refused",
  ),
  sql("version 99", "pragma user_version = 99"),
  sql("another program's mark", "pragma application_id = 123456"),
  sql("pages of 512 bytes", "pragma journal_mode = delete; pragma page_size = 512; vacuum"),
  sql("pages of 64 KiB", "pragma journal_mode = delete; pragma page_size = 65536; vacuum"),
  sql("auto-vacuum", "pragma journal_mode = delete; pragma auto_vacuum = full; vacuum"),
  sql("a rollback journal", "pragma journal_mode = delete"),
  sql("a journal that is kept", "pragma journal_mode = persist; update threads set title = title"),
  sql("a journal that is cut", "pragma journal_mode = truncate; update threads set title = title"),
  sql(
    "a title of five megabytes",
    `update threads set title = printf('%.*c', 5000000, 'x') where id = '${one}'`,
  ),
  sql(
    "a title with a NUL and escapes",
    `update threads set title = 'a' || char(0) || char(27) || '[2J' where id = '${one}'`,
  ),
  sql("a title that is not UTF-8", `update threads set title = cast(x'ff41fe' as text) where id = '${one}'`),
  sql("a title that is bytes", `update threads set title = x'00ff' where id = '${one}'`),
  sql("a title that is a number", `update threads set title = 7 where id = '${one}'`),
  sql(
    "a provider that is bytes",
    `update threads set model_provider = x'6d6f636b' where id = '${one}'`,
    "partly",
  ),
  sql("a provider that is a number", `update threads set model_provider = 7 where id = '${one}'`),
  sql(
    "a provider that is not UTF-8",
    `update threads set model_provider = cast(x'6dff' as text) where id = '${one}'`,
    "partly",
  ),
  sql(
    "a provider with a NUL",
    `update threads set model_provider = 'mo' || char(0) || 'ck' where id = '${one}'`,
    "partly",
  ),
  sql("a provider that is empty", `update threads set model_provider = '' where id = '${one}'`),
  sql("a path that is bytes", `update threads set rollout_path = x'ff' where id = '${one}'`),
  sql("a path to nowhere", `update threads set rollout_path = '/nowhere/x.jsonl' where id = '${one}'`),
  sql("a path out of the home", `update threads set rollout_path = '/etc/passwd' where id = '${one}'`),
  sql(
    "a path of control characters",
    `update threads set rollout_path = char(27) || ']0;x' || char(7) where id = '${one}'`,
  ),
  sql(
    "an id that is none",
    `insert into threads (${COLUMNS}) values ('../../x', 'p', 1, 1, 'cli', 'mock', '/', '', 0, '')`,
    "partly",
  ),
  sql("an id in capitals", `update threads set id = upper(id) where id = '${one}'`, "partly"),
  sql(
    "an id that is bytes",
    `insert into threads (${COLUMNS}) values (x'ff', 'p', 1, 1, 'cli', 'mock', '/', '', 0, '')`,
    "partly",
  ),
  sql(
    "an id that is nothing",
    `insert into threads (${COLUMNS}) values (null, 'p', 1, 1, 'cli', 'mock', '/', '', 0, '')`,
    "partly",
  ),
  sql(
    "times below zero and beyond all years",
    `update threads set created_at = -9223372036854775807, updated_at = 9223372036854775807 where id = '${one}'`,
  ),
  sql(
    "times that are words",
    `update threads set created_at = 'yesterday', updated_at = 'today' where id = '${one}'`,
  ),
  sql("archived twice", `update threads set archived = 2 where id = '${one}'`),
  sql("archived by a word", `update threads set archived = 'yes' where id = '${one}'`),
  sql(
    "ten thousand rows of no file",
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000) insert into threads (${COLUMNS}) select printf('019b8d00-0000-7000-9000-%012d', i), '/x/' || i, 1, 1, 'cli', 'mock', '/', '', 0, '' from n`,
    "partly",
  ),
  sql("no rows", "delete from threads"),
  file("no bytes", "database-malformed", (path) => Deno.writeTextFileSync(path, "")),
  file("text", "database-malformed", (path) => Deno.writeTextFileSync(path, "hello\n".repeat(1000))),
  file("a header alone", "database-malformed", (path) => bytes(path, (all) => all.slice(0, 100))),
  file("half of it", "database-malformed", (path) => bytes(path, (all) => all.slice(0, 4096 * 2))),
  file("a header of another program", "database-malformed", (path) => bytes(path, (all) => fill(all, 0, 16))),
  file("a page size of 3", "database-malformed", (path) => bytes(path, (all) => fill(all, 16, 2))),
  file("an encoding there is not", "database-malformed", (path) => bytes(path, (all) => fill(all, 56, 4))),
  file("a format of the future", "database-malformed", (path) => bytes(path, (all) => fill(all, 18, 2))),
  file(
    "garbage in its first page",
    "database-malformed",
    (path) => bytes(path, (all) => fill(all, 100, 3000)),
  ),
  file(
    "garbage in its second page",
    "database-malformed",
    (path) => bytes(path, (all) => fill(all, 4096, 4096)),
  ),
  file(
    "a write-ahead log of garbage",
    "done",
    (path) => Deno.writeFileSync(`${path}-wal`, new Uint8Array(9000).fill(7)),
  ),
  file(
    "a shared memory of garbage",
    "done",
    (path) => Deno.writeFileSync(`${path}-shm`, new Uint8Array(32768).fill(7)),
  ),
  file(
    "a journal of garbage",
    "done",
    (path) => Deno.writeFileSync(`${path}-journal`, new Uint8Array(9000).fill(7)),
  ),
  file("an empty journal", "done", (path) => Deno.writeTextFileSync(`${path}-journal`, "")),
  file("a folder in place of the log", "refused", (path) => Deno.mkdirSync(`${path}-wal`)),
  file("a folder in its place", "database-unreadable", (path) => {
    Deno.removeSync(path);
    Deno.mkdirSync(path);
  }),
  file("a link to it elsewhere", "done", (path, home) => {
    Deno.renameSync(path, `${home}/../elsewhere.sqlite`);
    Deno.symlinkSync(`${home}/../elsewhere.sqlite`, path);
  }),
  file("a link to nothing", "database-missing", (path, home) => {
    Deno.removeSync(path);
    Deno.symlinkSync(`${home}/nothing`, path);
  }),
  file("a link to itself", "database-missing", (path) => {
    Deno.removeSync(path);
    Deno.symlinkSync(path, path);
  }),
  file("a pipe in its place", "database-unreadable", (path) => {
    Deno.removeSync(path);
    new Deno.Command("mkfifo", { args: [path] }).outputSync();
  }),
  file("a device behind a link", "database-unreadable", (path) => {
    Deno.removeSync(path);
    Deno.symlinkSync("/dev/zero", path);
  }),
  file("not there", "database-missing", (path) => Deno.removeSync(path)),
  file("an older one beside it", "done", (path, home) => Deno.copyFileSync(path, `${home}/state_4.sqlite`)),
  file("a newer one beside it", "done", (path, home) => Deno.copyFileSync(path, `${home}/state_6.sqlite`)),
  file(
    "one of a number beyond all bounds",
    "done",
    (path, home) => Deno.copyFileSync(path, `${home}/state_99999999999999999999.sqlite`),
  ),
  file("a second one in the other place", "done", (path, home) => {
    Deno.mkdirSync(`${home}/sqlite`);
    Deno.copyFileSync(path, `${home}/sqlite/${DATABASE}`);
  }),
];
