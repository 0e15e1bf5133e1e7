import type { Frame } from "../interface/frame.ts";
import type { RequestContext } from "../interface/request-context.ts";
import type {
  LivePorts,
  PipelineSession,
  SessionDescription,
  SessionEnd,
  SessionRequest,
} from "../interface/session.ts";

type Side = "inputs" | "outputs";

/** What has ports by name: a plan, or a description. */
type Ports = Readonly<Record<Side, Readonly<Record<string, unknown>>>>;

/** From the caller's name of a port to the pipeline's own, where they differ. */
export type PortNames = Readonly<Record<Side, ReadonlyMap<string, string>>>;

/**
 * Ports match by name; a sole port that the caller calls otherwise is the pipeline's sole one.
 * @returns undefined where both use the same names
 */
export function soleNames(pipeline: Ports, request: SessionRequest): PortNames | undefined {
  const side = (which: Side): ReadonlyMap<string, string> => {
    const [asked, ...more] = Object.keys(request[which]);
    const [own, ...others] = Object.keys(pipeline[which]);
    const differ = asked !== undefined && own !== undefined && asked !== own && more.length + others.length === 0;
    return new Map(differ ? [[asked, own]] : []);
  };
  const names = { inputs: side("inputs"), outputs: side("outputs") };
  return names.inputs.size + names.outputs.size === 0 ? undefined : names;
}

/** What the caller asks for, by the names of the pipeline. */
export function ownRequest(request: SessionRequest, names: PortNames): SessionRequest {
  return {
    ...request,
    inputs: renamed(request.inputs, names.inputs),
    outputs: renamed(request.outputs, names.outputs),
  };
}

/** A session by the names that its caller uses. */
export class RenamedSession implements PipelineSession {
  readonly inputs: PipelineSession["inputs"];
  readonly formats: PipelineSession["formats"];
  readonly #session: PipelineSession;
  readonly #back: { readonly inputs: ReadonlyMap<string, string>; readonly outputs: ReadonlyMap<string, string> };

  constructor(session: PipelineSession, names: PortNames) {
    const back = { inputs: reversed(names.inputs), outputs: reversed(names.outputs) };
    this.#session = session;
    this.#back = back;
    this.inputs = renamed(session.inputs, back.inputs);
    this.formats = {
      inputs: renamed(session.formats.inputs, back.inputs),
      outputs: renamed(session.formats.outputs, back.outputs),
    };
  }

  get id(): string {
    return this.#session.id;
  }

  get live(): LivePorts | undefined {
    const { live } = this.#session;
    const { inputs, outputs } = this.#back;
    return (
      live && {
        inputs: live.inputs.map((port) => inputs.get(port) ?? port),
        outputs: live.outputs.map((port) => outputs.get(port) ?? port),
      }
    );
  }

  get closed(): Promise<SessionEnd> {
    return this.#session.closed;
  }

  close(error?: Parameters<PipelineSession["close"]>[0]): Promise<void> {
    return this.#session.close(error);
  }

  unanswered(): Readonly<Record<string, readonly Frame[]>> {
    return renamed(this.#session.unanswered?.() ?? {}, this.#back.inputs);
  }

  async confirmed(signal: AbortSignal): Promise<void> {
    await this.#session.confirmed?.(signal);
  }

  adopt(context: RequestContext): void {
    this.#session.adopt?.(context);
  }

  describe(): SessionDescription {
    return this.#session.describe();
  }
}

function renamed<T>(ports: Readonly<Record<string, T>>, names: ReadonlyMap<string, string>): Record<string, T> {
  return Object.fromEntries(Object.entries(ports).map(([name, port]) => [names.get(name) ?? name, port]));
}

function reversed(names: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...names].map(([asked, own]) => [own, asked]));
}
