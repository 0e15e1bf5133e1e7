import type { Command } from "./command.ts";
import { buildCommand } from "./build.command.ts";
import { checkCommand } from "./check.command.ts";
import { completionCommand } from "./completion.command.ts";
import { discoverCommand } from "./discover.command.ts";
import { doctorCommand } from "./doctor.command.ts";
import { explainCommand } from "./explain.command.ts";
import { fmtCommand } from "./fmt.command.ts";
import { graphCommand } from "./graph.command.ts";
import { helpCommand } from "./help.command.ts";
import { initCommand } from "./init.command.ts";
import { lspCommand } from "./lsp.command.ts";
import { pullCommand } from "./pull.command.ts";
import { runCommand } from "./run.command.ts";
import { signalCommand } from "./signal.command.ts";
import { testCommand } from "./test.command.ts";

/** Every command, in the order in which the help lists them. */
export const commands: readonly Command[] = [
  initCommand,
  checkCommand,
  buildCommand,
  fmtCommand,
  runCommand,
  testCommand,
  signalCommand,
  discoverCommand,
  doctorCommand,
  pullCommand,
  graphCommand,
  explainCommand,
  lspCommand,
  completionCommand,
  helpCommand,
];
