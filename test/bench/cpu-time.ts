import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";

/** Milliseconds of processor time that this process and another have taken so far. */
export function cpuMs(child: ChildProcess): number {
  const { user, system } = process.cpuUsage();
  // Fields 14 and 15 of proc(5), in ticks of 10 ms.
  const fields = (readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1] ?? "").split(" ");
  return (user + system) / 1_000 + (Number(fields[11]) + Number(fields[12])) * 10;
}
