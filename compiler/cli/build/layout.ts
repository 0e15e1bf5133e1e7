import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Layout } from "../../codegen/scope.ts";
import type { Project } from "../compile-file.ts";
import { importStyleOf, styled, type ImportStyle } from "./import-style.ts";

/** The files that one program is written to, absolute. */
export interface OutputPaths {
  readonly module: string;
  readonly map: string;
  readonly plan: string;
  readonly manifest: string;
}

/** Where the outputs of every source go. */
export class OutputLayout {
  readonly #base: string | undefined;
  readonly #out: string | undefined;
  readonly #styles = new Map<string, ImportStyle>();

  /**
   * @param out the folder to write to; undefined for beside each source
   * @param roots folders that the sources were found in, or stand in: below their nearest common folder, paths are kept
   */
  constructor(out: string | undefined, roots: readonly string[]) {
    this.#out = out;
    this.#base = roots.length === 0 ? undefined : roots.reduce(commonFolder);
  }

  /** @param file a `.mesh` file, absolute */
  of(file: string): OutputPaths {
    const stem = join(this.#folderOf(file), basename(file, ".mesh"));
    return {
      module: `${stem}.mesh.ts`,
      map: `${stem}.mesh.ts.map`,
      plan: `${stem}.plan.json`,
      manifest: `${stem}.manifest.json`,
    };
  }

  /** How the module of a source names other files. */
  importsOf(file: string, project: Project): Layout & { readonly style: ImportStyle; source(path: string): string } {
    const folder = dirname(this.of(file).module);
    const style = this.#styleOf(folder);
    const to = (target: string): string => {
      const way = relative(folder, target).split(sep).join("/");
      return way.startsWith(".") ? way : `./${way}`;
    };
    return {
      style,
      implementation: (path) => styled(to(resolve(project.root, path)), style),
      module: (path) => styled(to(this.of(resolve(project.root, path)).module), style),
      source: (path) => (path.startsWith("std/") ? path : to(resolve(project.root, path)).replace(/^\.\//, "")),
    };
  }

  #folderOf(file: string): string {
    if (this.#out === undefined) return dirname(file);
    const way = this.#base === undefined ? "" : relative(this.#base, dirname(file));
    return way.startsWith("..") ? this.#out : join(this.#out, way);
  }

  #styleOf(folder: string): ImportStyle {
    const known = this.#styles.get(folder) ?? importStyleOf(folder);
    this.#styles.set(folder, known);
    return known;
  }
}

function commonFolder(a: string, b: string): string {
  let folder = a;
  while (folder !== dirname(folder) && !`${b}${sep}`.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)) {
    folder = dirname(folder);
  }
  return folder;
}
