import { createHash, createHmac, timingSafeEqual, verify, X509Certificate, type KeyObject } from "node:crypto";
import { bearLoss } from "./handshake.nodejs.ts";

/**
 * The part of werift's DTLS 1.2 (RFC 6347) that the corrections go by. It publishes none of this, so what is used is looked
 * for first.
 */
interface DtlsTransport {
  readonly state: string;
  readonly dtls: DtlsSocket | undefined;
  readonly iceTransport: { readonly connection: { readonly onData: DataEvent } };
  start(): Promise<void>;
}

interface DataEvent {
  subscribe(listener: (data: Buffer) => void): { readonly unSubscribe: () => void };
}

interface DtlsSocket {
  readonly dtls: DtlsContext;
  readonly cipher: Cipher;
  /** Of a client: starts the handshake. */
  connect?(): Promise<void>;
  onHandleHandshakes(messages: readonly Handshake[]): Promise<void>;
  udpOnMessage(data: Buffer): void;
  /** What the client sends after the server's hello; made when that comes. */
  flight5?: Flight | undefined;
  /** What the server sends last; made anew for each message of the client. */
  flight6?: Flight | undefined;
}

interface DtlsContext {
  readonly flight: number;
  readonly sortedHandshakeCache: readonly Handshake[];
  epoch: number;
  /** Of the last record that was sent. */
  recordSequenceNumber: number;
}

interface Flight {
  exec(): Promise<void>;
}

/** A handshake message, RFC 6347 section 4.2.2. */
interface Handshake {
  readonly msg_type: number;
  readonly message_seq: number;
  readonly fragment: Buffer;
  serialize(): Buffer;
}

interface Cipher {
  readonly masterSecret: Buffer | undefined;
  readonly localRandom: { serialize(): Buffer };
  readonly remoteRandom: { serialize(): Buffer };
  /** DER. */
  readonly remoteCertificate: Buffer | undefined;
}

/** RFC 5246 section 7.4. */
const messageTypes = { helloVerifyRequest: 3, serverKeyExchange: 12, certificateVerify: 15, finished: 20 } as const;

/** Packets of one ClientHello that may wait for this side to begin. */
const earlyPackets = 4;

/**
 * Corrects the DTLS of a connection that has not begun yet: a client begins at once, a server hears what came before it
 * was there, both refuse a peer that cannot prove that its certificate is its own, and no two records have the same number.
 * @returns false when it has another shape, and is left alone
 */
export function correctDtls(value: unknown): boolean {
  const transport = value as DtlsTransport;
  if (typeof transport?.start !== "function" || transport.state !== "new") return false;
  const { onData } = transport.iceTransport?.connection ?? {};
  if (typeof onData?.subscribe !== "function") return false;
  const early: Buffer[] = [];
  const { unSubscribe } = onData.subscribe((data) => {
    if (!isDtls(data)) return;
    // The same again: to answer it twice would confuse the other side.
    if (beginsMessage(data)) early.length = 0;
    if (early.length < earlyPackets) early.push(data);
  });
  const start = transport.start.bind(transport);
  transport.start = () => {
    unSubscribe();
    // Makes the socket before its first wait.
    const started = start();
    const { dtls } = transport;
    if (dtls !== undefined) {
      checkPeer(dtls);
      bearLoss(dtls);
      numberOnce(dtls.dtls);
      beginAtOnce(dtls);
      for (const data of early) dtls.udpOnMessage(data);
    }
    return started;
  };
  return true;
}

/** By the first byte, RFC 7983. */
function isDtls(data: Buffer): boolean {
  const first = data[0] ?? 0;
  return first >= 20 && first <= 63;
}

/** By the offset of its fragment, which stands behind 13 bytes of the record, a type, a length and a number (RFC 6347). */
function beginsMessage(data: Buffer): boolean {
  return data.length >= 25 && data.readUIntBE(19, 3) === 0;
}

/** Werift lets a client wait 100 ms, in the hope that the server is there by then. */
function beginAtOnce(dtls: DtlsSocket): void {
  if (typeof dtls.connect !== "function") return;
  const connecting = dtls.connect();
  // Werift looks at how it ends when it would have called it itself.
  connecting.catch(() => undefined);
  dtls.connect = () => connecting;
}

/**
 * Numbers begin anew with an epoch (RFC 6347 section 4.1). Werift begins anew one record later, so that a number comes twice: the other
 * side drops the second record, and the cipher has used a nonce twice.
 */
function numberOnce(context: DtlsContext): void {
  const first = context.epoch;
  if (typeof first !== "number" || typeof context.recordSequenceNumber !== "number") return;
  Object.defineProperty(context, "epoch", {
    configurable: true,
    enumerable: true,
    get: () => first,
    set: (epoch: number) => {
      Object.defineProperty(context, "epoch", { configurable: true, enumerable: true, writable: true, value: epoch });
      if (epoch !== first) context.recordSequenceNumber = -1;
    },
  });
}

