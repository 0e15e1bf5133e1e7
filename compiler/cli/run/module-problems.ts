import type { Plan } from "../../../runtime/interface/plan.ts";
import { isStandard } from "../../check/program.ts";
import { findModuleProblems } from "../../codegen/wasm-modules.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { nodejsHost } from "../../host/nodejs.ts";
import type { CompiledFile } from "../compile-file.ts";
import { pipelinesBelow } from "./registry.ts";

/** What is wrong with the WebAssembly modules of the nodes that run here; those of other peers may not be on this machine. */
export function moduleProblems(
  { checked, program, project }: CompiledFile,
  plan: Plan,
  peers: readonly string[],
  pipeline: string | undefined,
): Diagnostic[] {
  const served = peers.flatMap((name) => plan.peers[name]?.runs ?? []).map((one) => one.pipeline);
  const keys = pipelinesBelow(plan, pipeline === undefined ? served : [...served, pipeline]);
  const used = new Set(
    [...keys].flatMap((key) => plan.pipelines[key]?.nodes ?? []).map(({ implementation }) => implementation?.module),
  );
  const host = nodejsHost(project.root);
  return [...program.files.values()]
    .filter((file) => !isStandard(file.module))
    .flatMap((file) => findModuleProblems(checked, file, host, ({ path }) => used.has(path)));
}
