import type { PipelinePlan, Plan } from "../../../runtime/interface/plan.ts";
import { suggest } from "../../diagnostics/suggest.ts";
import { usageError } from "../exit-code.ts";
import type { PortFile, RunOptions } from "./run-options.ts";

/** Keys with a dot are made by the compiler for a node that is the target of a remote. */
const isDeclared = (key: string): boolean => !key.includes(".");

/**
 * The peers that this process runs.
 * @throws {CommandError} with exit code 2 for a peer that the file does not declare
 */
export function choosePeers(plan: Plan, peer: string | undefined): string[] {
  const declared = Object.keys(plan.peers);
  if (peer === undefined) return declared;
  if (declared.includes(peer)) return [peer];
  const near = suggest(peer, declared);
  throw usageError(
    `${plan.source} declares no peer \`${peer}\`.`,
    near === undefined ? `It declares ${declared.join(", ") || "none"}.` : `Did you mean \`--peer ${near}\`?`,
  );
}

/**
 * The pipeline that a session is opened with; undefined when none is asked for.
 *
 * It is the one that has the ports that were named. Where several have them, it is the one that no other pipeline of
 * the file calls: the outermost.
 *
 * @throws {CommandError} with exit code 2 where it is none or not clear which
 */
export function choosePipeline(plan: Plan, peers: readonly string[], options: RunOptions): string | undefined {
  const { inputs, outputs, params } = options;
  const named = options.pipeline ?? commonPrefix([...inputs, ...outputs]);
  if (named === undefined && inputs.length === 0 && outputs.length === 0) {
    if (params.size > 0) {
      throw usageError(
        "`--param` is for the pipeline that a session is opened with.",
        "Name it with `--pipeline`, or give it files with `--in` and `--out`.",
      );
    }
    return undefined;
  }
  const here = reachable(plan, peers);
  if (named !== undefined) {
    const pipeline = Object.hasOwn(plan.pipelines, named) ? plan.pipelines[named] : undefined;
    if (pipeline === undefined || !isDeclared(named)) {
      const known = Object.keys(plan.pipelines).filter(isDeclared);
      const near = suggest(named, known);
      throw usageError(
        `${plan.source} has no pipeline \`${named}\`.`,
        near === undefined ? `It has ${known.join(", ") || "none"}.` : `Did you mean \`${near}\`?`,
      );
    }
    checkPorts(named, pipeline, inputs, outputs);
    return named;
  }
  const candidates = here.filter((key) => owns(plan.pipelines[key], inputs, outputs));
  const outermost = candidates.filter((key) => !calledBySomeone(plan, key));
  const [only, ...more] = candidates.length > 1 && outermost.length > 0 ? outermost : candidates;
  if (only !== undefined && more.length === 0) return only;
  if (only === undefined) throw noOwner(plan, here, inputs, outputs);
  const [first] = [...inputs, ...outputs];
  const ports = [...inputs, ...outputs].map((one) => `\`${one.port}\``).join(" and ");
  throw usageError(
    `Several pipelines have ${ports}: ${[only, ...more].join(", ")}.`,
    `Say which: \`--pipeline ${only}\`, or \`${only}.${first?.port ?? ""}=${first?.file ?? ""}\`.`,
  );
}

function commonPrefix(files: readonly PortFile[]): string | undefined {
  const names = new Set(files.flatMap((one) => (one.pipeline === undefined ? [] : [one.pipeline])));
  if (names.size > 1) {
    throw usageError(
      `One session has one pipeline, but ${[...names].join(" and ")} are named.`,
      "Run meshc once for each.",
    );
  }
  return [...names][0];
}

/** What the peers of this process run; of a file without peers, every pipeline. */
function reachable(plan: Plan, peers: readonly string[]): string[] {
  const runs = peers.flatMap((name) => plan.peers[name]?.runs ?? []).map((run) => run.pipeline);
  return peers.length === 0 ? Object.keys(plan.pipelines).filter(isDeclared) : [...new Set(runs)];
}

function owns(pipeline: PipelinePlan | undefined, inputs: readonly PortFile[], outputs: readonly PortFile[]): boolean {
  return (
    pipeline !== undefined &&
    inputs.every(({ port }) => Object.hasOwn(pipeline.inputs, port)) &&
    outputs.every(({ port }) => Object.hasOwn(pipeline.outputs, port))
  );
}

function calledBySomeone(plan: Plan, key: string): boolean {
  const names = new Set(
    Object.values(plan.peers).flatMap((peer) =>
      peer.runs.flatMap((run) => (run.pipeline === key ? [`${peer.name}.${run.as}`] : [])),
    ),
  );
  return Object.values(plan.pipelines).some((pipeline) =>
    pipeline.remotes.some((remote) =>
      remote.targets.some((target) => {
        if (target.kind === "local") return target.pipeline === key;
        return target.kind === "peer" && names.has(`${plan.peers[target.peer]?.name ?? ""}.${target.pipeline}`);
      }),
    ),
  );
}

function checkPorts(
  key: string,
  pipeline: PipelinePlan,
  inputs: readonly PortFile[],
  outputs: readonly PortFile[],
): void {
  for (const [direction, files, ports] of [
    ["input", inputs, pipeline.inputs],
    ["output", outputs, pipeline.outputs],
  ] as const) {
    for (const { port } of files) {
      if (Object.hasOwn(ports, port)) continue;
      const known = Object.keys(ports);
      const near = suggest(port, known);
      throw usageError(
        `\`${key}\` has no ${direction} \`${port}\`.`,
        near === undefined ? `Its ${direction}s are ${known.join(", ") || "none"}.` : `Did you mean \`${near}\`?`,
      );
    }
  }
}

function noOwner(
  plan: Plan,
  here: readonly string[],
  inputs: readonly PortFile[],
  outputs: readonly PortFile[],
): Error {
  const wanted = [
    ...inputs.map((one) => `an input \`${one.port}\``),
    ...outputs.map((one) => `an output \`${one.port}\``),
  ];
  const list = here.map((key) => {
    const pipeline = plan.pipelines[key];
    const ports = [...Object.keys(pipeline?.inputs ?? {}), ...Object.keys(pipeline?.outputs ?? {})];
    return `${key} (${ports.join(", ")})`;
  });
  return usageError(
    `No pipeline that is run here has ${wanted.join(" and ")}.`,
    `There is ${list.join("; ") || "none"}.`,
  );
}
