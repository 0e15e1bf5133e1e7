import { format } from "node:util";
import type { LogLevel } from "./messages.ts";

const levels = { log: "info", info: "info", debug: "info", warn: "warn", error: "error" } as const;

/** Takes over what is printed by `console`; the returned function gives it back. */
export function captureConsole(take: (level: LogLevel, text: string) => void): () => void {
  const names = Object.keys(levels) as (keyof typeof levels)[];
  const before = names.map((name) => [name, console[name]] as const);
  for (const name of names) console[name] = (...values: unknown[]) => take(levels[name], format(...values));
  return () => {
    for (const [name, method] of before) console[name] = method;
  };
}
