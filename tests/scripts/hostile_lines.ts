/** Command lines that carry a text somebody made up; none of them goes through. */

/** The lines with `text` in every place for a word, and `path`, where nothing is, in those for a path. */
export function linesWith(text: string, path: string): readonly (readonly string[])[] {
  return [
    [text],
    ["sync", `--${text}`],
    ["sync", text],
    ["sync", "--provider", text],
    ["switch", "custom", "--model", text],
    ["explain", text],
    ["status", "--codex-home", path],
    ["backups", "show", text],
    ["restore", text],
    ["apply", path],
    ["sync", "--since", text],
    ["sync", "--keep", text],
    ["repair", text],
    ["repair", "cwd", "--map", `${text}=${text}`],
  ];
}
