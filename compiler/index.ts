/** The compiler's public API. None of it throws for the user's mistakes: those are diagnostics. */
export { manifestVersion } from "./codegen/manifest-version.ts";
export { manifest as manifestSchema } from "./codegen/manifest.ts";
export type { Manifest } from "./codegen/manifest.ts";
export { Workspace } from "./check/workspace.ts";
export { compile } from "./compile.ts";
export type { CompileOptions, CompileResult } from "./compile.ts";
export { createFormatter, lineSpan, parse } from "../grammar/index.ts";
export type { FormatOptions, FormatResult, Formatter, ParseResult, TextEdit as FormatEdit } from "../grammar/index.ts";
export { defineConfig } from "./config.ts";
export type { MeshConfig, Target } from "./config.ts";
export { hasErrors } from "./diagnostics/diagnostic.ts";
export type { Applicability, Diagnostic, Fix, Related, Severity, TextEdit } from "./diagnostics/diagnostic.ts";
export { HostError } from "./host/host.ts";
export type { Host } from "./host/host.ts";
export { memoryHost } from "./host/memory.ts";
export { locationOf, positionAt, sourceFile } from "./source/source-file.ts";
export type { Place, Position, SourceFile } from "./source/source-file.ts";
