import type {
  InstanceSyntax,
  PeerTargetSyntax,
  RemoteSyntax,
  RunsSyntax,
  ServiceTargetSyntax,
  TargetSyntax,
  UriTargetSyntax,
} from "../../grammar/syntax.ts";
import { isMissing } from "../../grammar/syntax.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { readAddress, targetAddress } from "./addresses.ts";
import type { Asked, CapabilityReader } from "./capabilities.ts";
import type { CheckedPipeline, PipelineSymbol } from "./checked-pipeline.ts";
import { readArguments } from "./instances.ts";
import { listed } from "./load.ts";
import type { PeerSymbol, SignatureSymbol } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import type { Scope } from "./scope.ts";
import type { Signatures } from "./signature.ts";
import type { ValueReader } from "./values.ts";

/** How a service is chosen among the candidates that the filter leaves. */
export const preferences = ["round_robin", "fastest", "least_loaded", "adaptive", "hash"] as const;

/** Interface ports by name, to the target's own names where those differ. */
export type PortNames = ReadonlyMap<string, string>;

export type CheckedTarget = {
  readonly syntax: TargetSyntax;
  /** As the program writes it. */
  readonly text: string;
} & (
  | {
      readonly kind: "peer";
      readonly peer: PeerSymbol;
      /** Undefined where the peer's own `runs` is wrong. */
      readonly pipeline: PipelineSymbol | undefined;
      /** The name under which it runs there. */
      readonly as: string;
      readonly shared: boolean;
    }
  | { readonly kind: "uri"; readonly uri: PlanValue }
  | {
      readonly kind: "service";
      readonly service: string;
      readonly where: readonly Asked[];
      readonly prefer: (typeof preferences)[number];
    }
  | { readonly kind: "local"; readonly symbol: SignatureSymbol; readonly args: ReadonlyMap<string, PlanValue> }
);

export interface CheckedRemote {
  readonly syntax: RemoteSyntax;
  readonly targets: readonly CheckedTarget[];
}

export interface TargetTools {
  readonly scope: Scope;
  readonly reporter: Reporter;
  readonly signatures: Signatures;
  readonly values: ValueReader;
  readonly capabilities: CapabilityReader;
}

/** Reads the targets of all remotes of a pipeline; whether they fit is for the rules to say. */
export function readTargets(checked: CheckedPipeline, tools: TargetTools): Map<string, CheckedRemote> {
  const result = new Map<string, CheckedRemote>();
  const { file } = checked.symbol;
  for (const [name, syntax] of checked.graph.remotes) {
    const { name: at } = syntax;
    // A target that could not be read is one all the same.
    if (syntax.targets.length === 0 && !tools.reporter.isUnreadable(file.source, syntax.span)) {
      tools.reporter.report("MESH6002", file.source, at.span, `The remote \`${name}\` has no target.`, {
        hint: 'Say where it is: `at peer.Pipeline`, `at service "name"`, or a URI in quotes.',
      });
    }
    const targets = syntax.targets.flatMap((target) => readTarget(checked, name, target, tools) ?? []);
    result.set(name, { syntax, targets });
  }
  return result;
}

function readTarget(
  checked: CheckedPipeline,
  remote: string,
  target: TargetSyntax,
  tools: TargetTools,
): CheckedTarget | undefined {
  const { file } = checked.symbol;
  const { value } = target;
  const isPeer = value?.kind === "Instance" && tools.scope.find(file, value.callee.text)?.syntax.kind === "Peer";
  if (!isPeer && tools.reporter.isUnreadable(file.source, target.span)) return undefined;
  const text =
    value === undefined ? "" : file.source.text.slice(value.span.start, value.span.end).replaceAll(/\s+/g, " ");
  switch (value?.kind) {
    case "PeerTarget":
      return peerTarget(checked, target, value, text, tools);
    case "UriTarget": {
      if (isPlain(value) && checked.policies.get(remote)?.auth !== undefined) {
        const message = `\`${remote}\` asks for \`auth mtls\`, but ${text} is plain.`;
        tools.reporter.report("MESH7002", file.source, value.span, message, {
          hint: 'Write the address of a pipeline, as in "webrtc://host:7443/pipeline".',
        });
        return undefined;
      }
      const uri = readAddress(file, value.uri, targetAddress, checked.graph.signature.params, tools);
      if (uri === undefined) return undefined;
      return { kind: "uri", syntax: target, uri, text: "env" in uri ? `env ${uri.env}` : unquoted(text) };
    }
    case "Instance":
      return localTarget(checked, target, value, tools);
    case "ServiceTarget":
      return serviceTarget(checked, target, value, text, tools);
    default:
      return undefined;
  }
}

