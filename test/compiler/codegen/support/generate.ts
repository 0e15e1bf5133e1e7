import { createHash } from "node:crypto";
import { basename, dirname, relative } from "node:path";
import * as morph from "ts-morph";
import { compile, type CompileResult } from "../../../../compiler/compile.ts";
import { assemble, inputsDigest } from "../../../../compiler/codegen/assemble.ts";
import { draftOf } from "../../../../compiler/codegen/draft.ts";
import { ModulePrinter } from "../../../../compiler/codegen/print.ts";
import type { Host } from "../../../../compiler/host/host.ts";

/** The version that baselines name: they do not change with every release. */
export const testVersion = "0.0.0";

export interface Generated extends CompileResult {
  readonly text: string;
  readonly map: string;
}

const printer = new ModulePrinter(morph);

export const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);

/** Makes the module of a program that must be right, as if it were written beside its source. */
export function generate(path: string, host: Host, target: "node" | "browser" = "node"): Generated {
  const result = compile(path, host, { compilerVersion: testVersion });
  const { checked, plan } = result;
  if (plan === undefined) throw new Error(result.diagnostics.map((one) => `${one.code} ${one.message}`).join("\n"));
  const to = (file: string): string => {
    const way = relative(dirname(path), file);
    return way.startsWith(".") ? way : `./${way}`;
  };
  const layout = { implementation: to, module: (file: string) => `${to(file)}.ts` };
  const marked = printer.print(draftOf({ checked, plan, layout, target }), plan);
  const header = {
    compiler: testVersion,
    source: basename(path),
    inputs: inputsDigest(result.program, [testVersion, target], digest, ({ text }) => digest(text)),
  };
  return {
    ...result,
    ...assemble(marked, `${basename(path)}.ts`, header, digest, (file) => to(file).replace(/^\.\//, "")),
  };
}
