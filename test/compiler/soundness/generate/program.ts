import type { Argument, FileName, Peer, PipelineDecl, Program, Target, Use } from "../program/model.ts";
import { Tape } from "../program/tape.ts";
import type { DataScope } from "./data.ts";
import { someConverters } from "./nodes.ts";
import { interfaceFor } from "./fitting.ts";
import { somePipeline } from "./pipelines.ts";
import { argumentFor, valueFor } from "./resolve.ts";

/** A random program that is right in all but, perhaps, its formats. */
export function someProgram(bytes: Uint8Array): { readonly program: Program; readonly tape: Tape } {
  const tape = new Tape(bytes);
  const program: Program = { enums: [], records: [], nodes: [], interfaces: [], pipelines: [], peers: [] };
  let count = 0;
  const scope = (file: FileName): DataScope => ({ program, file, next: () => (count += 1) });
  const main = scope("main.mesh");
  if (tape.chance(85)) program.nodes.push(...someConverters(tape, tape.chance(30) ? scope("types.mesh") : main));
  const inner = Number(tape.weighted({ "0": 3, "1": 4, "2": 3 }));
  for (let index = 0; index < inner; index += 1) {
    const file = tape.chance(25) ? "types.mesh" : "main.mesh";
    const pipeline = somePipeline(tape, scope(file), {
      name: `Inner${index}`,
      most: 2,
      inner: [...program.pipelines],
      remote: undefined,
    });
    program.pipelines.push(pipeline);
    if (tape.chance(25)) {
      const contract = interfaceFor(tape, main, pipeline);
      program.interfaces.push(contract);
      pipeline.conformsTo = contract;
    }
  }
  const ready = [...program.pipelines];
  if (ready.length > 0 && tape.chance(75)) {
    const peers: Peer[] = [{ name: "edge", runs: [] }];
    if (tape.chance(40)) peers.push({ name: "gpu", runs: [] });
    for (const peer of peers) {
      const runs = tape.some(ready, 1, 2);
      peer.runs.push(...runs.map((pipeline) => ({ pipeline, args: ownArguments(tape, pipeline) })));
    }
    program.peers.push(...peers);
  }
  program.pipelines.push(
    somePipeline(tape, main, {
      name: "Main",
      most: 4,
      inner: ready,
      remote: ready.length === 0 ? undefined : () => someRemote(tape, main, program, ready),
    }),
  );
  return { program, tape };
}

/** Values for the parameters of a pipeline that a peer runs: those without a default need one. */
function ownArguments(tape: Tape, pipeline: PipelineDecl): Record<string, Argument> {
  const args: Record<string, Argument> = {};
  for (const param of pipeline.params) {
    if (param.default !== undefined && tape.chance(60)) continue;
    args[param.name] = { value: valueFor(tape, param, pipeline), scalar: param.type.name };
  }
  return args;
}

function someRemote(tape: Tape, scope: DataScope, program: Program, ready: readonly PipelineDecl[]): Use {
  const first = tape.choose(ready);
  const contract =
    first.conformsTo !== undefined && tape.chance(60) ? first.conformsTo : interfaceFor(tape, scope, first);
  if (!program.interfaces.includes(contract)) program.interfaces.push(contract);
  const targets: Target[] = [someTarget(tape, program, first)];
  // A local target is always there, so nothing can come after it.
  if (targets[0]?.kind !== "local" && tape.chance(30))
    targets.push({ kind: "local", of: first, args: localArguments(tape, first) });
  return { kind: "remote", id: `r${scope.next()}`, of: contract, args: {}, targets };
}

function someTarget(tape: Tape, program: Program, pipeline: PipelineDecl): Target {
  const peer = program.peers.find((one) => one.runs.some((run) => run.pipeline === pipeline));
  if (peer === undefined) return { kind: "local", of: pipeline, args: localArguments(tape, pipeline) };
  switch (tape.weighted({ peer: 6, local: 2, uri: 2 })) {
    case "peer":
      return { kind: "peer", peer, pipeline };
    case "uri":
      return { kind: "uri", peer, pipeline };
    default:
      return { kind: "local", of: pipeline, args: localArguments(tape, pipeline) };
  }
}

function localArguments(tape: Tape, pipeline: PipelineDecl): Record<string, Argument> {
  const args: Record<string, Argument> = {};
  // What is made for a parameter of the caller would stand in the pipeline itself, so only values are given.
  for (const param of pipeline.params) {
    const given = argumentFor(tape, param, { ...pipeline, params: [] }, pipeline);
    if (given !== undefined && "value" in given) args[param.name] = given;
    else if (param.default === undefined) {
      args[param.name] = { value: valueFor(tape, param, pipeline), scalar: param.type.name };
    }
  }
  return args;
}
