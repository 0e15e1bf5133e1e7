import type { ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** What was given to a command, checked against its description. */
export interface Arguments {
  /** True when the switch was given. */
  has(option: string): boolean;
  /** The value of an option, the last one where it was given twice. */
  value(option: string): string | undefined;
  values(option: string): readonly string[];
  readonly positionals: readonly string[];
}

/** One `--option` of a command. */
export interface OptionSpec {
  /** Without the dashes. */
  readonly name: string;
  /** What stands for its value in the help, such as `DIR`; absent for a switch. */
  readonly value?: string;
  /** The only values it takes. */
  readonly choices?: readonly string[];
  /** May be given several times. */
  readonly repeated?: boolean;
  readonly description: string;
}

/** What people and shells are told of a command. */
export interface CommandSpec {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What may follow the name, such as `[FILE…] [options]`. */
  readonly usage: string;
  /** Paragraphs below the summary. */
  readonly details?: readonly string[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly { readonly line: string; readonly does: string }[];
  /** How many arguments that are no options; `[0, Infinity]` for any number. */
  readonly positionals: readonly [min: number, max: number];
  /** What a shell offers for arguments that are no options: `.mesh` files, folders, commands, or these words. */
  readonly completes: "files" | "folders" | "commands" | readonly string[];
}

/** A command: its description is light, what it does is loaded when it runs. */
export interface Command extends CommandSpec {
  run(args: Arguments, io: Io): Promise<ExitCode>;
}
