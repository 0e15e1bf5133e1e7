import type { Outcome } from "./world.ts";
import { feedsOf, isPair, isSplit, linkOf, nameOf, portOf, type NodeShape, type Shape } from "./shape.ts";

/** What an outcome breaks of what holds for every graph, in words; empty for none. */
export function broken(shape: Shape, outcome: Outcome): string[] {
  return [
    ...endOf(shape, outcome),
    ...linksOf(shape).flatMap((link) => [
      ...orderOf(link, outcome),
      ...countsOf(link, shape, outcome),
      ...boundOf(link, outcome),
    ]),
    ...sentOf(shape, outcome),
    // What somebody may still look at is left alone, whatever memory it stands in.
    ...outcome.changed,
  ];
}

interface LinkOf {
  readonly from: number;
  /** Undefined for the output. */
  readonly to: number | undefined;
  /** As `describe()` calls its queue. */
  readonly stream: string;
  readonly key: string;
  readonly link: NodeShape["link"];
}

function linksOf({ nodes }: Shape): LinkOf[] {
  const out = (from: number): string => (from < 0 ? "a" : `${nameOf(from)}.out`);
  const inner = nodes.flatMap((node, to) =>
    feedsOf(node).map((from, place): LinkOf => ({
      from,
      to,
      stream: `${out(from)} -> ${nameOf(to)}.${portOf(node, place)}`,
      key: `${nameOf(from)} -> ${nameOf(to)}`,
      link: linkOf(node),
    })),
  );
  const last = nodes.length - 1;
  const link = { capacityFrames: 2, overflow: "block" } as const;
  return [...inner, { from: last, to: undefined, stream: `${out(last)} -> b`, key: `${nameOf(last)} -> b`, link }];
}

/** A session ends: well, or with the failure of a node that had no attempt left. Nothing is left behind. */
function endOf({ nodes }: Shape, { error, pending, description }: Outcome): string[] {
  const found: string[] = [];
  if (pending > 0) found.push(`${pending} timers are still set`);
  if (error !== undefined) {
    const index = nodes.findIndex((_, at) => nameOf(at) === error.node);
    const fault = nodes[index]?.fault;
    if (error.code !== "node-failed" || fault === undefined || fault.restarts > 0) {
      found.push(`it ends with ${error.code}: ${error.message}`);
    }
  }
  for (const { id, leaked } of description.nodes) if (leaked !== undefined) found.push(`${id} leaks ${leaked} timers`);
  return found;
}

/** Frames come in the order in which they were sent, none twice. */
function orderOf({ key }: LinkOf, { arrived }: Outcome): string[] {
  const numbers = arrived.get(key) ?? [];
  const wrong = numbers.findIndex((number, index) => index > 0 && number <= (numbers[index - 1] ?? -1));
  return wrong < 0 ? [] : [`on ${key}, ${numbers[wrong]} comes after ${numbers[wrong - 1]}`];
}

/** What was offered has arrived or was dropped, and counted; where nothing may be dropped, nothing was. */
function countsOf({ key, stream, link, to }: LinkOf, shape: Shape, outcome: Outcome): string[] {
  const queue = outcome.description.streams.find((one) => one.name === stream);
  // Called in line: there is no queue.
  if (queue === undefined) return [];
  const arrived = outcome.arrived.get(key)?.length ?? 0;
  const found: string[] = [];
  if (queue.queued > 0) found.push(`${queue.queued} frames are left in ${stream}`);
  if (queue.frames !== arrived + queue.dropped) {
    found.push(`${stream}: ${queue.frames} were offered, ${arrived} arrived, ${queue.dropped} were dropped`);
  }
  const reader = to === undefined ? undefined : shape.nodes[to];
  const mayDrop =
    link.overflow !== "block" ||
    link.deadlineMs !== undefined ||
    outcome.error !== undefined ||
    // A set that cannot be whole any more is dropped.
    (reader !== undefined && isPair(reader)) ||
    (shape.flush !== undefined && shape.sent.some(({ stop }) => stop));
  if (queue.dropped > 0 && !mayDrop) found.push(`${stream} blocks, but has dropped ${queue.dropped}`);
  return found;
}

/** A node is called only when there is room, and sends two frames at most for a call that may wait. */
const overshoot = 2;

/** Memory is bounded by what the links declare. */
function boundOf({ stream, link, from }: LinkOf, { most }: Outcome): string[] {
  const slack = link.overflow === "block" && from >= 0 ? overshoot : 0;
  const peak = most.get(stream) ?? 0;
  return peak <= link.capacityFrames + slack
    ? []
    : [`${peak} frames waited in ${stream}, which holds ${link.capacityFrames}`];
}

/** What the code of a node has sent is in the queues behind it, or was dropped at the node, and counted there. */
function sentOf(shape: Shape, { description, emitted, accepted, error }: Outcome): string[] {
  if (error !== undefined) return [];
  const offered = new Map<number, number[]>();
  for (const { from, stream } of linksOf(shape)) {
    const queue = description.streams.find((one) => one.name === stream);
    if (queue !== undefined) offered.set(from, [...(offered.get(from) ?? []), queue.frames]);
  }
  return [...offered].flatMap(([from, counts]) => {
    const name = nameOf(from);
    const dropped = description.nodes.find(({ id }) => id === name)?.dropped ?? 0;
    const sent = from < 0 ? accepted : (emitted.get(name) ?? 0) - dropped;
    const whole = counts.reduce((sum, count) => sum + count, 0);
    const right = isSplit(shape, from) ? whole === sent : counts.every((count) => count === sent);
    return right ? [] : [`${name} sent ${sent} and dropped ${dropped}; behind it, ${counts.join(", ")} were offered`];
  });
}
