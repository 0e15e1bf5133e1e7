#!/usr/bin/env node
/** The part of `meshc` that comes with the extension: it works in every folder, and runs nobody's program. */
import process from "node:process";
import { parseArguments } from "../../compiler/cli/arguments.ts";
import { processIo } from "../../compiler/cli/io.ts";
import { initCommand } from "../../compiler/cli/init.command.ts";
import { lspCommand } from "../../compiler/cli/lsp.command.ts";
import { report } from "../../compiler/cli/report.ts";

const io = processIo();
const crash = (error: unknown): never => process.exit(report(error, io));
process.on("uncaughtException", crash);
process.on("unhandledRejection", crash);

const [name = "", ...rest] = process.argv.slice(2);
const command = [lspCommand, initCommand].find((one) => one.name === name);
if (command === undefined) {
  io.err.write(
    `The meshc of the extension has \`lsp\` and \`init\` alone; install pipeline-mesh in the project for the rest.\n`,
  );
  process.exit(2);
}
let code: number;
try {
  code = await command.run(parseArguments(rest, command), io);
} catch (error) {
  code = report(error, io);
}
await Promise.all([io.out.flushed(), io.err.flushed()]);
process.exit(code);
