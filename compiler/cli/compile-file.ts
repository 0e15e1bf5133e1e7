import { relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { compile, type CompileResult } from "../compile.ts";
import { renderText } from "../diagnostics/render-text.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { pageUrl } from "../host/documentation.ts";
import { nodejsHost, projectRootOf } from "../host/nodejs.ts";
import type { Io, Output } from "./io.ts";
import { shownPath } from "./sources.ts";
import { version } from "./version.ts";

/** Where the paths of a program lead. */
export interface Project {
  /** The folder that the paths of the program are relative to, absolute. */
  readonly root: string;
  /** Shows a path of the program as a person in the current folder writes it. */
  readonly pathOf: (path: string) => string;
  /** Where a click on a path leads. */
  readonly urlOf: (path: string) => string | undefined;
}

export interface CompiledFile extends CompileResult {
  readonly project: Project;
  /** The path of the file in its project. */
  readonly path: string;
}

function isStandard(path: string): boolean {
  return path.startsWith("std/");
}

export function projectOf(file: string, cwd: string): Project {
  const root = projectRootOf(file);
  return {
    root,
    pathOf: (path) => (isStandard(path) ? path : shownPath(`${root}/${path}`, cwd)),
    urlOf: (path) => (isStandard(path) ? undefined : pathToFileURL(`${root}/${path}`).href),
  };
}

/**
 * Compiles one file of the disk.
 * @param file absolute
 * @throws {HostError} when it cannot be read
 */
export function compileFile(file: string, io: Io): CompiledFile {
  const project = projectOf(file, io.cwd);
  const path = relative(project.root, file).split(sep).join("/");
  const result = compile(path, nodejsHost(project.root), { compilerVersion: version });
  return { ...result, project, path };
}

/** Prints diagnostics for people. */
export function printDiagnostics(diagnostics: readonly Diagnostic[], project: Project, to: Output): void {
  const { pathOf, urlOf } = project;
  to.write(renderText(diagnostics, { style: to.style, columns: to.columns, pathOf, urlOf, pageOf: pageUrl }));
}

/** `2 errors, 1 warning` */
export function countOf(severities: readonly string[]): string {
  const count = (severity: string): string[] => {
    const found = severities.filter((one) => one === severity).length;
    return found === 0 ? [] : [`${found} ${severity}${found === 1 ? "" : "s"}`];
  };
  return [...count("error"), ...count("warning")].join(", ") || "no problems";
}
