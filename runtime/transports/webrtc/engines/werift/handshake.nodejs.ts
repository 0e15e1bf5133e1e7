/**
 * The part of werift's DTLS socket that a handshake goes through. It publishes none of this, so what is used is looked for
 * first.
 */
interface HandshakingSocket {
  readonly connected: boolean;
  readonly dtls: { readonly flight: number };
  readonly cipher: { readonly masterSecret: Buffer | undefined };
  readonly options: { readonly certificateRequest?: boolean };
  readonly onConnect: { subscribe(listener: () => void): unknown };
  readonly transport: {
    send(data: Buffer, address?: unknown): Promise<void>;
    readonly socket: { onData?: (data: Buffer) => void };
  };
  /** Of a client. */
  connect?: unknown;
  udpOnMessage(data: Buffer): void;
}

/** RFC 6347 section 4.1: type (1), version (2), epoch (2), number (6), length (2). */
const recordHeaderBytes = 13;
/** Section 4.2.2: type (1), length (3), number (2), offset (3) and length (3) of the fragment. */
const messageHeaderBytes = 12;
const recordTypes = { handshake: 22, applicationData: 23 } as const;
const messageTypes = { certificateVerify: 15, clientKeyExchange: 16 } as const;

/** How long an answer is waited for before a flight is sent again, in milliseconds; twice as long each time. */
const firstWaitMs = 150;
const mostTries = 6;
/** Who asks for the same again and again gets it once in so many milliseconds. */
const quietMs = 50;
/** How often it is looked whether what is held can be read by now. */
const lookMs = 10;
/** What may be held, in records; a whole flight has fewer. */
const mostHeld = 64;

/** Says of a record of the handshake which messages it holds; undefined for one that cannot be read. */
interface Messages {
  readonly first: number;
  readonly last: number;
  readonly parts: readonly Part[];
}

/** A message, or a part of one; lengths and offset in bytes. */
interface Part {
  readonly type: number;
  readonly seq: number;
  readonly length: number;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Lets a handshake bear loss and a changed order (RFC 6347 sections 4.2.2 and 4.2.4). Werift takes messages as they come, so that a
 * connection fails where two packets change places; and it first sends again after half a second, or, what it sends last, never.
 * @returns false when the socket has another shape, and is left alone
 */
export function bearLoss(value: unknown): boolean {
  const socket = value as HandshakingSocket;
  const usable =
    typeof socket?.udpOnMessage === "function" &&
    typeof socket.transport?.send === "function" &&
    typeof socket.transport.socket === "object" &&
    typeof socket.onConnect?.subscribe === "function";
  if (usable) new Handshake(socket).begin();
  return usable;
}

class Handshake {
  readonly #socket: HandshakingSocket;
  readonly #isClient: boolean;
  readonly #take: (data: Buffer) => void;
  readonly #send: (data: Buffer, address?: unknown) => Promise<void>;
  /** Number of the message that is wanted next, and what has come of it: bytes by their offset. */
  #next = 0;
  readonly #come = new Map<number, number>();
  /** Records whose turn has not come, by the number of their first message. */
  readonly #early = new Map<number, Buffer[]>();
  /** Encrypted ones that cannot be read yet. */
  #sealed: Buffer[] = [];
  /** The last message that a server needs before the encrypted ones has come. */
  #isProven = false;
  /** What was sent last, until something new is heard. */
  #flight: Buffer[] = [];
  #heard = true;
  #tries = 0;
  #timer: NodeJS.Timeout | undefined;
  /** It will be looked whether what is sealed can be read. */
  #looks = false;
  #answeredMs = Number.NEGATIVE_INFINITY;

  constructor(socket: HandshakingSocket) {
    this.#socket = socket;
    this.#isClient = socket.connect !== undefined;
    this.#take = socket.udpOnMessage.bind(socket);
    this.#send = socket.transport.send.bind(socket.transport);
  }

  begin(): void {
    const { transport } = this.#socket;
    const receive = (data: Buffer): void => this.#receive(data);
    this.#socket.udpOnMessage = receive;
    transport.socket.onData = receive;
    transport.send = (data, address) => {
      this.#onSend(data);
      return this.#send(data, address);
    };
    this.#socket.onConnect.subscribe(() => setImmediate(() => this.#unseal()));
  }

  #receive(data: Buffer): void {
    // Nearly everything that ever comes.
    if (this.#socket.connected && data[0] === recordTypes.applicationData) {
      this.#take(data);
      return;
    }
    for (const record of recordsOf(data)) this.#receiveRecord(record);
  }

