import type { StickySessions } from "../../balancing/sticky-sessions.ts";
import type { Clock } from "../../interface/clock.ts";
import type { ServiceMethod } from "../methods.ts";
import type { PerAddress } from "../per-address.ts";
import type { Deadline, Deadlines } from "../deadlines.ts";
import type { RefusalReason } from "../refusals.ts";
import type { Directory } from "../registry/directory.ts";
import type { Registry } from "../registry/registry.ts";
import type { Chooser } from "./chooser.ts";
import type { WatchPlaces } from "./watch-places.ts";

/** A call that is passed on, seen from the conversation with the called peer. */
export interface Passed {
  /** By which the two sides of the conversation know it. */
  number: number;
  /** A message of the called peer. */
  answer(message: object): void;
  /** The called peer hangs up. */
  hungUp(code: number, reason: string): void;
  /** Ends it for both. */
  stop(code: number, reason: string): void;
}

/** The conversation with a peer that calls are passed on to. */
export interface Callee {
  /** @returns false when as many calls as may be go to the peer already */
  takes(call: Passed): boolean;
  pass(call: Passed, message: object): void;
  passEnd(call: Passed, code: number, reason: string): void;
  release(call: Passed): void;
  /** Another conversation speaks for an id from now on. */
  lost(id: string): void;
  /** Ends the conversation. */
  stop(code: number, reason: string): void;
}

/** Who is looked at now and then. */
export interface Watched extends Deadline {
  /** It is time to look. */
  due(): void;
}

/** What conversations and calls need of the service that they belong to. */
export interface ServiceContext {
  readonly clock: Clock;
  readonly directory: Directory;
  /** Left out where nobody may register. */
  readonly registry: Registry | undefined;
  readonly chooser: Chooser;
  /** Which peer those have who say that they belong together. */
  readonly sticky: StickySessions;
  readonly methods: readonly ServiceMethod[];
  readonly self: string | undefined;
  /** Peers that were registered over open conversations. */
  readonly peersPerAddress: PerAddress;
  readonly watches: WatchPlaces;
  /** When conversations are looked at that may be nobody's any more. */
  readonly idle: Deadlines<Watched>;
  /** Something was refused or broken off. */
  count(reason: RefusalReason): void;
  attach(id: string, callee: Callee): void;
  detach(id: string, callee: Callee): void;
  /** Nobody has registered the id over another conversation since. */
  isAttached(id: string, callee: Callee): boolean;
  conversationEnded(callee: Callee): void;
  callEnded(call: Passed): void;
}