/** Checks what werift leaves out: RFC 5246 sections 7.4.3 (server), 7.4.8 (client) and 7.4.9 (both). */
function checkPeer(dtls: DtlsSocket): void {
  beforeFlight(dtls, "flight5", () => checkServerKeyExchange(dtls));
  beforeFlight(dtls, "flight6", () => {
    checkCertificateVerify(dtls);
    const own = transcript(dtls, ({ msg_type }) => msg_type !== messageTypes.finished);
    checkFinished(dtls, "client finished", own, find(dtls, messageTypes.finished)?.fragment);
  });
  const { helloVerifyRequest } = messageTypes;
  const isClient = typeof dtls.connect === "function";
  const handle = dtls.onHandleHandshakes.bind(dtls);
  dtls.onHandleHandshakes = async (messages) => {
    // A server that is asked twice, because it was slow, asks back twice; to werift that is an error.
    const fresh = messages.filter(({ msg_type }) => msg_type !== helloVerifyRequest || dtls.dtls.flight < 3);
    const finished = messages.find(({ msg_type }) => msg_type === messageTypes.finished);
    // A client takes this message for the end of the handshake, whatever is in it.
    if (isClient && finished !== undefined)
      checkFinished(
        dtls,
        "server finished",
        transcript(dtls, () => true),
        finished.fragment,
      );
    await handle(fresh);
  };
}

/** Runs a check before each flight of a kind goes out; one that throws ends the handshake. */
function beforeFlight(dtls: DtlsSocket, name: "flight5" | "flight6", check: () => void): void {
  let flight = dtls[name];
  Object.defineProperty(dtls, name, {
    configurable: true,
    get: () => flight,
    set: (made: Flight | undefined) => {
      flight = made;
      if (made === undefined) return;
      const exec = made.exec.bind(made);
      made.exec = async () => {
        check();
        await exec();
      };
    },
  });
}

/** The server signs the key that it offers, and the randoms of both sides (RFC 8422 section 5.4). */
function checkServerKeyExchange(dtls: DtlsSocket): void {
  const message = find(dtls, messageTypes.serverKeyExchange)?.fragment;
  // A curve's type (1 byte) and name (2), a point with its length (1), then hash, signature, and a length (2).
  const end = 4 + (message?.[3] ?? 0);
  if (message === undefined || message.length < end + 4) throw refusal("it has not signed its key");
  const { localRandom, remoteRandom } = dtls.cipher;
  const signed = Buffer.concat([localRandom.serialize(), remoteRandom.serialize(), message.subarray(0, end)]);
  checkSignature(dtls.cipher, signed, message.subarray(end));
}

/** The client signs all that was said before. */
function checkCertificateVerify(dtls: DtlsSocket): void {
  const message = find(dtls, messageTypes.certificateVerify);
  if (message === undefined) throw refusal("it has signed nothing");
  const { finished, certificateVerify } = messageTypes;
  const signed = transcript(dtls, ({ msg_type }) => msg_type !== finished && msg_type !== certificateVerify);
  checkSignature(dtls.cipher, signed, message.fragment);
}

/** @param field hash and signature algorithm (1 byte each), a length (2) and the signature, RFC 5246 section 4.7 */
function checkSignature(cipher: Cipher, signed: Buffer, field: Buffer): void {
  if (cipher.remoteCertificate === undefined) throw refusal("it has no certificate");
  const { publicKey } = new X509Certificate(cipher.remoteCertificate);
  const [hash, signature] = field;
  // What werift offers: SHA-256 with RSA or ECDSA.
  const type = hash === 4 && signature === 3 ? "ec" : hash === 4 && signature === 1 ? "rsa" : undefined;
  if (type === undefined || publicKey.asymmetricKeyType !== type) throw refusal("its signature is of another kind");
  if (!isSigned(signed, publicKey, field)) throw refusal("its signature is not that of its certificate");
}

function isSigned(signed: Buffer, publicKey: KeyObject, field: Buffer): boolean {
  const length = field.readUInt16BE(2);
  return field.length === 4 + length && verify("sha256", signed, publicKey, field.subarray(4));
}

function checkFinished(dtls: DtlsSocket, label: string, messages: Buffer, given: Buffer | undefined): void {
  const { masterSecret } = dtls.cipher;
  if (masterSecret === undefined) throw refusal("it ends a handshake that has not begun");
  const expected = verifyData(masterSecret, label, messages);
  if (given?.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw refusal("what it has heard of the handshake is not what was said");
  }
}

/** `verify_data` of a Finished message: 12 bytes of P_SHA256, RFC 5246 sections 5 and 7.4.9. */
function verifyData(secret: Buffer, label: string, messages: Buffer): Buffer {
  const seed = Buffer.concat([Buffer.from(label), createHash("sha256").update(messages).digest()]);
  const first = createHmac("sha256", secret).update(seed).digest();
  return createHmac("sha256", secret).update(first).update(seed).digest().subarray(0, 12);
}

function find(dtls: DtlsSocket, type: number): Handshake | undefined {
  return dtls.dtls.sortedHandshakeCache.find(({ msg_type }) => msg_type === type);
}

/** The messages of both sides so far, as they are signed. */
function transcript(dtls: DtlsSocket, wanted: (message: Handshake) => boolean): Buffer {
  return Buffer.concat(dtls.dtls.sortedHandshakeCache.filter(wanted).map((message) => message.serialize()));
}

function refusal(why: string): Error {
  return new Error(`The other side of the DTLS handshake is not who it says it is: ${why}.`);
}
