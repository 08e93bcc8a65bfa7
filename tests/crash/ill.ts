/** A home on which many repairs have something to do at once. */
import { DatabaseSync } from "node:sqlite";
import { buildHome, DATABASE, NEW, rolloutOf, setTime, threadId } from "./home.ts";

/** Time of the small files, milliseconds. */
const MS = 1_767_607_400_321;

/** Makes it: the wrong provider, places, previews, marks, a thread without a row, folded names, old profiles. */
export function prepareIll(home: string): void {
  buildHome(home, NEW);
  const database = new DatabaseSync(`${home}/${DATABASE}`);
  try {
    database.exec(COLUMNS);
    const change = (set: string, n: number) =>
      database.prepare(`update threads set ${set} where id = ?`).run(threadId(n));
    change("archived = 0", 3);
    change(`rollout_path = '/elsewhere/${rolloutOf(2)}'`, 2);
    change("preview = '', title = ''", 1);
    change("name = 'named by me', title = 'named by me'", 6);
    database.prepare("delete from threads where id = ?").run(threadId(5));
  } finally {
    database.close();
  }
  Deno.writeTextFileSync(`${home}/config.toml`, '[profiles.old]\nmodel = "gpt-5"\n', { append: true });
  setTime(`${home}/config.toml`, MS);
  const state = {
    "electron-persisted-atom-state": { "sidebar-workspace-filter-v2": "current", other: [1.0, "é"] },
  };
  Deno.writeTextFileSync(`${home}/.codex-global-state.json`, JSON.stringify(state), { mode: 0o600 });
  setTime(`${home}/.codex-global-state.json`, MS + 1);
}

const COLUMNS = `
alter table threads add column archived_at integer;
alter table threads add column name text;
alter table threads add column has_user_event integer not null default 0;
alter table threads add column first_user_message text not null default '';
alter table threads add column created_at_ms integer;
alter table threads add column updated_at_ms integer;
update threads set created_at_ms = created_at * 1000, updated_at_ms = updated_at * 1000;
create table backfill_state (id integer primary key, status text not null, last_watermark text,
  last_success_at integer, updated_at integer not null);
insert into backfill_state values (1, 'complete', 'sessions/2026/01/05/z', 1767607200, 1767607200);
`;
