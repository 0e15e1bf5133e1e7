import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { MeshEvent } from "../interface/events.ts";
import type { NodeDefinition } from "../interface/node.ts";
import type { PipelinePlan, RemotePlan } from "../interface/plan.ts";
import type { PipelineEndpoint } from "../interface/session.ts";
import type { MeshPlatform } from "../mesh/platform.ts";
import { servePeer } from "../mesh/serving.ts";
import { shareRuns } from "../mesh/shared-runs.ts";
import type { AnyNode } from "../typed/contract.ts";
import type { RunningPipeline } from "../typed/launch.ts";
import { loopback } from "./loopback.ts";
import { seededRandom } from "./seeded-random.ts";
import { standInFor } from "./stand-in.ts";
import type { TestLog } from "./test-node.ts";
import { virtualClock, type VirtualClock } from "./virtual-clock.ts";
import * as calls from "../remote/calls.ts";

/** A launch function of a generated module, such as `launchCaptions`. */
export type Launch = (options: never) => Promise<RunningPipeline>;

/** What a launch takes, other than what a test gives it. */
type OwnOptions<L extends Launch> = Omit<NonNullable<Parameters<L>[0]>, "platform" | "onEvent">;

export interface TestPipelineOptions<Time extends Clock = VirtualClock> {
  /**
   * By the name of a remote, what stands in for it: the code of a node with the ports of its interface. Several stand for
   * its targets, in their order. Without one, a remote looks for its targets among the `peers` that run here.
   */
  readonly remotes?: Readonly<Record<string, AnyNode | readonly AnyNode[]>>;
  /** Environment variables of the program. */
  readonly env?: Readonly<Record<string, string>>;
  /** A virtual one by default. */
  readonly clock?: Time;
  /** 1 by default. */
  readonly seed?: number;
}

/** A pipeline that runs without a network and in virtual time. Leaving its `await using` block closes it. */
export interface TestedPipeline<
  Running extends RunningPipeline,
  Time extends Clock = VirtualClock,
> extends AsyncDisposable {
  readonly pipeline: Running;
  readonly clock: Time;
  readonly logs: readonly TestLog[];
  readonly events: readonly MeshEvent[];
  /** What nodes and remotes have failed with. */
  readonly failures: readonly MeshError[];
  close(): Promise<void>;
}

/**
 * Launches a pipeline of a generated module for a test.
 *
 * ```ts
 * await using test = await testPipeline(launchCaptions, { remotes: { stt: FakeStt } });
 * const captions = collect(test.pipeline.captions);
 * await feed(test.pipeline.mic, soundFrames(sound, { rate: 48_000 }));
 * test.pipeline.end();
 * ```
 *
 * @param options those of the launch, and what is different in a test
 * @throws {MeshError} as the launch does; `invalid-argument` for a stand-in without a remote
 */
export async function testPipeline<L extends Launch, Time extends Clock = VirtualClock>(
  launch: L,
  options: OwnOptions<L> & TestPipelineOptions<Time>,
): Promise<TestedPipeline<Awaited<ReturnType<L>>, Time>> {
  const { remotes = {}, env = {}, clock: given, seed, ...own } = options as TestPipelineOptions<Time> & object;
  const logs: TestLog[] = [];
  const events: MeshEvent[] = [];
  const clock = (given ?? virtualClock()) as Time;
  const onEvent = (event: MeshEvent): void => void events.push(event);
  const base: Pick<MeshPlatform, "clock" | "random" | "log" | "env"> = {
    clock,
    random: seededRandom(seed),
    log: (level, message, fields) => void logs.push({ level, message, ...(fields !== undefined && { fields }) }),
    env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
  };
  const asked = new Set<string>();
  const standIns = (remote: RemotePlan, pipeline: PipelinePlan["name"]): readonly PipelineEndpoint[] | undefined => {
    asked.add(remote.id);
    const found = [`${pipeline}.${remote.id}`, remote.id].find((name) => Object.hasOwn(remotes, name));
    if (found === undefined) return undefined;
    return [remotes[found]].flat().map((code) => standInFor(remote, code as NodeDefinition, { ...base, onEvent }));
  };
  const share = async (): Promise<typeof shareRuns> => shareRuns;
  const platform: MeshPlatform = {
    ...base,
    transports: [loopback(clock)],
    calls: async () => calls,
    serve: servePeer,
    share,
    standIns,
  };
  const pipeline = (await launch({ ...own, platform, onEvent } as never)) as Awaited<ReturnType<L>>;
  const idle = Object.keys(remotes).filter((name) => !asked.has(name.slice(name.lastIndexOf(".") + 1)));
  if (idle.length > 0) {
    await pipeline.close();
    throw new MeshError(
      "invalid-argument",
      `There is no remote \`${idle[0]}\` to stand in for; there are: ${[...asked].join(", ") || "none"}.`,
    );
  }
  return {
    pipeline,
    clock,
    logs,
    events,
    get failures() {
      return events.flatMap((event) => ("error" in event && event.error !== undefined ? [event.error] : []));
    },
    close: () => pipeline.close(),
    [Symbol.asyncDispose]: () => pipeline.close(),
  };
}
