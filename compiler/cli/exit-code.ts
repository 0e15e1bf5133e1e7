/** How `meshc` ends. */
export const exitCode = {
  fine: 0,
  /** The program has errors, or is not laid out where that was asked for. */
  programErrors: 1,
  wrongUsage: 2,
  /** A file, a port, a peer or a missing library, not the program. */
  environment: 3,
  /** A bug of ours (EX_SOFTWARE of sysexits.h). */
  internal: 70,
  /** Ended by Ctrl-C (128 + SIGINT). */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** A mistake of the user that ends the command: message, way out, exit code. Printed without a stack. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(code: ExitCode, message: string, hint?: string) {
    super(message);
    this.exitCode = code;
    this.hint = hint;
  }
}

export function usageError(message: string, hint?: string): CommandError {
  return new CommandError(exitCode.wrongUsage, message, hint);
}

export function environmentError(message: string, hint?: string): CommandError {
  return new CommandError(exitCode.environment, message, hint);
}
