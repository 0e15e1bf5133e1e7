import type {
  CallSyntax,
  InstanceSyntax,
  RemoteSyntax,
  RunsSyntax,
  StringSyntax,
  TargetSyntax,
} from "../../grammar/syntax.ts";
import { accepts, formatType, type FlowType, type Schemas } from "../../runtime/interface/caps.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { currentType, type SolvedType } from "./cells.ts";
import { readArguments } from "./instances.ts";
import { listed } from "./load.ts";
import type { CheckedPipeline, PipelineSymbol } from "./checked-pipeline.ts";
import type { FileInfo, PeerSymbol, SignatureSymbol } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import type { Scope } from "./scope.ts";
import type { PortInfo, Signature, SignatureReader } from "./signature.ts";
import type { ValueReader } from "./values.ts";

export interface PeerContext {
  readonly scope: Scope;
  readonly reporter: Reporter;
  readonly signatures: SignatureReader;
  readonly values: ValueReader;
  readonly schemas: Schemas;
  readonly pipelines: ReadonlyMap<string, CheckedPipeline>;
}

export interface CheckedRun {
  readonly pipeline: PipelineSymbol;
  readonly as: string;
  readonly args: ReadonlyMap<string, PlanValue>;
}

export interface CheckedPeer {
  readonly symbol: PeerSymbol;
  readonly runs: readonly CheckedRun[];
  readonly listens: readonly PlanValue[];
  readonly registers: readonly PlanValue[];
}

export type CheckedTarget = { readonly text: string } & (
  | { readonly kind: "peer"; readonly peer: string; readonly pipeline: string }
  | { readonly kind: "uri"; readonly uri: PlanValue }
  | { readonly kind: "local"; readonly symbol: SignatureSymbol; readonly args: ReadonlyMap<string, PlanValue> }
);

export interface CheckedRemote {
  readonly syntax: RemoteSyntax;
  readonly targets: readonly CheckedTarget[];
}

/** Reads a peer: what it runs, and where it listens. */
export function checkPeer(symbol: PeerSymbol, context: PeerContext): CheckedPeer {
  const { file, syntax } = symbol;
  const runs: CheckedRun[] = [];
  const strings = (member: string): PlanValue[] =>
    syntax.members.flatMap((one) =>
      one.kind === "PeerStrings" && one.member === member
        ? one.values.flatMap((value) => address(file, value, context))
        : [],
    );
  for (const member of syntax.members) {
    if (member.kind !== "Runs") continue;
    const run = readRun(file, member, context);
    if (run === undefined) continue;
    if (runs.some((one) => one.as === run.as)) {
      context.reporter.report(
        "MESH2003",
        file.source,
        member.span,
        `\`${symbol.name}\` already runs a pipeline as "${run.as}".`,
        {
          hint: `Give one of them another name: \`runs ${run.pipeline.name} as "other"\`.`,
        },
      );
      continue;
    }
    runs.push(run);
  }
  return { symbol, runs, listens: strings("listens"), registers: strings("registers") };
}

function readRun(file: FileInfo, member: RunsSyntax, context: PeerContext): CheckedRun | undefined {
  const pipeline = context.scope.resolve(file, member.instance.callee, ["Pipeline"], "a pipeline");
  if (pipeline === undefined) return undefined;
  const signature = context.signatures.read(pipeline);
  const args = readArguments(file, member.instance, signature, new Map(), context.values, context.reporter);
  if (member.shared) notYet(file, member, "`shared`", context.reporter);
  return { pipeline, as: member.as?.value ?? pipeline.name, args };
}

function address(file: FileInfo, value: StringSyntax | CallSyntax, context: PeerContext): PlanValue[] {
  const text: FlowType = { kind: "scalar", name: "text" };
  const read = context.values.read(file, value, text, new Map());
  if (read === undefined) return [];
  const known = "literal" in read ? read.literal : "env" in read ? read.default : undefined;
  if (typeof known === "string" && !/^(webrtc|grpc|wss?|https?|spiffe):\/\/[^/]/.test(known)) {
    context.reporter.report("MESH3003", file.source, value.span, `"${known}" is no address.`, {
      hint: "Write it as in `webrtc://127.0.0.1:7443`.",
    });
    return [];
  }
  return [read];
}

/** Reads the targets of all remotes of a pipeline, and holds each against the interface. */
export function checkTargets(checked: CheckedPipeline, context: PeerContext): Map<string, CheckedRemote> {
  const result = new Map<string, CheckedRemote>();
  const { file } = checked.symbol;
  for (const [name, syntax] of checked.graph.remotes) {
    if (syntax.targets.length === 0) {
      context.reporter.report("MESH6002", file.source, syntax.name.span, `The remote \`${name}\` has no target.`, {
        hint: "Say where it is: `at peer.Pipeline`, or a URI in quotes.",
      });
    }
    const targets: CheckedTarget[] = [];
    let local: TargetSyntax | undefined;
    for (const target of syntax.targets) {
      if (local !== undefined) {
        context.reporter.report(
          "MESH6001",
          file.source,
          target.span,
          "This fallback is never reached: the one before it is local and always there.",
          {
            related: [{ place: { source: file.source, span: local.span }, message: "the local target" }],
            hint: "Put the local target last.",
          },
        );
        break;
      }
      const read = readTarget(checked, syntax, target, context);
      if (read === undefined) continue;
      targets.push(read);
      if (read.kind === "local") local = target;
    }
    result.set(name, { syntax, targets });
  }
  return result;
}

