import { suggest } from "../diagnostics/suggest.ts";
import type { Arguments, CommandSpec, OptionSpec } from "./command.ts";
import { usageError } from "./exit-code.ts";

/**
 * Reads `--name value`, `--name=value`, `--switch`, and `--` before arguments that start with a dash.
 *
 * @throws {CommandError} with exit code 2 for an unknown option, a missing or refused value, or too many or too few
 * arguments
 */
export function parseArguments(given: readonly string[], command: CommandSpec): Arguments {
  const options = new Map(command.options.map((option) => [option.name, option]));
  const found = new Map<string, string[]>();
  const positionals: string[] = [];
  const help = `\`meshc help ${command.name}\` lists the options.`;

  for (let at = 0; at < given.length; at += 1) {
    const word = given[at] ?? "";
    if (word === "--") {
      positionals.push(...given.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      positionals.push(word);
      continue;
    }
    const [name = "", inline] = splitOnce(word.replace(/^--?/, ""), "=");
    const option = word.startsWith("--") ? options.get(name) : undefined;
    if (option === undefined) {
      const near = suggest(name, options.keys());
      throw usageError(
        `\`meshc ${command.name}\` has no option \`${word.split("=")[0]}\`.`,
        near === undefined ? help : `Did you mean \`--${near}\`?`,
      );
    }
    const values = found.get(name) ?? [];
    found.set(name, values);
    if (option.value === undefined) {
      if (inline !== undefined) throw usageError(`\`--${name}\` takes no value.`, `Leave \`=${inline}\` out.`);
      values.push("");
      continue;
    }
    let value = inline;
    if (value === undefined) {
      at += 1;
      value = given[at];
    }
    if (value === undefined) throw usageError(`\`--${name}\` needs a value: \`--${name} ${option.value}\`.`, help);
    checkChoice(option, value);
    if (values.length > 0 && option.repeated !== true) {
      throw usageError(`\`--${name}\` is given twice.`, "Give it once.");
    }
    values.push(value);
  }

  checkCount(command, positionals);
  return {
    has: (option) => found.has(option),
    value: (option) => found.get(option)?.at(-1),
    values: (option) => found.get(option) ?? [],
    positionals,
  };
}

/** Splits at the first separator; the second part is undefined where there is none. */
export function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

function checkChoice(option: OptionSpec, value: string): void {
  if (option.choices === undefined || option.choices.includes(value)) return;
  const near = suggest(value, option.choices);
  throw usageError(
    `\`--${option.name}\` cannot be \`${value}\`.`,
    near === undefined ? `It takes ${option.choices.join(" or ")}.` : `Did you mean \`${near}\`?`,
  );
}

function checkCount(command: CommandSpec, positionals: readonly string[]): void {
  const [min, max] = command.positionals;
  const usage = `Usage: meshc ${command.name} ${command.usage}`;
  if (positionals.length < min) throw usageError(`\`meshc ${command.name}\` needs an argument.`, usage);
  if (positionals.length > max) {
    throw usageError(`\`${positionals[max]}\` is one argument too many for \`meshc ${command.name}\`.`, usage);
  }
}
