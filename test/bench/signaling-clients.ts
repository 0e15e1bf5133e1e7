/** What the peers of `bench -- signaling` say: to our service, and to PeerJS's server. */
import { WebSocket } from "ws";
import type { FlowType } from "../../runtime/interface/caps.ts";
import type { ServiceParams } from "../../runtime/signaling/methods.ts";
import type { ServerName } from "./signaling-server.ts";

export interface Client {
  readonly socket: WebSocket;
  readonly id: string;
  /** Says a request and waits for its result. */
  request(method: string, params: object): Promise<object>;
}

export interface Question {
  readonly what: string;
  readonly ask: (client: Client, index: number) => Promise<void>;
}

export interface Clients {
  /** Connects a peer, and registers it. */
  readonly open: (index: number, onRelay: (sentMs: number) => void) => Promise<Client>;
  /** Connects somebody who only asks. */
  readonly ask: () => Promise<Client>;
  readonly questions: readonly Question[];
  /** Opens a way to one of the peers, by which messages as large as an offer are passed on. */
  readonly call: (peers: readonly Client[], to: number) => Promise<(sentMs: number) => void>;
}

/** About as long as that of a peer with audio, video and a data channel. */
const sdp = "a=candidate:1 1 udp 2122260223 192.0.2.1 54400 typ host generation 0\r\n".repeat(29);
const names = 100;

export const clients: Readonly<Record<ServerName, (port: number) => Clients>> = {
  ours: (port) => ({
    async open(index, onRelay) {
      const client = await conversation(port, (params) => onRelay(sentMsOf(JSON.stringify(params.message))));
      await client.request("register", registration(index));
      return { ...client, id: `peer-${index}` };
    },
    ask: () => conversation(port, () => undefined),
    questions: [
      {
        what: "by name, 100 of 10,000 fit",
        ask: (client, index) => found(client, { pipeline: `Pipeline${index % names}` }, 50),
      },
      {
        what: "by name and capability, 25 fit",
        ask: (client, index) => found(client, { pipeline: `Pipeline${index % names}`, where: [memory(48)] }, 10),
      },
      { what: "by capability, a page of 2,500", ask: (client) => found(client, { where: [memory(48)] }, 40) },
      { what: "all, a page of 10,000", ask: (client) => found(client, {}, 40) },
      { what: "by id", ask: (client, index) => found(client, { peer: `peer-${(index * 37) % 1_000}` }, 1) },
      {
        what: "connect, in turn",
        ask: async (client, index) => void (await client.request("connect", { pipeline: `Pipeline${index % names}` })),
      },
      {
        what: "connect, the least loaded",
        ask: async (client, index) =>
          void (await client.request("connect", { pipeline: `Pipeline${index % names}`, prefer: "least_loaded" })),
      },
    ],
    async call(_, to) {
      const socket = await opened(`ws://127.0.0.1:${port}`, "mesh.v1+json");
      socket.send(rpc(1, "hello", { versions: [1], pipeline: `Pipeline${to % names}`, peer: `peer-${to}` }));
      return (sentMs) => socket.send(rpc(2, "offer", { sdp: `${sentMs} ${sdp}` }));
    },
  }),
  "PeerJS server": (port) => ({
    async open(index, onRelay) {
      const socket = socketTo(
        `ws://127.0.0.1:${port}/peerjs?key=peerjs&id=peer-${index}&token=t${index}&version=1.5.4`,
      );
      // It may speak in the same turn in which the socket opens.
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.on("message", (data: Buffer) => {
          const message = JSON.parse(data.toString()) as {
            readonly type: string;
            readonly payload?: { readonly sdp: string };
          };
          if (message.type === "OPEN") resolve();
          else if (message.payload?.sdp !== undefined) onRelay(sentMsOf(message.payload.sdp));
        });
      });
      return { socket, id: `peer-${index}`, request: nothingToAsk };
    },
    ask: nothingToAsk,
    questions: [],
    async call(peers, to) {
      const { socket } = peers[to + 3] as Client;
      return (sentMs) =>
        socket.send(JSON.stringify({ type: "OFFER", dst: `peer-${to}`, payload: { sdp: `${sentMs} ${sdp}` } }));
    },
  }),
};

