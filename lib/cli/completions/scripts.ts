/**
 * What a shell has to be told so that it asks the program itself: `codexkeep completions SHELL -- WORDS +LAST` prints
 * one candidate a line, a space, what it means; and last `:files` or `:folders` where names on the disk are as good.
 */

/** Shells that are known. */
export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** A shell. */
export type Shell = (typeof SHELLS)[number];

/** Where each script goes, for help. */
export const INSTALLED: Readonly<Record<Shell, string>> = {
  bash: "codexkeep completions bash > ~/.local/share/bash-completion/completions/codexkeep",
  zsh: 'codexkeep completions zsh > "${fpath[1]}/_codexkeep"',
  fish: "codexkeep completions fish > ~/.config/fish/completions/codexkeep.fish",
  powershell: "codexkeep completions powershell | Out-String | Invoke-Expression",
};

/** Stands before the last word, which may be empty: PowerShell drops empty words of a command line. */
export const MARK = "+";

// Bash takes words apart at "=": they are put together again, and what is before the "=" is not part of the reply.
const BASH = `# bash completion for codexkeep
_codexkeep() {
  local i word line reply words=() names=""
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == "=" && \${#words[@]} -gt 0 ]]; then
      words[\${#words[@]}-1]+="="
      ((i < COMP_CWORD)) || continue
      ((i += 1))
      words[\${#words[@]}-1]+=\${COMP_WORDS[i]}
    else
      words+=("$word")
    fi
  done
  COMPREPLY=()
  local last=\${words[\${#words[@]}-1]}
  local cur=$last
  [[ $last == --*=* && $COMP_WORDBREAKS == *=* ]] && cur=\${last#*=}
  while IFS= read -r line; do
    case $line in
      :files | :folders) names=$line ;;
      *)
        reply=\${line%% *}
        COMPREPLY+=("\${reply#"\${last%"$cur"}"}")
        ;;
    esac
  done < <("\${COMP_WORDS[0]}" completions bash -- "\${words[@]::\${#words[@]}-1}" "${MARK}$last" 2>/dev/null)
  [[ -n $names ]] || return 0
  type compopt &>/dev/null && compopt -o filenames
  local flag=-f
  [[ $names == :folders ]] && flag=-d
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen $flag -- "$cur")
}
complete -F _codexkeep codexkeep
`;

const ZSH = `#compdef codexkeep
_codexkeep() {
  local line names
  local -a candidates
  for line in "\${(@f)$(\${(Q)words[1]} completions zsh -- "\${(@Q)words[2,CURRENT-1]}" "${MARK}\${(Q)words[CURRENT]}" 2>/dev/null)}"; do
    case $line in
      (:files|:folders) names=$line ;;
      (?*) candidates+=("\${\${line%% *}//:/\\\\:}:\${line#* }") ;;
    esac
  done
  (( $#candidates )) && _describe -V codexkeep candidates
  case $names in
    (:files) compset -P '--*='; _files ;;
    (:folders) compset -P '--*='; _files -/ ;;
  esac
}
if [[ $funcstack[1] == _codexkeep ]]; then
  _codexkeep "$@"
else
  compdef _codexkeep codexkeep
fi
`;

const FISH = `# fish completion for codexkeep
function __codexkeep_complete
  set -l words (commandline -opc)
  set -l last (commandline -ct)
  for line in ($words[1] completions fish -- $words[2..-1] "${MARK}$last" 2>/dev/null)
    switch $line
      case :files
        __fish_complete_path (string replace -r '^--[^=]*=' '' -- "$last")
      case :folders
        __fish_complete_directories (string replace -r '^--[^=]*=' '' -- "$last")
      case '*'
        string replace ' ' \\t -- $line
    end
  end
end
complete -c codexkeep -f -a '(__codexkeep_complete)'
`;

const POWERSHELL = `# PowerShell completion for codexkeep
Register-ArgumentCompleter -Native -CommandName codexkeep, codexkeep.exe -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $before = @($commandAst.CommandElements |
      Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
  $program = $before[0]
  if (-not $program) { $program = 'codexkeep' }
  $words = @($before | Select-Object -Skip 1) + "${MARK}$wordToComplete"
  & $program completions powershell '--' @words 2>$null | ForEach-Object {
    if ($_ -eq ':files' -or $_ -eq ':folders') { return }
    $value, $means = $_ -split ' ', 2
    if (-not $means) { $means = $value }
    [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $means)
  }
}
`;

/** The script of each shell. */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
  powershell: POWERSHELL,
};
