import type { ServiceParams } from "../methods.ts";

export type AdvertisedPipeline = ServiceParams<"register">["pipelines"][number];
export type LoadReport = ServiceParams<"report">["load"];

/** What a peer says of itself when it registers. */
export type Registration = Pick<ServiceParams<"register">, "name" | "addresses" | "relay" | "provides" | "pipelines">;

/** What a store keeps for an id. */
export interface RegistryRecord extends Registration {
  readonly id: string;
  /** What proves that somebody is the owner of the id. */
  readonly key: string;
  /** Grows with each registration of the id: whoever comes with an older one is no longer the owner. */
  readonly epoch: number;
  /** The signaling node that has the connection of the peer, and its lease. */
  readonly node: string;
  /** Its connection is up, so that calls can be passed on to it. */
  readonly connected: boolean;
}
