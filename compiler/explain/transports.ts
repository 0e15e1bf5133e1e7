import type { CheckedProgram } from "../check/check.ts";
import type { CheckedPipeline } from "../check/checked-pipeline.ts";
import { knownText, parseAddress } from "../check/addresses.ts";
import type { Instance } from "../check/instances.ts";
import { formatDuration } from "../check/rules/durations.ts";
import type { CheckedTarget } from "../check/targets.ts";
import { defaultPolicy } from "../../runtime/interface/plan-defaults.ts";
import type { PolicyPlan } from "../../runtime/interface/plan.ts";
import { fact, type Fact, type Section } from "./section.ts";

/** By which transport a remote is reached, and why. */
export function transportOf(checked: CheckedProgram, pipeline: CheckedPipeline, remote: Instance): Fact {
  const targets = checked.remotes.get(pipeline.symbol.key)?.get(remote.id)?.targets ?? [];
  const via = pipeline.policies.get(remote.id)?.via;
  if (targets.length > 0 && targets.every((one) => one.kind === "local")) {
    return fact("transport", "none", ["all targets run in the same process"]);
  }
  if (via !== undefined) {
    return fact("transport", wordFor(via), [`the policy says \`via ${via}\`, so that no other one is taken`]);
  }
  const { batch, symbol } = remote.signature;
  const preferred = preferredOf(batch);
  const why = batch
    ? `\`${symbol.name}\` is \`batch\`: requests and responses go by gRPC`
    : `\`${symbol.name}\` is a stream, and streams go by WebRTC`;
  const ways = targets.flatMap((target) => {
    const way = wayOf(target, preferred, checked);
    return way === undefined ? [] : [{ target, ...way }];
  });
  const [first] = ways;
  const all = ways.length === targets.length && ways.every(({ scheme }) => scheme === first?.scheme);
  return fact("transport", wordFor(all && first !== undefined ? first.scheme : preferred), [
    why,
    ...ways
      .filter(({ scheme }) => scheme !== preferred)
      .map(({ target, scheme, because }) => `\`${target.text}\` by ${wordFor(scheme)}, for ${because}`),
    fallbacks[preferred],
  ]);
}

type Scheme = "webrtc" | "grpc";

function preferredOf(batch: boolean): Scheme {
  return batch ? "grpc" : "webrtc";
}

function wordFor(scheme: Scheme): string {
  return scheme === "grpc" ? "gRPC" : "WebRTC";
}

/** What holds where a target has only the other one. */
const fallbacks: Readonly<Record<Scheme, string>> = {
  grpc: "a target that has no address of gRPC is asked over a session of WebRTC: one question after the other, with the same deadlines, errors and retries",
  webrtc:
    "a target that has no address of WebRTC is reached by gRPC: the same streams, but sound and pictures without media tracks, so that nothing late is dropped on the way",
};

/** By which transport a target is called, where that is known before it runs. */
function wayOf(
  target: CheckedTarget,
  preferred: Scheme,
  { peers }: CheckedProgram,
): { readonly scheme: Scheme; readonly because: string } | undefined {
  if (target.kind === "uri") {
    const scheme = schemeOf(knownText(target.uri));
    return scheme && { scheme, because: "that is its address" };
  }
  if (target.kind !== "peer") return undefined;
  const { name, key } = target.peer;
  const listens = peers.get(key)?.listens.map(({ value }) => schemeOf(knownText(value))) ?? [];
  if (listens.length === 0 || listens.includes(undefined)) return undefined;
  if (listens.includes(preferred)) return { scheme: preferred, because: "" };
  return {
    scheme: preferred === "grpc" ? "webrtc" : "grpc",
    because: `\`${name}\` does not listen by ${wordFor(preferred)}`,
  };
}

function schemeOf(text: string | undefined): Scheme | undefined {
  const { scheme } = parseAddress(text ?? "") ?? {};
  return scheme === "grpc" || scheme === "webrtc" ? scheme : undefined;
}

