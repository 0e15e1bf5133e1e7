import type { PortTotals, SessionSummary } from "./messages.ts";

/** One line that says how a session went. */
export function summaryLine(summary: SessionSummary): string {
  const parts = summary.ports.map(portText);
  const latency = summary.latencyMs === undefined ? [] : [`end to end ${Math.round(summary.latencyMs)} ms`];
  const files = summary.ports.filter((one) => one.direction === "out" && one.file !== undefined);
  const where = files.map((one) => `${one.port} is in ${one.file}`);
  return [`${summary.pipeline}: ${parts.join(", ")}`, ...latency, ...where].join("; ");
}

/** One line for what did not go as planned; undefined when all did. */
export function incidentLine(incidents: readonly string[]): string | undefined {
  return incidents.length === 0 ? undefined : `Not as planned: ${incidents.join("; ")}`;
}

function portText({ port, direction, frames, seconds }: PortTotals): string {
  const length = seconds === undefined ? "" : ` (${seconds.toFixed(1)} s)`;
  return `${port} ${frames} frame${frames === 1 ? "" : "s"}${length} ${direction}`;
}
