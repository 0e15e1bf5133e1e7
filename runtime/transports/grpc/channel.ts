import type { Channel } from "../../interface/transport.ts";
import type { MeshError } from "../../interface/errors.ts";
import { Inbox } from "../channel/inbox.ts";
import { channelClosed, checkMessage } from "../channel/limits.ts";
import type { Lane } from "./lanes.ts";
import { grpcLimits } from "./limits.ts";

/** A channel within the stream of a call. */
export class GrpcChannel implements Channel {
  readonly id: number;
  readonly label: string;
  readonly maxMessageBytes = grpcLimits.messageBytes;
  readonly inbox: Inbox;
  readonly lane: Lane;

  constructor(id: number, label: string, lane: Lane, fail: (error: MeshError) => void) {
    this.id = id;
    this.label = label;
    this.lane = lane;
    this.inbox = new Inbox(fail);
  }

  get writable(): boolean {
    return this.lane.writable;
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.lane.ready(signal);
  }

  send(message: Uint8Array, room = 0): void {
    checkMessage(message, this.maxMessageBytes);
    this.lane.send(message, room);
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.inbox.listen(listener);
  }

  end(error: MeshError | undefined): void {
    this.lane.close(channelClosed(this.label, error));
  }
}
