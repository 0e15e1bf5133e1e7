import type { Clock } from "../interface/clock.ts";
import type { OnEvent } from "../interface/events.ts";
import type { Log } from "../interface/node.ts";
import type { PeerPlan, Plan, RemotePlan } from "../interface/plan.ts";
import type { Random } from "../interface/random.ts";
import type { PipelineEndpoint } from "../interface/session.ts";
import type { Listener, Transport } from "../interface/transport.ts";
import type { Env } from "../pipeline/parameters.ts";
import type * as calls from "../remote/calls.ts";
import type { HeartbeatOptions } from "../remote/heartbeat.ts";
import type { SignalConnect } from "../signaling/socket.ts";
import type { PeersLeaving, Served } from "./draining.ts";
import type { OpenSessions } from "./open-sessions.ts";
import type { shareRuns } from "./shared-runs.ts";

/** What calls other peers. */
export type Calls = typeof calls;

/** What the mesh needs of the platform it runs on. */
export interface MeshPlatform {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly env: Env;
  /** The ways to other peers; found by the scheme of an address. */
  readonly transports: readonly Transport[];
  /** What calls pipelines on other peers, loaded when the first is called. */
  readonly calls: () => Promise<Calls>;
  /** Answers those who call, once it is loaded; undefined where nothing can listen, as in a browser. */
  readonly serve: ((init: ServingInit) => Promise<void>) | undefined;
  /**
   * What lets the callers of a `runs … shared` meet in one instance; left out where nothing can listen. The code of a page
   * alone opens sessions there, each with an instance of its own.
   */
  readonly share?: () => Promise<typeof shareRuns>;
  /** Opens a WebSocket to a signaling service; left out where none can be asked. */
  readonly signal?: SignalConnect;
  /** For tests: what a remote of a pipeline finds in the places of its targets; undefined leaves them as they are. */
  readonly standIns?: (remote: RemotePlan, pipeline: string) => readonly PipelineEndpoint[] | undefined;
}

/** A peer that is to be open to callers. */
export interface ServingInit {
  readonly peer: PeerPlan;
  readonly plan: Plan;
  readonly platform: MeshPlatform;
  readonly sessions: OpenSessions;
  /** The pipeline behind one of its `runs`; `shared` where all callers meet in one instance. */
  readonly endpointOf: (run: PeerPlan["runs"][number]) => {
    readonly endpoint: PipelineEndpoint;
    readonly shared: boolean;
  };
  readonly heartbeat: HeartbeatOptions | undefined;
  /** The services that the peer makes itself known to. */
  readonly registers: readonly string[];
  /** Its id there; left out, it gets one. */
  readonly id: string | undefined;
  readonly onEvent: OnEvent;
  /** Is given the code that ends what is served, before there is any of it. */
  readonly leaveBy: (leave: typeof PeersLeaving) => void;
  /** What has to be closed in the end, as soon as it is there. */
  readonly onHost: (host: Served) => void;
  readonly onListener: (listener: Listener) => void;
}
