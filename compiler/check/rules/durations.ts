/** At most three digits behind the point. */
function short(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

/** A duration as people write it: `250us`, `20ms`, `1.5s`, `2min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1) return milliseconds === 0 ? "0ms" : `${short(milliseconds * 1000)}us`;
  if (milliseconds < 1000) return `${short(milliseconds)}ms`;
  if (milliseconds < 60_000 || milliseconds % 60_000 !== 0) return `${short(milliseconds / 1000)}s`;
  return milliseconds % 3_600_000 === 0 ? `${milliseconds / 3_600_000}h` : `${milliseconds / 60_000}min`;
}
