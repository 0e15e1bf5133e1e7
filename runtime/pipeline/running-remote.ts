import type { FlowType, Schemas } from "../interface/caps.ts";
import type { MeshError } from "../interface/errors.ts";
import type { OnEvent } from "../interface/events.ts";
import type { Link } from "../interface/link.ts";
import type { Params } from "../interface/node.ts";
import type { RemotePlan } from "../interface/plan.ts";
import type { RequestContext } from "../interface/request-context.ts";
import type {
  LivePorts,
  PipelineSession,
  PlatformTracks,
  RemoteDescription,
  SessionEnd,
} from "../interface/session.ts";

/** A remote of a running session, seen from the executor. */
export interface RunningRemote {
  /**
   * Connects to the first target that can be had.
   * @returns the formats that were agreed on
   * @throws {MeshError} when there is none
   */
  open(): Promise<PipelineSession["formats"]>;
  readonly inputs: Readonly<Record<string, Link>>;
  readonly tracks?: PlatformTracks;
  /** As of its session. */
  underWay?(input: string): number;
  /** Resolves when all its outputs have ended, or with the failure that leaves none. */
  readonly closed: Promise<SessionEnd>;
  /** What it is asked from now on is for this. */
  adopt?(context: RequestContext): void;
  close(error?: MeshError): Promise<void>;
  describe(): RemoteDescription;
}

export type OpenRemote = (init: {
  readonly plan: RemotePlan;
  /** The pipeline that has the remote. */
  readonly pipeline: string;
  readonly session: string;
  /** For whom the session works now. */
  readonly context: () => RequestContext;
  readonly params: Params;
  /** Of the ports that are linked, what may be sent and taken, as sets. */
  readonly formats: {
    readonly inputs: Readonly<Record<string, FlowType>>;
    readonly outputs: Readonly<Record<string, FlowType>>;
  };
  /** Of those ports, the ones whose links are live. */
  readonly live?: LivePorts;
  readonly schemas: Schemas;
  /** Where the frames of each output go. */
  readonly outputs: Readonly<Record<string, Link>>;
  readonly signal: AbortSignal;
  /** When the caller of the pipeline stops waiting for it to open, by `Clock.nowUs`. */
  readonly deadlineUs: number | undefined;
  readonly onEvent: OnEvent;
}) => RunningRemote;
