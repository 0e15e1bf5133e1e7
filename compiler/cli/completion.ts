import type { Command, OptionSpec } from "./command.ts";

/** Words that may follow the name of a command, besides options; undefined for files and folders. */
function wordsOf(command: Command, all: readonly Command[]): readonly string[] | undefined {
  if (command.completes === "files" || command.completes === "folders") return undefined;
  return command.completes === "commands" ? all.map((one) => one.name) : command.completes;
}

const flags = (command: Command): string[] => [...command.options.map((option) => `--${option.name}`), "--help"];

/** In single quotes, as sh, zsh and fish all read them. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

export function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const values = command.options.flatMap((option) =>
      option.choices === undefined
        ? []
        : [`      --${option.name}) COMPREPLY=($(compgen -W "${option.choices.join(" ")}" -- "$current")); return ;;`],
    );
    const words = wordsOf(command, commands);
    const paths = command.completes === "folders" ? "_meshc_folders" : "_meshc_files";
    const rest = words === undefined ? paths : `COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$current"))`;
    return [
      `    ${command.name})`,
      ...(values.length === 0 ? [] : [`      case "$previous" in`, ...values, "      esac"]),
      `      if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "${flags(command).join(" ")}" -- "$current"))`,
      `      else ${rest}; fi ;;`,
    ].join("\n");
  });
  const names = commands.map((command) => command.name).join(" ");
  return `_meshc_folders() {
  local folder
  COMPREPLY=()
  while IFS= read -r folder; do COMPREPLY+=("$folder"); done < <(compgen -d -- "$current")
}
_meshc_files() {
  local file
  COMPREPLY=()
  while IFS= read -r file; do
    if [[ -d $file || $file == *.mesh ]]; then COMPREPLY+=("$file"); fi
  done < <(compgen -f -- "$current")
}
_meshc() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "${names} --help --version" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
}
complete -o filenames -F _meshc meshc
`;
}

/** What has a meaning in the descriptions of zsh. */
function escape(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, String.raw`\$&`);
}

function zshOption(one: OptionSpec): string {
  const action = one.choices === undefined ? "_files" : `(${one.choices.join(" ")})`;
  const value = one.value === undefined ? "" : `:${escape(one.value)}:${action}`;
  return quoted(`${one.repeated === true ? "*" : ""}--${one.name}[${escape(one.description)}]${value}`);
}

export function zsh(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const words = wordsOf(command, commands);
    const paths = command.completes === "folders" ? "*:folder:_files -/" : '*:file:_files -g "*.mesh"';
    const rest = words === undefined ? quoted(paths) : quoted(`*:word:(${words.join(" ")})`);
    return `    ${command.name}) _arguments ${[...command.options.map(zshOption), quoted("--help[this page]"), rest].join(" ")} ;;`;
  });
  const names = commands.map((command) => quoted(`${command.name}:${escape(command.summary)}`)).join(" ");
  return `#compdef meshc
_meshc() {
  if ((CURRENT == 2)); then
    local -a names=(${names})
    _describe command names
    return
  fi
  shift words
  ((CURRENT--))
  case "$words[1]" in
${cases.join("\n")}
  esac
}
compdef _meshc meshc
`;
}

export function fish(commands: readonly Command[]): string {
  const lines = ["complete -c meshc -f"];
  for (const command of commands) {
    const used = `-n ${quoted(`__fish_seen_subcommand_from ${command.name}`)}`;
    lines.push(`complete -c meshc -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`);
    for (const option of command.options) {
      const value =
        option.value === undefined
          ? ""
          : ` -r${option.choices === undefined ? " -F" : ` -a ${quoted(option.choices.join(" "))}`}`;
      lines.push(`complete -c meshc ${used} -l ${option.name}${value} -d ${quoted(option.description)}`);
    }
    const words = wordsOf(command, commands);
    lines.push(
      words === undefined
        ? `complete -c meshc ${used} -k -a ${quoted(command.completes === "folders" ? "(__fish_complete_directories)" : "(__fish_complete_suffix .mesh)")}`
        : `complete -c meshc ${used} -a ${quoted(words.join(" "))}`,
    );
  }
  return `${lines.join("\n")}\n`;
}
