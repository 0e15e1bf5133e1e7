import type { Span } from "../../../grammar/syntax.ts";
import type { Place } from "../../source/source-file.ts";
import type { CheckedPipeline } from "../checked-pipeline.ts";
import type { Rule, RuleContext } from "./rule.ts";

/** One pipeline opens a session of another. */
interface Call {
  readonly from: string;
  readonly to: string;
  readonly place: Place;
  /** Only when the targets before it have failed. */
  readonly fallback: boolean;
  /** One instance for all callers, so that no new session is opened. */
  readonly shared: boolean;
  /** The pipeline stands in the place of a node. */
  readonly inline: boolean;
}

/**
 * Pipelines that call each other in a circle would open sessions without end; a fallback that leads back to where it came
 * from is no way out.
 */
export const circles: Rule = {
  codes: ["MESH5008", "MESH6004"],
  check(context) {
    const calls = context.circle.flatMap((one) => callsOf(one, context));
    const direct = calls.filter((one) => !one.fallback && !one.shared);
    const told = new Set<string>();
    for (const circle of circlesOf(direct)) {
      // A circle of pipelines that stand in each other's place alone is found where they are put in.
      if (circle.every((one) => one.inline)) continue;
      for (const one of circle) told.add(one.from);
      report(circle, false, context);
    }
    const rest = calls.filter((one) => !told.has(one.from) || !told.has(one.to));
    for (const circle of circlesOf(rest, (one) => one.fallback)) report(circle, true, context);
  },
};

function callsOf(checked: CheckedPipeline, context: RuleContext): Call[] {
  const { symbol, graph } = checked;
  const { source } = symbol.file;
  const from = symbol.key;
  const place = (span: Span): Place => ({ source, span });
  const calls: Call[] = [];
  for (const { signature, span, kind } of graph.instances.values()) {
    if (kind === "remote" || signature.symbol.syntax.kind !== "Pipeline") continue;
    calls.push({ from, to: signature.symbol.key, place: place(span), fallback: false, shared: false, inline: true });
  }
  for (const remote of context.remotes.get(symbol.key)?.values() ?? []) {
    remote.targets.forEach((target, index) => {
      const callee = target.kind === "peer" ? target.pipeline : target.kind === "local" ? target.symbol : undefined;
      if (callee?.syntax.kind !== "Pipeline") return;
      const shared = target.kind === "peer" && target.shared;
      const { span } = target.syntax;
      calls.push({ from, to: callee.key, place: place(span), fallback: index > 0, shared, inline: false });
    });
  }
  return calls;
}

/** One circle for each group of pipelines that reach each other, in order of text. */
function circlesOf(calls: readonly Call[], needed: (call: Call) => boolean = () => true): Call[][] {
  const found: Call[][] = [];
  const outgoing = new Map<string, Call[]>();
  for (const call of calls) {
    const known = outgoing.get(call.from);
    if (known === undefined) outgoing.set(call.from, [call]);
    else known.push(call);
  }
  const done = new Set<string>();
  for (const first of calls) {
    if (!needed(first) || done.has(first.from) || done.has(first.to)) continue;
    const back = shortestWay(first.to, first.from, outgoing);
    if (back === undefined) continue;
    const circle = [first, ...back];
    for (const one of circle) done.add(one.from);
    found.push(circle);
  }
  return found;
}

function shortestWay(from: string, to: string, outgoing: ReadonlyMap<string, readonly Call[]>): Call[] | undefined {
  const cameBy = new Map<string, Call | undefined>([[from, undefined]]);
  const queue = [from];
  for (let at = 0; at < queue.length; at += 1) {
    const here = queue[at] ?? from;
    if (here === to) {
      const way: Call[] = [];
      for (let call = cameBy.get(here); call !== undefined; call = cameBy.get(call.from)) way.unshift(call);
      return way;
    }
    for (const call of outgoing.get(here) ?? []) {
      if (cameBy.has(call.to)) continue;
      cameBy.set(call.to, call);
      queue.push(call.to);
    }
  }
  return undefined;
}

function report(circle: readonly Call[], fallbacks: boolean, context: RuleContext): void {
  // The call that closes the circle is the last one in the text; of a loop of fallbacks, the last fallback.
  const closing = circle.findLast((one) => !fallbacks || one.fallback) ?? circle[0];
  if (closing === undefined) return;
  const start = circle.indexOf(closing) + 1;
  const inOrder = [...circle.slice(start), ...circle.slice(0, start)];
  const nameOf = (key: string): string => `\`${context.pipelines.get(key)?.symbol.name ?? key}\``;
  const names = [...inOrder.map((one) => nameOf(one.from)), nameOf(closing.to)];
  const message = fallbacks
    ? `This fallback leads back to where it came from: ${names.join(" → ")}.`
    : circle.length === 1
      ? `\`${context.pipelines.get(closing.from)?.symbol.name ?? ""}\` calls itself: each of its sessions would open another one, without end.`
      : `Pipelines call each other in a circle: ${names.join(" → ")}; each session would open another one, without end.`;
  context.reporter.report(fallbacks ? "MESH6004" : "MESH5008", closing.place.source, closing.place.span, message, {
    related: inOrder
      .filter((one) => one !== closing)
      .map((one) => ({ place: one.place, message: `${nameOf(one.from)} calls ${nameOf(one.to)}` })),
    hint: fallbacks
      ? "End the list of targets with one that needs no other, such as a local pipeline."
      : "Break the circle, or run one of them `shared`, so that all callers use one instance.",
  });
}
