/** A path as imports and `from` write it. */
export function isRelative(path: string): boolean {
  return (path.startsWith("./") || path.startsWith("../")) && !/[\\\0]/.test(path);
}

/** Joins a relative path to the folder of a file; undefined when it leaves the root. */
export function joinPath(file: string, relative: string): string | undefined {
  const parts = file.split("/").slice(0, -1);
  for (const part of relative.split("/")) {
    if (part === "." || part === "") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}
