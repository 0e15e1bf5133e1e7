import type { Host } from "../host/host.ts";
import type { CheckedProgram } from "./checked-program.ts";
import { Workspace } from "./workspace.ts";

export type { CheckedProgram } from "./checked-program.ts";

/**
 * Checks the program that starts in a file, once.
 * @throws {HostError} when the file cannot be read
 */
export function checkProgram(path: string, host: Host): CheckedProgram {
  return new Workspace(host).program(path);
}
