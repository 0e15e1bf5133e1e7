import type { Clock } from "../interface/clock.ts";
import type { Schemas } from "../interface/caps.ts";
import type { OnEvent } from "../interface/events.ts";
import type { Link } from "../interface/link.ts";
import type { RequestContext } from "../interface/request-context.ts";
import type { RemotePlan } from "../interface/plan.ts";
import type { Random } from "../interface/random.ts";
import type { LivePorts, PipelineSession } from "../interface/session.ts";
import type { TargetHealth } from "./target-health.ts";
import type { HFTarget } from "./targets.ts";

export interface HFPipelineNodeInit {
  readonly plan: RemotePlan;
  /** The pipeline that has the remote, and the session of it; for messages and events. */
  readonly pipeline: string;
  readonly session: string;
  /** For whom that session works now; left out, for nobody that is known. */
  readonly context?: () => RequestContext;
  /** In the order in which they are tried. */
  readonly targets: readonly HFTarget[];
  /** What other sessions know of the targets as well; left out, it is this session's alone. */
  readonly health?: TargetHealth;
  /** Of the ports that are linked, what may be sent and taken, as sets. */
  readonly formats: PipelineSession["formats"];
  /** Of those ports, the ones whose links are live. */
  readonly live?: LivePorts;
  readonly schemas: Schemas;
  /** Where the frames of each output go. */
  readonly outputs: Readonly<Record<string, Link>>;
  /** Ends everything, also while it connects. */
  readonly signal: AbortSignal;
  /** When the first session must be open, by `Clock.nowUs`; undefined leaves it to the policy. */
  readonly deadlineUs: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnEvent;
}