function readTarget(
  checked: CheckedPipeline,
  remote: RemoteSyntax,
  target: TargetSyntax,
  context: PeerContext,
): CheckedTarget | undefined {
  const { file } = checked.symbol;
  const { value } = target;
  switch (value?.kind) {
    case "PeerTarget": {
      const peer = context.scope.resolve(file, value.peer, ["Peer"], "a peer");
      if (peer === undefined || value.pipeline.text === "") return undefined;
      const runs = peer.syntax.members.filter((one): one is RunsSyntax => one.kind === "Runs");
      const run = runs.find(
        (one) => one.as?.value === value.pipeline.text || one.instance.callee.text === value.pipeline.text,
      );
      if (run === undefined) {
        const names = runs.map((one) => one.instance.callee.text);
        const near = suggest(value.pipeline.text, names);
        context.reporter.report(
          "MESH2001",
          file.source,
          value.pipeline.span,
          `The peer \`${peer.name}\` does not run \`${value.pipeline.text}\`.`,
          {
            hint: near === undefined ? (listed("It runs", names) ?? "It runs nothing.") : `Did you mean \`${near}\`?`,
            fixes:
              near === undefined
                ? []
                : [replaceFix(`Change to \`${near}\``, file.source, value.pipeline.span, near, false)],
          },
        );
        return undefined;
      }
      const pipeline = context.scope.find(peer.file, run.instance.callee.text);
      if (pipeline?.syntax.kind === "Pipeline") satisfies(checked, remote, target, pipeline as PipelineSymbol, context);
      const as = run.as?.value ?? run.instance.callee.text;
      return { kind: "peer", peer: peer.key, pipeline: as, text: `${value.peer.text}.${value.pipeline.text}` };
    }
    case "UriTarget": {
      const [uri] = address(file, value.uri, context);
      if (uri === undefined) return undefined;
      const shown = "literal" in uri ? String(uri.literal) : "env" in uri ? `env ${uri.env}` : "";
      return { kind: "uri", uri, text: shown };
    }
    case "Instance":
      return localTarget(checked, remote, target, value, context);
    case "ServiceTarget":
      notYet(file, target, "`service`", context.reporter);
      return undefined;
    default:
      return undefined;
  }
}

function localTarget(
  checked: CheckedPipeline,
  remote: RemoteSyntax,
  target: TargetSyntax,
  value: InstanceSyntax,
  context: PeerContext,
): CheckedTarget | undefined {
  const { file } = checked.symbol;
  const symbol = context.scope.resolve(file, value.callee, ["Pipeline", "Node"], "a pipeline or node");
  if (symbol === undefined) return undefined;
  const args = readArguments(
    file,
    value,
    context.signatures.read(symbol),
    checked.graph.signature.params,
    context.values,
    context.reporter,
  );
  satisfies(checked, remote, target, symbol, context);
  return { kind: "local", symbol, args, text: `${value.callee.text}()` };
}

/** Reports it when a target cannot stand for the interface as the links of the pipeline have narrowed it. */
function satisfies(
  checked: CheckedPipeline,
  remote: RemoteSyntax,
  target: TargetSyntax,
  symbol: SignatureSymbol,
  context: PeerContext,
): void {
  const instance = checked.graph.instances.get(remote.name.text);
  if (instance === undefined) return;
  const { file } = checked.symbol;
  const solved = context.pipelines.get(symbol.key)?.graph.own;
  const signature = context.signatures.read(symbol);
  const complain = (message: string): void =>
    context.reporter.report("MESH6003", file.source, target.span, message, {
      related: [{ place: { source: symbol.file.source, span: symbol.syntax.name.span }, message: "the target" }],
      hint: `Let it conform to \`${instance.signature.symbol.name}\`.`,
    });
  const compare = (
    wanted: ReadonlyMap<string, PortInfo>,
    given: Signature["inputs"],
    direction: "input" | "output",
  ): boolean => {
    for (const port of wanted.values()) {
      const other = given.get(port.name);
      const needed = direction === "input" ? instance.inputs.get(port.name) : instance.outputs.get(port.name);
      if (other === undefined) {
        if (port.optional) continue;
        complain(
          `\`${symbol.name}\` has no ${direction} named \`${port.name}\`, which \`${instance.signature.symbol.name}\` asks for.`,
        );
        return false;
      }
      const own = direction === "input" ? solved?.inputs.get(port.name) : solved?.outputs.get(port.name);
      if (needed === undefined || own === undefined || fits(needed, own, direction, context.schemas)) continue;
      complain(
        `The ${direction} \`${port.name}\` of \`${symbol.name}\` is ${formatType(currentType(own))}; \`${remote.name.text}\` needs ${formatType(currentType(needed))}.`,
      );
      return false;
    }
    return true;
  };
  if (compare(instance.signature.inputs, signature.inputs, "input"))
    compare(instance.signature.outputs, signature.outputs, "output");
}

function fits(needed: SolvedType, own: SolvedType, direction: "input" | "output", schemas: Schemas): boolean {
  if (needed.kind === "unknown" || own.kind === "unknown") return true;
  const scopes = { producer: schemas, consumer: schemas };
  return direction === "input"
    ? accepts(currentType(own), currentType(needed), scopes)
    : accepts(currentType(needed), currentType(own), scopes);
}

function notYet(
  file: FileInfo,
  at: { readonly span: { start: number; end: number } },
  what: string,
  reporter: Reporter,
): void {
  reporter.report(
    "MESH5007",
    file.source,
    at.span,
    `${what} is part of the language, but this compiler cannot build it yet.`,
  );
}
