import type { Clock } from "../interface/clock.ts";
import type { Log } from "../interface/node.ts";
import type { RemotePlan } from "../interface/plan.ts";
import type { Random } from "../interface/random.ts";
import type { PipelineEndpoint } from "../interface/session.ts";
import type { Transport } from "../interface/transport.ts";
import type { Env } from "../pipeline/parameters.ts";
import type { ServingInit } from "./serving.ts";
import type { shareRuns } from "./shared-runs.ts";

/** What the mesh needs of the platform it runs on. */
export interface MeshPlatform {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly env: Env;
  /** The ways to other peers; found by the scheme of an address. */
  readonly transports: readonly Transport[];
  /** Answers those who call, once it is loaded; undefined where nothing can listen, as in a browser. */
  readonly serve: ((init: ServingInit) => Promise<void>) | undefined;
  /**
   * What lets the callers of a `runs … shared` meet in one instance; left out where nothing can listen. The code of a page
   * alone opens sessions there, each with an instance of its own.
   */
  readonly share?: () => Promise<typeof shareRuns>;
  /** For tests: what a remote of a pipeline finds in the places of its targets; undefined leaves them as they are. */
  readonly standIns?: (remote: RemotePlan, pipeline: string) => readonly PipelineEndpoint[] | undefined;
}
