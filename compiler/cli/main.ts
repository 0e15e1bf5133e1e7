#!/usr/bin/env node
import process from "node:process";
import { processIo } from "./io.ts";
import { meshc } from "./meshc.ts";
import { report } from "./report.ts";

const io = processIo();

// What nobody awaited is a bug of ours; it is told in one line like any other and ends the process.
const crash = (error: unknown): never => process.exit(report(error, io));
process.on("uncaughtException", crash);
process.on("unhandledRejection", crash);

const code = await meshc(process.argv.slice(2), io);
await Promise.all([io.out.flushed(), io.err.flushed()]);
// Engines below may hold timers and sockets that nobody waits for any more.
process.exit(code);
