import { readFileSync, readdirSync } from "node:fs";
import { expect } from "vitest";
import { compile, type CompileResult } from "../../../compiler/compile.ts";
import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.ts";
import { memoryHost } from "../../../compiler/host/memory.ts";

const folder = new URL("../../../stdlib/", import.meta.url);

/** The signatures of the standard library, by module. */
export const standard: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".mesh"))
    .map((path) => [`std/${path.split("/")[0]}`, readFileSync(new URL(path, folder), "utf8")]),
);

/** @param name the file that the text stands in; it takes the place of one among the others */
export function compileText(
  text: string,
  files: Readonly<Record<string, string>> = {},
  name = "main.mesh",
): CompileResult {
  const host = memoryHost({ ...files, [name]: text }, standard);
  return compile(name, host, { compilerVersion: "test" });
}

/** `MESH4001 3: runs Hearing`: the code, the line from 1 and the text that is underlined. */
export function summary({ code, place: { source, span } }: Diagnostic): string {
  const line = source.text.slice(0, span.start).split("\n").length;
  return `${code} ${line}: ${source.text.slice(span.start, span.end)}`;
}

/**
 * Compiles a program in which `«` and `»` stand around what is wrong, and expects exactly one diagnostic of that code at
 * exactly that place, or `anywhere`; none where the code is undefined.
 */
export function expectOnly(
  code: string | undefined,
  marked: string,
  files?: Readonly<Record<string, string>>,
  options: { readonly anywhere?: boolean } = {},
): Diagnostic {
  const start = marked.indexOf("«");
  const end = marked.indexOf("»") - 1;
  const text = marked.replace("«", "").replace("»", "");
  const { diagnostics } = compileText(text, files);
  const line = text.slice(0, start).split("\n").length;
  if (options.anywhere === true) {
    const codes = diagnostics.map((one) => one.code);
    expect(codes, diagnostics.map(summary).join("\n")).toEqual([code]);
    return diagnostics[0] as Diagnostic;
  }
  const wanted = code === undefined ? [] : [`${code} ${line}: ${text.slice(start, end)}`];
  expect(diagnostics.map(summary), diagnostics.map((one) => one.message).join("\n")).toEqual(wanted);
  return diagnostics[0] as Diagnostic;
}