/** The targets of a remote in the order in which they are tried, and what its policy comes to. */
export function explainRemote(checked: CheckedProgram, pipeline: CheckedPipeline, name: string): Section {
  const targets = checked.remotes.get(pipeline.symbol.key)?.get(name)?.targets ?? [];
  const instance = pipeline.graph.instances.get(name);
  const policy = pipeline.policies.get(name) ?? defaultPolicy;
  const scheme = policy.via ?? preferredOf(instance?.signature.batch === true);
  const list = targets.map((one, index) => `${index + 1}. ${one.text}: ${describe(one, checked, scheme)}`);
  const policyName = pipeline.graph.remotes.get(name)?.policy?.text;
  return {
    head: `remote ${name}${instance === undefined ? "" : `: ${instance.signature.symbol.name}`}`,
    facts: [
      fact("targets", `${targets.length}, tried in this order`, list),
      fact(
        "policy",
        policyName ?? "the usual one, with what the remote says itself",
        policyLines(policy, targets.length),
      ),
      ...(instance === undefined ? [] : [transportOf(checked, pipeline, instance)]),
    ],
  };
}

/** @param scheme by which it is called, where it can be */
function describe(target: CheckedTarget, checked: CheckedProgram, scheme: Scheme): string {
  switch (target.kind) {
    case "local":
      return "in the same process, always there";
    case "uri": {
      const known = knownText(target.uri);
      return "env" in target.uri && known !== undefined
        ? `from the environment, ${known} by default`
        : "at this address";
    }
    case "service":
      return `whoever runs it, found by signaling${target.where.length === 0 ? "" : " among those for whom the filter holds"}, chosen by ${target.prefer}`;
    case "peer": {
      const listens = checked.peers.get(target.peer.key)?.listens.map(({ value }) => knownText(value)) ?? [];
      const address = listens.find((text) => schemeOf(text) === scheme) ?? listens[0];
      const where = address === undefined ? "" : ` at ${address}/${target.as}`;
      return `\`${target.as}\` on the peer \`${target.peer.name}\`${where}${target.shared ? ", one instance for all" : ""}`;
    }
    default:
      return target satisfies never;
  }
}

function policyLines(policy: PolicyPlan, targetCount: number): string[] {
  const { retryTimes, backoffMinMs, backoffMaxMs, connectTimeoutMs, idleTimeoutMs, callTimeoutMs, breaker } = policy;
  const next = targetCount > 1 ? ", then the next target" : "";
  const waits =
    retryTimes === 0 ? "" : `, waiting ${formatDuration(backoffMinMs)} to ${formatDuration(backoffMaxMs)} between them`;
  return [
    `${retryTimes + 1} attempt${retryTimes === 0 ? "" : "s"} for each target${waits}${next}`,
    `${formatDuration(connectTimeoutMs)} to connect`,
    ...(idleTimeoutMs === undefined
      ? []
      : [`given up after ${formatDuration(idleTimeoutMs)} without a frame either way`]),
    ...(callTimeoutMs === undefined ? [] : [`a call ends after ${formatDuration(callTimeoutMs)}`]),
    ...(breaker === undefined
      ? []
      : [
          `left alone for ${formatDuration(breaker.openMs)} after ${breaker.failures} failures in ${formatDuration(breaker.windowMs)}`,
        ]),
    ...(policy.resumeMs === undefined ? [] : [`frames kept for ${formatDuration(policy.resumeMs)}, to be sent again`]),
    ...(targetCount > 1 && policy.standby !== false ? ["a connection stands by for the next target"] : []),
    ...(policy.failbackAfterMs === undefined
      ? []
      : [`back to an earlier target once it has been there for ${formatDuration(policy.failbackAfterMs)}`]),
    ...(policy.auth === undefined ? [] : [`the target proves to be ${policy.auth.identity}`]),
  ];
}
