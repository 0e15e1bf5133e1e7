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
  readonly maxMessageBytes: number;
  /** grpc-js puts each message behind a head of its own, in other memory. */
  readonly copies = true;
  readonly inbox: Inbox;
  readonly lane: Lane;

  /** @param maxMessageBytes that the other side takes */
  constructor(lane: Lane, label: string, maxMessageBytes: number, fail: (error: MeshError) => void) {
    this.id = lane.channel;
    this.label = label;
    this.lane = lane;
    this.maxMessageBytes = lane.isControl ? grpcLimits.messageBytes : maxMessageBytes;
    this.inbox = new Inbox(fail);
  }

  get messageBytes(): number {
    return this.lane.messageBytes(this.maxMessageBytes);
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
