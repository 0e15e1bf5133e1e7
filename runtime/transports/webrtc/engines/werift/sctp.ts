import type { Mark } from "../../delay-window.ts";

/** The part of werift's SCTP (RFC 9260) that the corrections go by. It publishes none of this, so what is used is looked for first. */
export interface Sctp {
  /** `new`, `connecting`, `connected` or `closed`. */
  readonly state: string;
  readonly isStopped: boolean;
  readonly localPort: number;
  readonly remotePort: number | undefined;
  readonly localVerificationTag: number;
  readonly remoteVerificationTag: number;
  /** Types of chunks that the other side has said it knows (RFC 5061 section 4.2.7). */
  readonly remoteExtensions: readonly number[];
  readonly transport: { send(packet: Buffer): Promise<void> };
  readonly stateChanged: Readonly<Record<"connected" | "closed", { once(listener: () => void): void }>>;
  readonly flush: { execute(): void };
  localTsn: number;
  lastSackedTsn: number;
  advancedPeerAckTsn: number;
  reconfigRequestSeq: number;
  /** Seconds. */
  rto: number;
  srtt?: number;
  rttvar?: number;
  updateRto(seconds: number): void;
  setExtensions(params: [number, Buffer][]): void;

  // What is received.
  advertisedRwnd: number;
  lastReceivedTsn: number;
  sackMisOrdered: Set<number>;
  sackDuplicates: number[];
  sackNeeded: boolean;
  inboundStreams: Record<number, InboundStream>;
  handleData(data: Buffer): Promise<void>;
  receiveChunk(chunk: { readonly type: number }): Promise<void>;
  receiveDataChunk(chunk: DataChunk): void;
  receiveSackChunk(chunk: SackChunk): Promise<void>;
  receiveForwardTsnChunk(chunk: ForwardTsnChunk): void;
  getInboundStream(streamId: number): InboundStream;
  markReceived(tsn: number): boolean;
  scheduleSack(): Promise<void>;
  sendSack(): Promise<void>;
  receive(streamId: number, protocol: number, data: Buffer): void;

  // What is sent.
  cwnd: number;
  ssthresh: number | undefined;
  flightSize: number;
  partialBytesAcked: number;
  peerAdvertisedRwnd: number;
  fastRecoveryExit: number | undefined;
  outboundQueue: OutgoingChunk[];
  sentQueue: OutgoingChunk[];
  outboundStreamSeq: Record<number, number>;
  readonly timer3Handle: unknown;
  timer3Start(): void;
  timer3Restart(): void;
  timer3Cancel(): void;
  timer3Expired(): void;
  onSackReceived(): Promise<void>;
  transmit(): Promise<void>;
  transmitOnce(): Promise<void>;
  send(streamId: number, protocol: number, data: Buffer, options?: { readonly ordered?: boolean }): Promise<void>;
  sendChunk(chunk: { readonly type: number } | undefined): Promise<void>;
  stop(): Promise<void>;
}

/** RFC 9260 section 3.2, RFC 3758 section 3.2, RFC 4820 section 3. */
export const chunkTypes = { data: 0, sack: 3, heartbeat: 4, heartbeatAck: 5, forwardTsn: 192, pad: 132 } as const;

/** Flags of DATA, RFC 9260 section 3.3.1; the last is that of RFC 7053. */
export const dataFlags = { last: 0x01, first: 0x02, unordered: 0x04, immediate: 0x08 } as const;

/** Section 3.3.1. */
export interface DataChunk {
  readonly type: number;
  readonly flags: number;
  readonly tsn: number;
  readonly streamId: number;
  readonly streamSeqNum: number;
  readonly protocol: number;
  readonly userData: Buffer;
}

/** Section 3.3.4. */
export interface SackChunk {
  readonly type: number;
  readonly cumulativeTsn: number;
  readonly advertisedRwnd: number;
  /** First and last of each block, as offsets from the cumulative TSN. */
  readonly gaps: readonly (readonly number[])[];
  /** TSNs that have come once more than they were needed. */
  readonly duplicates: readonly number[];
}

/** RFC 3758 section 3.2. */
export interface ForwardTsnChunk {
  readonly type: number;
  readonly cumulativeTsn: number;
  /** Stream, and the last number of its messages that will not come. */
  readonly streams: readonly (readonly number[])[];
}

/** What the layer above has sent in one go. */
export interface OutgoingMessage {
  readonly streamId: number;
  readonly streamSeqNum: number;
  readonly protocol: number;
  readonly isOrdered: boolean;
  readonly bytes: Buffer;
  /** Called when the last of it has been sent for the first time. */
  onSent: (() => void) | undefined;
}

/** A chunk as it was sent last. */
export interface SentChunk {
  readonly tsn: number;
  /** Grows with each packet. */
  readonly order: number;
  readonly sentMs: number;
  readonly sentCount: number;
}

/** A chunk from when it gets its number until the other side has it. */
export interface OutgoingChunk extends DataChunk, SentChunk {
  flags: number;
  readonly message: OutgoingMessage;
  /** What counts for the windows: bytes of user data. */
  readonly bookSize: number;
  /** The other side has it, and others before it are missing. */
  acked: boolean;
  /** Its message goes again in other chunks. */
  abandoned: boolean;
  retransmit: boolean;
  sentCount: number;
  order: number;
  sentMs: number;
  /** What had arrived when it was sent last. */
  mark: Mark | undefined;
}

/** A stream that comes in; holds what cannot be given to the layer above yet. */
export interface InboundStream {
  streamSequenceNumber: number;
  addChunk(chunk: DataChunk): void | boolean;
  /** Stream, protocol and bytes of each message whose turn it is. */
  popMessages(): Iterable<[number, number, Buffer]>;
}

/** True when `a` comes after `b` in serial number arithmetic (RFC 1982 with 32 bits). */
export function isAfter(a: number, b: number): boolean {
  const distance = (a - b) >>> 0;
  return distance !== 0 && distance < 0x8000_0000;
}
