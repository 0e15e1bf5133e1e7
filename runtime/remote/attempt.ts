import type { MeshError } from "../interface/errors.ts";
import type { PipelineSession } from "../interface/session.ts";
import type { FencedLink } from "./fenced-link.ts";

/** A session that is open, and what it needs to go on. */
export interface Attempt {
  readonly session: PipelineSession;
  readonly links: readonly FencedLink[];
  readonly breaks: Breaks;
}

/** The next time that the connection of a session breaks which may go on over another. */
export class Breaks {
  next!: Promise<MeshError>;
  #happened: (error: MeshError) => void = () => undefined;

  constructor() {
    this.renew();
  }

  renew(): void {
    this.next = new Promise((resolve) => (this.#happened = resolve));
  }

  happened(error: MeshError): void {
    this.#happened(error);
  }
}
