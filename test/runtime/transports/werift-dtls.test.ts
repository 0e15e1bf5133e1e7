import { CipherContext, RTCCertificate, RTCPeerConnection } from "werift";
import { afterEach, describe, expect, test } from "vitest";
import type { EnginePeer, WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";
import { tuneWerift } from "../../../runtime/transports/webrtc/engines/werift/corrections.nodejs.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";

/** The unpublished parts of werift that the tests reach into. */
interface Dtls {
  readonly dtls: { flight: number };
  readonly cipher: { verifyData: (messages: Buffer) => Buffer };
  readonly onHandleHandshakes: (messages: readonly { msg_type: number }[]) => Promise<void>;
}
interface IceConnection {
  readonly onData: { execute(data: Buffer): void };
  send: (data: Buffer) => Promise<void>;
}
interface DtlsTransport {
  role: string;
  readonly dtls?: Dtls;
  readonly iceTransport: { readonly connection: IceConnection };
  setRemoteParams(params: object): void;
  start(): Promise<void>;
}
const dtlsOf = (peer: EnginePeer): DtlsTransport =>
  (peer as unknown as { dtlsTransports: DtlsTransport[] }).dtlsTransports[0] as DtlsTransport;

const signal = new AbortController().signal;
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** Dials from one engine to the other; gives how the dial ended and how many were accepted. */
async function dial(caller: WebrtcEngine, callee: WebrtcEngine): Promise<{ dialled: string; accepted: number }> {
  let accepted = 0;
  const listener = await weriftTransport({ engine: callee }).listen("webrtc://127.0.0.1:0", (connection) => {
    accepted++;
    cleanUps.push(() => connection.close());
  });
  cleanUps.push(() => listener.close());
  const dialled = await weriftTransport({ engine: caller })
    .dial(`${listener.address}/Any`, { signal })
    .then(
      (connection) => {
        cleanUps.push(() => connection.close());
        return "connected";
      },
      (error: { code: string }) => error.code,
    );
  if (dialled === "connected") await expect.poll(() => accepted).toBe(1);
  return { dialled, accepted };
}

/** Werift as it is published, with a certificate that somebody else has the key of. */
async function impostor(): Promise<WebrtcEngine> {
  const make = () => CipherContext.createSelfSignedCertificateWithKey({ signature: 3, hash: 4 }, 23);
  const [own, stolen] = await Promise.all([make(), make()]);
  const certificate = new RTCCertificate(own.keyPem, stolen.certPem, own.signatureHash);
  return {
    ...weriftEngine({ tuning: false }),
    createPeerConnection: () =>
      new RTCPeerConnection({ iceServers: [], certificates: [certificate] }) as unknown as EnginePeer,
  };
}

/** Werift that ends its handshakes with something else than what was said. */
function liar(): WebrtcEngine {
  const engine = weriftEngine({ tuning: false });
  return {
    ...engine,
    tune(peer) {
      const transport = dtlsOf(peer);
      const { start } = transport;
      transport.start = () => {
        const started = start.call(transport);
        if (transport.dtls !== undefined) transport.dtls.cipher.verifyData = () => Buffer.alloc(12, 1);
        return started;
      };
    },
  };
}

describe("who is at the other end of werift's DTLS (R14.1)", () => {
  const refused = { dialled: "peer-unreachable", accepted: 0 };

  test("is known: a certificate without its key is refused, from a server and from a client", async () => {
    const thief = await impostor();
    expect(await dial(thief, weriftEngine())).toEqual(refused);
    expect(await dial(weriftEngine(), thief)).toEqual(refused);
  });

  test("is not known to werift by itself, which lets anybody in with the certificate of another", async () => {
    const thief = await impostor();
    const asPublished = weriftEngine({ tuning: false });
    expect((await dial(thief, asPublished)).dialled).toBe("connected");
    expect((await dial(asPublished, thief)).dialled).toBe("connected");
  });

  test("has to have heard the same handshake, as a server and as a client", async () => {
    expect((await dial(weriftEngine(), liar())).dialled).not.toBe("connected");
    expect(await dial(liar(), weriftEngine())).toMatchObject({ accepted: 0 });
    expect((await dial(liar(), weriftEngine({ tuning: false }))).dialled).toBe("connected");
  });

  test("is checked for certificates with RSA keys as well", async () => {
    const make = () => CipherContext.createSelfSignedCertificateWithKey({ signature: 1, hash: 4 });
    const { keyPem, certPem, signatureHash } = await make();
    const rsa = new RTCCertificate(keyPem, certPem, signatureHash);
    const engine: WebrtcEngine = {
      ...weriftEngine(),
      createPeerConnection: () =>
        new RTCPeerConnection({ iceServers: [], certificates: [rsa] }) as unknown as EnginePeer,
    };
    expect((await dial(engine, weriftEngine())).dialled).toBe("connected");
    expect((await dial(weriftEngine(), engine)).dialled).toBe("connected");
  });
});

describe("the records of werift's DTLS", () => {
  /** Notes the numbers of what it sends encrypted. */
  function noting(engine: WebrtcEngine, numbers: number[]): WebrtcEngine {
    const seen = new Set<EnginePeer>();
    return {
      ...engine,
      tune(peer, sluice) {
        engine.tune(peer, sluice);
        if (seen.has(peer)) return;
        seen.add(peer);
        const { connection } = dtlsOf(peer).iceTransport;
        const { send } = connection;
        connection.send = (data) => {
          const isDtls = data[0] !== undefined && data[0] >= 20 && data[0] <= 63;
          if (isDtls && data.readUInt16BE(3) === 1) numbers.push(data.readUIntBE(5, 6));
          return send.call(connection, data);
        };
      },
    };
  }

  /** Calls, and says a word from each end a number of times; gives the numbers of the records of both. */
  async function talk(init: { tuning?: false }): Promise<number[][]> {
    const words = 10;
    const [ofCaller, ofCallee]: [number[], number[]] = [[], []];
    const engine = (numbers: number[]): WebrtcEngine => noting(weriftEngine(init), numbers);
    const callee = weriftTransport({ engine: engine(ofCallee) });
    const listener = await callee.listen("webrtc://127.0.0.1:0", ({ control }) => {
      control.onMessage((message) => control.send(message));
    });
    cleanUps.push(() => listener.close());
    const caller = weriftTransport({ engine: engine(ofCaller) });
    const connection = await caller.dial(`${listener.address}/Any`, { signal });
    cleanUps.push(() => connection.close());
    await new Promise<void>((resolve) => {
      let heard = 0;
      connection.control.onMessage(() => {
        heard += 1;
        if (heard === words) resolve();
        else connection.control.send(Uint8Array.of(heard));
      });
      connection.control.send(Uint8Array.of(heard));
    });
    return [ofCaller, ofCallee];
  }

  test("have a number each, from 0 on, so that none is taken for another and no nonce is used twice (R14.1)", async () => {
    for (const numbers of await talk({})) expect(numbers).toEqual(numbers.map((_, index) => index));
  });

  test("do not with werift by itself: one number comes twice", async () => {
    for (const numbers of await talk({ tuning: false })) expect(new Set(numbers).size).toBe(numbers.length - 1);
  });
});

describe("a DTLS handshake of werift", () => {
  function transportOf(role: "client" | "server", tuned: boolean): { transport: DtlsTransport; dtls: () => Dtls } {
    const engine = weriftEngine();
    const peer = engine.createPeerConnection();
    peer.createDataChannel("control", { negotiated: true, id: 0 });
    cleanUps.push(() => engine.close(peer));
    if (tuned) tuneWerift(peer);
    const transport = dtlsOf(peer);
    transport.role = role;
    transport.setRemoteParams({ fingerprints: [{ algorithm: "sha-256", value: "00" }], role: "auto" });
    return { transport, dtls: () => transport.dtls as Dtls };
  }

  test.for([
    [true, 1],
    [false, 0],
  ] as const)("begins at once, when it is corrected (%s)", ([tuned, flight]) => {
    const { transport, dtls } = transportOf("client", tuned);
    transport.start().catch(() => undefined);
    expect(dtls().dtls.flight).toBe(flight);
  });

  test("goes on when the server asks for its hello twice", async () => {
    const { transport, dtls } = transportOf("client", true);
    transport.start().catch(() => undefined);
    dtls().dtls.flight = 3;
    await expect(dtls().onHandleHandshakes([{ msg_type: 3 }])).resolves.toBeUndefined();
  });

  test("hears a hello that came before it began, once", () => {
    const client = transportOf("client", true);
    const [hello] = sentBy(client.transport);
    const { transport, dtls } = transportOf("server", true);
    // It was said again, as nobody had answered; and there is something that is no DTLS.
    for (const packet of [hello, hello, Buffer.from([128, 1])]) {
      transport.iceTransport.connection.onData.execute(packet as Buffer);
    }
    expect(sentBy(transport)).toHaveLength(1);
    expect(dtls().dtls.flight).toBe(2);
  });

  /** Starts it; gives what it sends before it waits for anything. */
  function sentBy(transport: DtlsTransport): readonly Buffer[] {
    const sent: Buffer[] = [];
    transport.iceTransport.connection.send = async (data) => void sent.push(data);
    transport.start().catch(() => undefined);
    return sent;
  }
});