  #receiveRecord(record: Buffer): void {
    const isSealed = record.readUInt16BE(3) > 0;
    const isHandshake = record[0] === recordTypes.handshake;
    if (isHandshake && this.#socket.connected) {
      // The other side has not heard the end of it.
      this.#answerAgain();
    } else if (isHandshake && !isSealed) {
      this.#order(record);
    } else if (isSealed && !this.#canRead(record)) {
      if (this.#sealed.length < mostHeld) this.#sealed.push(record);
      if (!this.#looks) {
        this.#looks = true;
        this.#later(lookMs, () => {
          this.#looks = false;
          this.#unseal();
        });
      }
    } else {
      if (isHandshake) this.#progress();
      this.#take(record);
    }
  }

  #order(record: Buffer): void {
    const messages = messagesOf(record);
    if (messages === undefined) return;
    if (messages.last < this.#next) {
      this.#answerAgain();
      return;
    }
    if (messages.first > this.#next) {
      const known = this.#early.get(messages.first);
      if (known !== undefined) known.push(record);
      else if (this.#early.size < mostHeld) this.#early.set(messages.first, [record]);
      return;
    }
    this.#pass(record, messages);
    for (let held = this.#early.get(this.#next); held !== undefined; held = this.#early.get(this.#next)) {
      this.#early.delete(this.#next);
      for (const one of held) this.#order(one);
    }
    if (this.#sealed.length > 0) this.#unseal();
  }

  #pass(record: Buffer, { parts }: Messages): void {
    const { certificateRequest } = this.#socket.options;
    for (const { type, seq, length, offset, bytes } of parts) {
      if (seq !== this.#next) continue;
      this.#come.set(offset, bytes);
      const all = [...this.#come.values()].reduce((sum, one) => sum + one, 0);
      if (all < length) continue;
      this.#come.clear();
      this.#next += 1;
      const { certificateVerify, clientKeyExchange } = messageTypes;
      if (type === (certificateRequest === true ? certificateVerify : clientKeyExchange)) this.#isProven = true;
    }
    this.#progress();
    this.#take(record);
  }

  /** What the other side encrypts comes after all that both have to know for it. */
  #canRead(record: Buffer): boolean {
    const { connected, cipher, dtls } = this.#socket;
    if (connected) return true;
    if (record[0] !== recordTypes.handshake || cipher.masterSecret === undefined) return false;
    return this.#isClient ? dtls.flight >= 5 : this.#isProven;
  }

  #unseal(): void {
    const sealed = this.#sealed;
    this.#sealed = [];
    for (const record of sealed) this.#receiveRecord(record);
  }

  #onSend(data: Buffer): void {
    if (this.#socket.connected) return;
    if (this.#heard) {
      this.#flight = [];
      this.#heard = false;
      this.#tries = 0;
    }
    if (this.#flight.includes(data)) return;
    this.#flight.push(data);
    this.#wait();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#later(firstWaitMs * 2 ** this.#tries, () => {
      if (this.#socket.connected || this.#tries >= mostTries) return;
      this.#tries += 1;
      this.#sendAgain();
      this.#wait();
    });
  }

  #progress(): void {
    this.#heard = true;
    clearTimeout(this.#timer);
  }

  #answerAgain(): void {
    const nowMs = performance.now();
    if (nowMs - this.#answeredMs < quietMs) return;
    this.#answeredMs = nowMs;
    this.#sendAgain();
  }

  #sendAgain(): void {
    // The way may be gone; then nothing that is sent matters.
    for (const data of this.#flight) this.#send(data).catch(() => undefined);
  }

  /** A handshake that nobody waits for does not keep the process. */
  #later(ms: number, work: () => void): NodeJS.Timeout {
    return setTimeout(work, ms).unref();
  }
}

/** The records of a packet; what is cut off at its end is left out. */
function recordsOf(data: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at + recordHeaderBytes <= data.length;) {
    const end = at + recordHeaderBytes + data.readUInt16BE(at + 11);
    if (end > data.length) break;
    records.push(data.subarray(at, end));
    at = end;
  }
  return records;
}

function messagesOf(record: Buffer): Messages | undefined {
  const parts: Part[] = [];
  for (let at = recordHeaderBytes; at + messageHeaderBytes <= record.length;) {
    const bytes = record.readUIntBE(at + 9, 3);
    parts.push({
      type: record[at] ?? 0,
      length: record.readUIntBE(at + 1, 3),
      seq: record.readUInt16BE(at + 4),
      offset: record.readUIntBE(at + 6, 3),
      bytes,
    });
    at += messageHeaderBytes + bytes;
  }
  const [first] = parts;
  const last = parts.at(-1);
  return first === undefined || last === undefined ? undefined : { first: first.seq, last: last.seq, parts };
}