/** An address whose scheme means that nothing is encrypted and nobody is known. */
function isPlain({ uri }: UriTargetSyntax): boolean {
  return uri.kind === "String" && /^(?:ws|http|tcp):/i.test(uri.value);
}

function unquoted(text: string): string {
  return text.replaceAll(/^"|"$/g, "");
}

function peerTarget(
  checked: CheckedPipeline,
  target: TargetSyntax,
  value: PeerTargetSyntax,
  text: string,
  tools: TargetTools,
): CheckedTarget | undefined {
  const { file } = checked.symbol;
  const peer = tools.scope.resolve(file, value.peer, ["Peer"], "a peer");
  if (peer === undefined || isMissing(value.pipeline)) return undefined;
  const runs = peer.syntax.members.filter((one): one is RunsSyntax => one.kind === "Runs");
  const wanted = value.pipeline.text;
  const run = runs.find((one) => one.as?.value === wanted) ?? runs.find((one) => one.instance.callee.text === wanted);
  if (run === undefined) {
    const names = [...new Set(runs.map((one) => one.instance.callee.text))].filter((one) => one !== "");
    const near = suggest(wanted, names);
    const message = `The peer \`${peer.name}\` does not run \`${wanted}\`.`;
    tools.reporter.report("MESH2001", file.source, value.pipeline.span, message, {
      hint: near === undefined ? (listed("It runs", names) ?? "It runs nothing.") : `Did you mean \`${near}\`?`,
      related: [{ place: { source: peer.file.source, span: peer.syntax.name.span }, message: "the peer" }],
      about: [peer],
      fixes:
        near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, value.pipeline.span, near, false)],
    });
    return undefined;
  }
  const pipeline = tools.scope.find(peer.file, run.instance.callee.text);
  return {
    kind: "peer",
    syntax: target,
    text,
    peer,
    pipeline: pipeline?.syntax.kind === "Pipeline" ? (pipeline as PipelineSymbol) : undefined,
    as: run.as?.value ?? run.instance.callee.text,
    shared: run.shared,
  };
}

function serviceTarget(
  checked: CheckedPipeline,
  target: TargetSyntax,
  value: ServiceTargetSyntax,
  text: string,
  { reporter, capabilities }: TargetTools,
): CheckedTarget | undefined {
  const { file, syntax } = { file: checked.symbol.file, syntax: value };
  const where = capabilities.asked(file, value.where, checked.graph.signature.params);
  const prefer = syntax.prefer?.text;
  const known = preferences.find((one) => one === prefer);
  if (prefer !== undefined && prefer !== "" && known === undefined) {
    const near = suggest(prefer, preferences);
    const span = syntax.prefer?.span ?? syntax.span;
    reporter.report("MESH2010", file.source, span, `There is no way of choosing named \`${prefer}\`.`, {
      hint: near === undefined ? listed("`prefer` takes", preferences) : `Did you mean \`${near}\`?`,
      fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, span, near, false)],
    });
  }
  if (syntax.name?.value === "") {
    reporter.report("MESH3003", file.source, syntax.name.span, "A service has a name.", {
      hint: 'Write the name under which a peer runs it, as in `service "transcriber"`.',
    });
  }
  if (syntax.name === undefined || syntax.name.value === "") return undefined;
  return {
    kind: "service",
    syntax: target,
    text,
    service: syntax.name.value,
    where,
    prefer: known ?? "round_robin",
  };
}

function nameOf({ instance }: RunsSyntax): string {
  return instance.callee.text;
}

function localTarget(
  checked: CheckedPipeline,
  target: TargetSyntax,
  value: InstanceSyntax,
  tools: TargetTools,
): CheckedTarget | undefined {
  const { file } = checked.symbol;
  const named = tools.scope.find(file, value.callee.text);
  if (named?.syntax.kind === "Peer") {
    // Without parentheses it looks like half a pipeline; what is missing is one of the peer's.
    const runs = named.syntax.members.flatMap((one) => (one.kind === "Runs" ? [`${named.name}.${nameOf(one)}`] : []));
    const message = `\`${named.name}\` is a peer; a target is one of the pipelines that it runs.`;
    tools.reporter.report("MESH2007", file.source, value.callee.span, message, {
      hint: listed("Write", runs) ?? "It runs nothing.",
      supersedes: "MESH1024",
      related: [{ place: { source: named.file.source, span: named.syntax.name.span }, message: "declared here" }],
    });
    return undefined;
  }
  const symbol = tools.scope.resolve(file, value.callee, ["Pipeline", "Node"], "a pipeline or node");
  if (symbol === undefined) return undefined;
  const signature = tools.signatures.read(symbol);
  const own = checked.graph.signature.params;
  const args = readArguments(file, value, signature, own, tools.values, tools.reporter);
  return { kind: "local", syntax: target, symbol, args, text: `${value.callee.text}()` };
}
