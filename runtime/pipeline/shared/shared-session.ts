import { whenAborted } from "../../interface/abort.ts";
import { formatType, type FlowType, type Schemas } from "../../interface/caps.ts";
import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Link } from "../../interface/link.ts";
import { named } from "../../interface/named.ts";
import type {
  PipelineSession,
  SessionDescription,
  SessionEnd,
  SessionRequest,
  StreamDescription,
} from "../../interface/session.ts";
import { CallerLink, Heard } from "../caller-link.ts";
import { cutBetween } from "../declared-fields.ts";
import { describeExpected, valueCheck } from "../payload-check.ts";
import type { FanOut } from "./fan-out.ts";
import { SharedInput } from "./shared-input.ts";
import { Tap } from "./tap.ts";

export interface SharedSessionInit {
  readonly id: string;
  readonly pipeline: string;
  readonly request: SessionRequest;
  /** Of the ports that the caller feeds and taps. */
  readonly formats: PipelineSession["formats"];
  readonly schemas: Schemas;
  readonly clock: Clock;
  /** The inputs of the instance, and its outputs. */
  readonly entries: ReadonlyMap<string, Link>;
  readonly outputs: ReadonlyMap<string, FanOut>;
  readonly onClosed: (session: SharedSession) => void;
}

/**
 * What one caller has of a shared instance. It lasts until the caller leaves or the outputs of the instance end; that the
 * caller's inputs have ended is the end only where it takes no output.
 */
export class SharedSession implements PipelineSession {
  readonly id: string;
  readonly formats: PipelineSession["formats"];
  readonly inputs = named<SharedInput>();
  readonly closed: Promise<SessionEnd>;
  readonly #init: SharedSessionInit;
  readonly #taps = new Map<string, { readonly tap: Tap; readonly fan: FanOut }>();
  readonly #pending = { inputs: 0, outputs: 0 };
  readonly #stopListening: () => void;
  #resolveClosed: (end: SessionEnd) => void = () => undefined;
  readonly #heard = new Heard();
  #over = false;

  constructor(init: SharedSessionInit) {
    const { request, formats } = init;
    this.#init = init;
    this.id = init.id;
    this.formats = formats;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    for (const [port, type] of Object.entries(formats.inputs)) this.#feed(port, type);
    for (const [port, type] of Object.entries(formats.outputs)) this.#tap(port, type);
    const { signal } = request;
    this.#stopListening = whenAborted(signal, () => void this.close(MeshError.from(signal.reason, "cancelled")));
  }

  close(error?: MeshError): Promise<void> {
    this.#end(error ?? new MeshError("cancelled", "The session was closed by its caller."));
    return Promise.resolve();
  }

  /** The instance has ended in good order; what waits is still given. */
  finish(): void {
    if (this.#pending.outputs === 0) this.#end(undefined);
  }

  describe(): SessionDescription {
    const { formats } = this;
    const fed = Object.entries(this.inputs).map(([port, { frames, dropped }]): StreamDescription => ({
      name: port,
      format: formatType(formats.inputs[port] as FlowType),
      frames,
      bytes: 0,
      dropped,
      queued: 0,
      hopMs: undefined,
    }));
    const tapped = [...this.#taps.values()].map(({ tap }) => tap.describe());
    const refused = Object.entries(this.inputs).flatMap(([port, input]) =>
      input.refused > 0 ? [[port, input.refused]] : [],
    );
    const border = this.#init.request.border?.();
    return {
      id: this.id,
      pipeline: this.#init.pipeline,
      nodes: border?.nodes ?? [],
      remotes: [],
      streams: [...fed, ...tapped],
      ...(border?.connection !== undefined && { connection: border.connection }),
      ...(refused.length > 0 && { refused: Object.fromEntries(refused) as Record<string, number> }),
    };
  }

  #feed(port: string, type: FlowType): void {
    const { request, schemas, entries } = this.#init;
    const target = entries.get(port);
    const sent = request.inputs[port];
    if (target === undefined || sent === undefined) return;
    this.#pending.inputs += 1;
    this.inputs[port] = new SharedInput({
      port,
      target,
      check: valueCheck(type, schemas),
      expected: describeExpected(type),
      cut: cutBetween(sent, type, { producer: request.schemas, consumer: schemas }),
      onEpoch: (epoch) => this.#heard.hear(epoch),
      onEnd: () => {
        this.#pending.inputs -= 1;
        if (this.#pending.inputs === 0) this.finish();
      },
      onAbort: (error) => this.#end(error),
    });
  }

  #tap(port: string, type: FlowType): void {
    const { request, schemas, clock, outputs } = this.#init;
    const fan = outputs.get(port);
    const taken = request.outputs[port];
    if (fan === undefined || taken === undefined) return;
    this.#pending.outputs += 1;
    const cut = cutBetween(type, taken.type, { producer: schemas, consumer: request.schemas });
    const tap = new Tap({
      port,
      type,
      clock,
      link: new CallerLink(taken.link, this.#heard, cut, false),
      heard: this.#heard,
      onRoom: fan.roomAgain,
      onEnd: () => {
        this.#pending.outputs -= 1;
        this.finish();
      },
      onFailure: (error) => this.#end(error),
      onUndecodable: fan.requestKeyFrame,
    });
    this.#taps.set(port, { tap, fan });
    fan.add(tap);
    if (type.kind !== "video") return;
    taken.link.onKeyFrameRequest?.(fan.requestKeyFrame);
    // It has had nothing of what others have.
    fan.requestKeyFrame();
  }

  #end(error: MeshError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopListening();
    const reason = error ?? new MeshError("cancelled", "The session has ended.");
    for (const input of Object.values(this.inputs)) input.shut(reason);
    for (const { tap, fan } of this.#taps.values()) {
      tap.stop(reason);
      fan.remove(tap);
    }
    this.#init.onClosed(this);
    this.#resolveClosed({ error });
  }
}
