import type { Location, MeshError } from "./errors.ts";
import type { SessionDescription, TransportFallback } from "./session.ts";

/** What happens in a running mesh, for logs, live views and tests. */
export type MeshEvent =
  | { readonly kind: "peer-listening"; readonly peer: string; readonly address: string }
  | { readonly kind: "peer-registered"; readonly peer: string; readonly service: string; readonly id: string }
  | {
      /** A signaling service does not know the peer, or no longer; it is tried again. */
      readonly kind: "registration-lost";
      readonly peer: string;
      readonly service: string;
      readonly error: MeshError;
    }
  | {
      /** It stops: it takes nobody new, and waits for what it has taken. */
      readonly kind: "peer-draining";
      readonly peer: string;
      /** Calls without an answer yet, sessions with batch pipelines among them, and sessions of callers. */
      readonly calls: number;
      readonly streams: number;
      /** How long it waits at most. */
      readonly withinMs: number;
    }
  | { readonly kind: "session-opened"; readonly peer: string; readonly session: string; readonly pipeline: string }
  | {
      readonly kind: "session-closed";
      readonly peer: string;
      readonly session: string;
      readonly pipeline: string;
      readonly error: MeshError | undefined;
      /** The last snapshot, with final counts. */
      readonly description: SessionDescription;
    }
  | {
      readonly kind: "remote-connecting" | "remote-connected";
      readonly session: string;
      readonly remote: string;
      readonly target: string;
      /** An earlier target was back, and has been gone back to. */
      readonly back?: true;
    }
  | ({
      /** The target has no address of the transport that is meant for what is sent, and is called by another. */
      readonly kind: "remote-transport";
      readonly session: string;
      readonly remote: string;
      readonly target: string;
      readonly location: Location;
    } & TransportFallback)
  | {
      /** A target was given up; the next one, if any, is tried. */
      readonly kind: "remote-failed";
      readonly session: string;
      readonly remote: string;
      readonly target: string;
      readonly next: string | undefined;
      readonly error: MeshError;
      readonly location: Location;
    }
  | {
      /**
       * The breaker of a target, which all sessions of the remote share, has opened: it is tried only when no other is left, for so
       * many milliseconds. Or an attempt at it has succeeded since, and it has closed.
       */
      readonly kind: "remote-breaker";
      readonly session: string;
      readonly remote: string;
      readonly target: string;
      readonly state: "open" | "closed";
      readonly forMs: number;
      readonly location: Location;
    }
  | {
      readonly kind: "node-failed";
      readonly session: string;
      readonly node: string;
      readonly error: MeshError;
      readonly location: Location;
    }
  | {
      /** A node has failed and is opened anew, as the program says. */
      readonly kind: "node-restarting";
      readonly session: string;
      readonly node: string;
      readonly error: MeshError;
      /** Counts from 1. */
      readonly attempt: number;
      readonly location: Location;
    }
  | {
      /** A call into a node has not come back for so long; told again each time it has taken twice as long. */
      readonly kind: "node-stalled";
      readonly session: string;
      readonly node: string;
      readonly forMs: number;
      readonly location: Location;
    }
  | {
      /** A join has found no set for so long, while a queue in front of it is full; told again as above. */
      readonly kind: "join-stalled";
      readonly session: string;
      readonly node: string;
      readonly forMs: number;
      /** The link that is full, such as `camera -> draw.picture`, and the frames that wait in it. */
      readonly full: string;
      readonly queued: number;
      /** The links by which nothing comes. */
      readonly empty: readonly string[];
      readonly location: Location;
    };

export type OnEvent = (event: MeshEvent) => void;