const nothingToAsk = (): Promise<never> => Promise.reject(new Error("there is nothing to ask"));

function sentMsOf(text: string): number {
  return Number(/\d+\.?\d*(?= a=cand)/.exec(text)?.[0]);
}

const rpc = (id: number, method: string, params: object): string =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params });

function socketTo(url: string, protocol?: string): WebSocket {
  return new WebSocket(url, protocol, { perMessageDeflate: false, skipUTF8Validation: true });
}

function opened(url: string, protocol?: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = socketTo(url, protocol);
    socket.once("error", reject);
    socket.once("open", () => resolve(socket));
  });
}

/** A connection that has said hello to the service. */
async function conversation(port: number, onRelay: (params: ServiceParams<"relay">) => void): Promise<Client> {
  const socket = await opened(`ws://127.0.0.1:${port}`, "mesh.v1+json");
  const waiting = new Map<number, { resolve: (result: object) => void; reject: (error: Error) => void }>();
  let nextId = 1;
  socket.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString()) as {
      readonly id?: number;
      readonly result?: object;
      readonly method?: string;
      readonly params?: unknown;
    };
    if (message.method === "relay") {
      const params = message.params as ServiceParams<"relay">;
      if (params.message?.["method"] === "offer") onRelay(params);
    }
    if (message.id === undefined) return;
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.result !== undefined) asked?.resolve(message.result);
    else asked?.reject(new Error(`refused: ${data.toString()}`));
  });
  const request = (method: string, params: object): Promise<object> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      socket.send(rpc(id, method, params));
    });
  await request("hello", { versions: [1] });
  return { socket, id: "", request };
}

/** @throws {Error} when fewer are found than there are */
async function found(client: Client, query: object, atLeast: number): Promise<void> {
  // No more than may be asked of one connection in a second.
  const result = (await client.request("discover", query)) as { readonly found: readonly object[] };
  if (result.found.length < atLeast) throw new Error(`found ${result.found.length} for ${JSON.stringify(query)}`);
}

function memory(gib: number): object {
  const compare = { kind: "compare", path: ["gpu", "memory"], operator: ">=", value: size(gib) };
  return { text: `gpu.memory >= ${gib}GiB`, anyOf: [compare] };
}

const size = (gib: number): object => ({ quantity: "size", value: gib * 2 ** 30 });

const speech = { kind: "audio", dims: { codec: ["opus"], rate: [48_000], channels: [1] } } as unknown as FlowType;
const transcript: FlowType = { kind: "named", name: "Transcript" };
const text: FlowType = { kind: "scalar", name: "text" };
const fields = ["text", "language", "speaker"].map((name) => ({ name, type: text, optional: false }));

/** As a peer of a program registers: a hundred pipelines, of each a hundred peers, on machines of four kinds. */
function registration(index: number): ServiceParams<"register"> {
  return {
    id: `peer-${index}`,
    key: `a key of 22 characters ${index}`,
    name: "gpu",
    addresses: [`webrtc://gpu-${index}.example.com:7443`],
    relay: true,
    provides: [
      {
        name: "gpu",
        values: [],
        properties: { memory: size([8, 16, 24, 48][Math.floor(index / names) % 4] ?? 8) as never },
      },
    ],
    pipelines: [
      {
        pipeline: `Pipeline${index % names}`,
        batch: false,
        inputs: { speech: { type: speech, optional: false } },
        outputs: { words: { type: transcript, optional: false } },
        schemas: { Transcript: { kind: "record", fields } },
      },
    ],
    load: { inFlight: index % 3, slots: 8, serviceMs: 20 },
    // The longest there is: nobody renews here, however long a busy machine takes for all of it.
    leaseMs: 120_000,
  };
}
