import type { SessionIdentity } from "../interface/node.ts";
import type { RequestContext } from "../interface/request-context.ts";

/** A session as its nodes see it: what it is called, and for whom it works now. */
export class SessionContext implements SessionIdentity {
  readonly id: string;
  #given: RequestContext;

  constructor(id: string, given: RequestContext = {}) {
    this.id = id;
    this.#given = given;
  }

  get origin(): string {
    return this.#given.origin ?? this.id;
  }

  get traceParent(): string | undefined {
    return this.#given.traceParent;
  }

  get traceState(): string | undefined {
    return this.#given.traceState;
  }

  /** What those are told that it asks in turn. */
  get passedOn(): RequestContext {
    return { ...this.#given, origin: this.origin };
  }

  /** What comes in from now on is for this. */
  adopt(given: RequestContext): void {
    this.#given = given;
  }
}
