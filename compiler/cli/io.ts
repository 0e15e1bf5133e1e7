import process from "node:process";
import type { Style } from "../diagnostics/style.ts";
import { styleFor } from "../diagnostics/style.ts";

/** One of the two places where text goes. */
export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Columns and rows; the usual 80 by 24 where it is no terminal. Read anew each time, for windows change. */
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
  /** Resolves when everything written has left the process. */
  flushed(): Promise<void>;
}

/** All that a command may touch of the process it runs in. */
export interface Io {
  readonly out: Output;
  readonly err: Output;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls back on Ctrl-C or a request to terminate; the returned function stops that. */
  onInterrupt(callback: () => void): () => void;
}

function outputTo(stream: NodeJS.WriteStream, env: Io["env"]): Output {
  const isTTY = stream.isTTY ?? false;
  let broken = false;
  // A reader such as `head` that has gone is no failure of ours.
  stream.on("error", () => {
    broken = true;
  });
  return {
    write(text) {
      if (!broken && text !== "") stream.write(text);
    },
    isTTY,
    get columns() {
      return stream.columns ?? 80;
    },
    get rows() {
      return stream.rows ?? 24;
    },
    style: styleFor({ isTTY, env }),
    flushed: () =>
      new Promise((resolve) => {
        if (broken || stream.writableLength === 0) resolve();
        else stream.write("", () => resolve());
      }),
  };
}

/** The real process. */
export function processIo(): Io {
  const env = process.env;
  return {
    out: outputTo(process.stdout, env),
    err: outputTo(process.stderr, env),
    cwd: process.cwd(),
    env,
    onInterrupt(callback) {
      const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
      for (const signal of signals) process.on(signal, callback);
      return () => {
        for (const signal of signals) process.off(signal, callback);
      };
    },
  };
}
