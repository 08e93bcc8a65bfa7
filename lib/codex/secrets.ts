/** Which texts in Codex's settings hold secrets, by the names of their keys (documented keys, and names of that kind). */

/** Keys whose values are secrets. `env_key` and its like name a variable of the environment, which is none. */
const SECRET_KEY =
  /^(?!.*env_key$).*(?:token|secret|passw(?:or)?d|api[_-]?key|access[_-]?key|private[_-]?key|authorization|credential)s?$/i;
/** Tables whose values may be: headers that are sent, variables that a server of tools is started with. */
const SECRET_TABLE = /(?:^|\.)["']?(?:http_headers|env)["']?$/;
/** A key at the beginning of a line or of an inline table, or the head of a table. */
const KEY = /(?:^|[{,])[ \t]*((?:["']?[\w-]+["']?[ \t]*\.?[ \t]*)+)=|^[ \t]*\[+[ \t]*([^\]\n]+?)[ \t]*\]+/gm;

/** Whether a piece of `config.toml` gives a secret a value. May say so of a key that only sounds like one. */
export function mayHoldSecret(toml: string): boolean {
  for (const [, key, table] of toml.matchAll(KEY)) {
    const name = (table ?? key ?? "").trim();
    const last = name.split(".").at(-1)?.replaceAll(/["'\s]/g, "") ?? "";
    if (SECRET_TABLE.test(name) || (table === undefined && SECRET_KEY.test(last))) return true;
  }
  return false;
}
