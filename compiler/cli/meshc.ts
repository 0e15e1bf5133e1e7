import { parseArguments } from "./arguments.ts";
import { commands } from "./commands.ts";
import type { ExitCode } from "./exit-code.ts";
import { exitCode } from "./exit-code.ts";
import { commandHelp, overview } from "./help.ts";
import { unknownCommand } from "./help.command.ts";
import type { Io } from "./io.ts";
import { report } from "./report.ts";
import { version } from "./version.ts";

/**
 * The whole of `meshc` but for the process around it.
 *
 * @param given the words after `meshc`
 * @returns the exit code; never rejects
 */
export async function meshc(given: readonly string[], io: Io): Promise<ExitCode> {
  try {
    return await dispatch(given, io);
  } catch (error) {
    return report(error, io);
  }
}

async function dispatch(given: readonly string[], io: Io): Promise<ExitCode> {
  const [first, ...rest] = given;
  if (first === undefined) {
    io.err.write(overview(commands, io.err.style));
    return exitCode.wrongUsage;
  }
  if (first === "--version" || first === "-V") {
    io.out.write(`${version}\n`);
    return exitCode.fine;
  }
  if (first === "--help" || first === "-h") {
    io.out.write(overview(commands, io.out.style));
    return exitCode.fine;
  }
  const command = commands.find((one) => one.name === first);
  if (command === undefined) throw unknownCommand(first, commands);
  const end = rest.indexOf("--");
  const own = end === -1 ? rest : rest.slice(0, end);
  if (own.includes("--help") || own.includes("-h")) {
    io.out.write(commandHelp(command, io.out.columns, io.out.style));
    return exitCode.fine;
  }
  return command.run(parseArguments(rest, command), io);
}
