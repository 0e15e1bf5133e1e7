/** The `meshc` that a project has installed, or is. */
export interface ProjectMeshc {
  /** The program, to be run with Node.js; absolute. */
  readonly program: string;
  readonly version: string;
}

/** What is asked of the disk; paths are absolute, with the separators of the system. */
export interface Disk {
  readText(path: string): string | undefined;
  join(...parts: readonly string[]): string;
  dirname(path: string): string;
}

const packageName = "pipeline-mesh";

/**
 * Looks upwards from a folder, as Node.js looks for packages.
 * @returns undefined where none is installed
 */
export function findMeshc(folder: string, disk: Disk): ProjectMeshc | undefined {
  for (let at = folder; ; at = disk.dirname(at)) {
    const found = meshcOf(disk.join(at, "node_modules", packageName), disk) ?? meshcOf(at, disk);
    if (found !== undefined || at === disk.dirname(at)) return found;
  }
}

/** Whether a project says in its package.json that it wants the package, installed or not. */
export function wantsMeshc(folder: string, disk: Disk): boolean {
  for (let at = folder; ; at = disk.dirname(at)) {
    const manifest = jsonAt(disk.join(at, "package.json"), disk);
    if (manifest !== undefined) {
      return ["dependencies", "devDependencies"].some((kind) => Object.hasOwn(record(manifest[kind]), packageName));
    }
    if (at === disk.dirname(at)) return false;
  }
}

function meshcOf(folder: string, disk: Disk): ProjectMeshc | undefined {
  const manifest = jsonAt(disk.join(folder, "package.json"), disk);
  if (manifest?.["name"] !== packageName) return undefined;
  const bin = record(manifest["bin"])["meshc"];
  const version = manifest["version"];
  if (typeof bin !== "string" || typeof version !== "string") return undefined;
  const program = disk.join(folder, ...bin.split("/").filter((part) => part !== "." && part !== ".."));
  // Without it the package is there as sources that nobody has built.
  return disk.readText(program) === undefined ? undefined : { program, version };
}

function jsonAt(path: string, disk: Disk): Readonly<Record<string, unknown>> | undefined {
  const text = disk.readText(path);
  if (text === undefined) return undefined;
  try {
    return record(JSON.parse(text));
  } catch {
    return {};
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
