import { SourceMap, type SourceMapPayload } from "node:module";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The address that `loadUserNode` loads bundled code from, with line and column counted from 1. */
const frame = /data:text\/javascript;base64,([A-Za-z0-9+/=]+):(\d+):(\d+)/;
const mapComment = /\n\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/;

/**
 * Where in the user's own source something was thrown, such as `src/shout.ts:3:12`; undefined for what no code of a
 * node threw. Node itself maps files only, and this code has none.
 */
export function thrownAt(error: unknown, cwd: string): string | undefined {
  const [, code = "", line = "", column = ""] = (error instanceof Error ? frame.exec(error.stack ?? "") : null) ?? [];
  const payload = mapComment.exec(decoded(code))?.[1];
  if (payload === undefined) return undefined;
  const map = new SourceMap(JSON.parse(decoded(payload)) as SourceMapPayload);
  const entry = map.findEntry(Number(line) - 1, Number(column) - 1);
  if (!("originalSource" in entry)) return undefined;
  const { originalSource, originalLine, originalColumn } = entry;
  const path = originalSource.startsWith("file:") ? fileURLToPath(originalSource) : resolve(cwd, originalSource);
  return `${relative(cwd, path)}:${originalLine + 1}:${originalColumn + 1}`;
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString();
}
