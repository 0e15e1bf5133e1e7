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
  /** Lets it open its session. */
  go(): void;
  /** Asks it to end in good order. @param atOnce without waiting for its callers */
  stop(atOnce: boolean): void;
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

/** What a parent says to its child; a channel that closes says `now`. */
const words = { go: "go", stop: "stop", now: "now" } as const;

/** What the last lines of a process that has ended may take to come in. */
const lastLinesMs = 150;

/** Marks the processes that `startChild` makes: any other program may have opened a channel to us as well. */
const childVariable = "MESHC_RUN_CHILD";

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
      env: { ...env, [childVariable]: "1" },
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
    // `close` comes after the last line of output, but waits for whatever the process had started in its turn.
    child.on("close", (code, signal) => end({ code, signal }));
    child.on("exit", (code, signal) => setTimeout(end, lastLinesMs, { code, signal }).unref());
    child.on("error", () => end({ code: null, signal: null }));
  });
  const say = (word: string): void => {
    if (child.connected) child.send(word, () => undefined);
  };
  return {
    peer,
    pid: child.pid,
    ready,
    ended,
    go: () => say(words.go),
    stop: (atOnce) => say(atOnce ? words.now : words.stop),
    kill: () => void child.kill("SIGKILL"),
  };
}

function eachLine(stream: Readable | null, take: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream }).on("line", take);
}

/** What a child hears of its parent. */
export interface Parent {
  /** Resolves when the session may be opened: all other peers listen. */
  readonly go: Promise<void>;
  /** Resolves when the parent asks for the end or is gone. */
  readonly stop: Promise<void>;
  /** Resolves when callers are not to be waited for. */
  readonly now: Promise<void>;
}

/** Resolves when the parent says the word. */
function heard(word: string): Promise<void> {
  return new Promise((resolve) => {
    process.on("message", (message) => {
      if (message === word) resolve();
    });
  });
}

/** The parent of this process; undefined in a process that `startChild` did not make. */
export function parentOf(env: Readonly<Record<string, string | undefined>>): Parent | undefined {
  if (process.send === undefined || (env[childVariable] ?? "") === "") return undefined;
  const gone = new Promise<void>((resolve) => {
    process.on("disconnect", resolve);
    // It may have gone while this process was still loading.
    if (!process.connected) resolve();
  });
  const now = Promise.race([heard(words.now), gone]);
  const parent: Parent = { go: heard(words.go), stop: Promise.race([heard(words.stop), now]), now };
  // The channel alone must not keep a process alive that has nothing to do.
  process.channel?.unref();
  return parent;
}
