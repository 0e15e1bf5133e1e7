import { suggest } from "../diagnostics/suggest.ts";
import type { Command } from "./command.ts";
import { exitCode, usageError } from "./exit-code.ts";
import { commandHelp, overview } from "./help.ts";

export const helpCommand: Command = {
  name: "help",
  summary: "Explains a command",
  usage: "[COMMAND]",
  options: [],
  examples: [{ line: "meshc help check", does: "the page of `meshc check`, as `meshc check --help` does" }],
  positionals: [0, 1],
  completes: "commands",
  async run(args, io) {
    const { commands } = await import("./commands.ts");
    const [name] = args.positionals;
    if (name === undefined) {
      io.out.write(overview(commands, io.out.style));
      return exitCode.fine;
    }
    const command = commands.find((one) => one.name === name);
    if (command === undefined) throw unknownCommand(name, commands);
    io.out.write(commandHelp(command, io.out.columns, io.out.style));
    return exitCode.fine;
  },
};

export function unknownCommand(name: string, commands: readonly Command[]): Error {
  const names = commands.map((command) => command.name);
  const near = suggest(name, names);
  return usageError(
    `\`${name}\` is no command of meshc.`,
    near === undefined ? `There are ${names.join(", ")}.` : `Did you mean \`meshc ${near}\`?`,
  );
}
