import type { EngineDescription } from "./engine.ts";

/** Only offers and answers come up, as long as nothing else is set. */
interface NativeDescription {
  readonly type: string;
  readonly sdp: string;
}

type DescriptionType = EngineDescription["type"];

/**
 * The part of the package `node-datachannel` that is used. Written down here because the package is optional: our
 * declarations must read without it.
 */
export interface NodeDatachannel {
  /** For all connections that the process makes from then on; sizes in bytes. */
  setSctpSettings(settings: {
    readonly sendBufferSize: number;
    readonly recvBufferSize: number;
    readonly maxBurst: number;
  }): void;
  readonly PeerConnection: new (name: string, config: NativeConfig) => NativePeer;
}

export interface NativeConfig {
  readonly iceServers: string[];
  /** Bytes. */
  readonly maxMessageSize: number;
  readonly disableAutoNegotiation: boolean;
  readonly bindAddress?: string;
}

/** One end of a path: `type` such as `host`, `transportType` such as `udp`, in the library's own spelling. */
export interface NativePathEnd {
  readonly address: string;
  readonly port: number;
  readonly type: string;
  readonly transportType: string;
}

/** Calls back on the event loop, one listener of each kind. After `close` every method throws. */
export interface NativePeer {
  close(): void;
  state(): string;
  bytesReceived(): number;
  gatheringState(): string;
  localDescription(): NativeDescription | null;
  setLocalDescription(type: DescriptionType): void;
  setRemoteDescription(sdp: string, type: DescriptionType): void;
  getSelectedCandidatePair(): { readonly local: NativePathEnd; readonly remote: NativePathEnd } | null;
  addRemoteCandidate(candidate: string, mid: string): void;
  createDataChannel(label: string, config: { readonly negotiated: boolean; readonly id: number }): NativeChannel;
  onStateChange(listener: (state: string) => void): void;
  onGatheringStateChange(listener: (state: string) => void): void;
  onLocalCandidate(listener: (candidate: string, mid: string) => void): void;
  onDataChannel(listener: (channel: NativeChannel) => void): void;
}

export interface NativeChannel {
  close(): void;
  isOpen(): boolean;
  sendMessage(text: string): boolean;
  /** Copies what it is given. */
  sendMessageBinary(bytes: Uint8Array): boolean;
  bufferedAmount(): number;
  setBufferedAmountLowThreshold(bytes: number): void;
  onOpen(listener: () => void): void;
  onClosed(listener: () => void): void;
  onError(listener: (message: string) => void): void;
  onBufferedAmountLow(listener: () => void): void;
  onMessage(listener: (message: string | Uint8Array | ArrayBuffer) => void): void;
}
