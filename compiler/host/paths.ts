/**
 * A path relative to the root in its plain form, without `.`, `..` and empty parts.
 *
 * @returns undefined when it is absolute, leads out of the root, or holds what no path of a program holds
 */
export function insideRoot(path: string): string | undefined {
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path) || path.includes("\0") || path.includes("\\")) return undefined;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}
