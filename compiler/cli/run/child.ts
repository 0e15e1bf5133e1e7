import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { readMessage, type RunMessage } from "./messages.ts";

/** How a process ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One peer in a process of its own. */
export interface Child {
  readonly peer: string;
  readonly pid: number | undefined;
  /** Resolves when it listens, or when it has ended before. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<ChildEnd>;
  /** Asks it to end in good order. */
  stop(): void;
  kill(): void;
}

export interface ChildInit {
  readonly peer: string;
  /** Arguments of `meshc run`, without those that make it a child. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onMessage: (message: RunMessage) => void;
}

/** What the parent says to a child; a channel that closes says the same. */
export const stopMessage = "stop";

/**
 * Starts `meshc run … --peer P --format json`. Messages come by its standard output; a channel between the two
 * processes lets the child notice the end of the parent however that comes about.
 */
export function startChild({ peer, args, cwd, env, onMessage }: ChildInit): Child {
  const program = process.argv[1] ?? fileURLToPath(import.meta.url);
  const child = spawn(
    process.execPath,
    [...process.execArgv, program, "run", ...args, "--peer", peer, "--format", "json"],
    {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    },
  );
  let becomeReady: ((ready: boolean) => void) | undefined;
  const ready = new Promise<boolean>((resolve) => {
    becomeReady = resolve;
  });
  eachLine(child.stdout, (line) => {
    const message = readMessage(line);
    if (message?.type === "ready") becomeReady?.(true);
    onMessage(message ?? { type: "log", level: "warn", message: `${peer}: ${line}` });
  });
  eachLine(child.stderr, (line) => {
    if (line.trim() !== "") onMessage({ type: "log", level: "warn", message: `${peer}: ${line}` });
  });
  const ended = new Promise<ChildEnd>((resolve) => {
    const end = (how: ChildEnd): void => {
      becomeReady?.(false);
      resolve(how);
    };
    // `close` comes after the last line of output.
    child.on("close", (code, signal) => end({ code, signal }));
    child.on("error", () => end({ code: null, signal: null }));
  });
  return {
    peer,
    pid: child.pid,
    ready,
    ended,
    stop() {
      if (child.connected) child.send(stopMessage, () => undefined);
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

function eachLine(stream: Readable | null, take: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream }).on("line", take);
}

/** True in a process that `startChild` made. */
export function isChild(): boolean {
  return process.send !== undefined;
}

/** Calls back when the parent asks for the end or is gone. */
export function onParentStop(callback: () => void): void {
  process.on("message", (message) => {
    if (message === stopMessage) callback();
  });
  process.on("disconnect", callback);
  // The channel alone must not keep a process alive that has nothing to do.
  process.channel?.unref();
}
