import type { Command, OptionSpec } from "./command.ts";
import type { Style } from "../diagnostics/style.ts";

/** What `meshc --help` prints. */
export function overview(commands: readonly Command[], style: Style): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const lines = [
    `${style.bold("meshc")}: checks, builds and runs .mesh programs`,
    "",
    `${style.bold("Usage:")} meshc COMMAND [arguments]`,
    "",
    style.bold("Commands:"),
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    "",
    style.bold("Options:"),
    "  -h, --help     this page, or that of a command",
    "  -V, --version  the version",
    "",
    style.bold("Exit codes:"),
    "    0  fine",
    "    1  the program has errors, or its code failed",
    "    2  wrong usage",
    "    3  the environment failed: a file, a port, a peer",
    "   70  a bug in meshc",
    "  130  ended by Ctrl-C",
    "",
    "`meshc help COMMAND` tells more of one command.",
  ];
  return `${lines.join("\n")}\n`;
}

/** What `meshc help check` prints. */
export function commandHelp(command: Command, columns: number, style: Style): string {
  const width = Math.min(100, columns);
  const heads = command.options.map(optionHead);
  const help = "--help";
  const column = Math.max(help.length, ...heads.map((head) => head.length)) + 4;
  const rows = command.options.map((option, index) => row(heads[index] ?? "", describe(option), column, width));
  const name = `meshc ${command.name}`;
  const lines = [
    ...wrap(`${name}: ${command.summary}`, width).map((line) => line.replace(`${name}:`, `${style.bold(name)}:`)),
    "",
    `${style.bold("Usage:")} ${name} ${command.usage}`.trimEnd(),
    ...(command.details ?? []).flatMap((paragraph) => ["", ...wrap(paragraph, width)]),
    "",
    style.bold("Options:"),
    ...rows.flat(),
    ...row(help, "this page", column, width),
    ...(command.examples.length === 0 ? [] : ["", style.bold("Examples:")]),
    ...command.examples.flatMap(({ line, does }) => [`  ${line}`, `      ${does}`]),
  ];
  return `${lines.join("\n")}\n`;
}

export function optionHead(option: OptionSpec): string {
  const value = option.choices?.join("|") ?? option.value;
  return `--${option.name}${option.value === undefined ? "" : ` ${value}`}`;
}

function describe(option: OptionSpec): string {
  return option.repeated === true ? `${option.description} (may be repeated)` : option.description;
}

function row(head: string, text: string, column: number, width: number): string[] {
  const [first = "", ...rest] = wrap(text, Math.max(16, width - column));
  return [`  ${head.padEnd(column - 2)}${first}`, ...rest.map((line) => " ".repeat(column) + line)];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
