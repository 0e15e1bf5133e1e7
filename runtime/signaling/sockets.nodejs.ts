import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { whenAborted } from "../interface/abort.ts";
import { answerRequest, declineBroken } from "../http/server.nodejs.ts";
import { httpLimits } from "../http/limits.ts";
import type { HttpService } from "../http/message.ts";
import { MeshError } from "../interface/errors.ts";
import { formatHostPort } from "../interface/uri.ts";
import { signalLimits, signalSubprotocol } from "./limits.ts";
import { Crowd, decline, hostOf, type AddressLimits } from "./crowd.nodejs.ts";
import { isOriginAllowed } from "./origin.ts";
import type { SignalServerHandle, SignalConnect, SignalServerFactory } from "./socket.ts";
import { OwnedWebSocket, WsSocket } from "./ws-socket.nodejs.ts";

/**
 * Given to both ends. `closeTimeout` is missing from the types of `ws`: after that many milliseconds a side that never
 * answers the close frame is cut off; the default of 30 s would hold a process that wants to end.
 */
const common: { readonly perMessageDeflate: false; readonly maxPayload: number; readonly closeTimeout: number } = {
  perMessageDeflate: false,
  maxPayload: signalLimits.messageBytes,
  closeTimeout: 1000,
};

/** Opens plain WebSockets with the `ws` package. */
export const connectNodejs: SignalConnect = (at, signal) =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const where = formatHostPort(at);
    const socket = new OwnedWebSocket(`${at.secure === true ? "wss" : "ws"}://${where}/`, signalSubprotocol, {
      ...common,
      followRedirects: false,
    });
    const unlisten = whenAborted(signal, () => {
      reject(signal.reason as Error);
      socket.terminate();
    });
    // Stays on for good: a socket without a listener for `error` takes the process down.
    socket.on("error", (error: NodeJS.ErrnoException) => reject(unreachable(where, error)));
    socket.once("unexpected-response", (request, response) => {
      request.destroy();
      if (response.statusCode === 429 || response.statusCode === 503) reject(tooMany(where, response));
      else reject(unreachable(where, new Error(`Unexpected server response: ${String(response.statusCode)}`)));
    });
    socket.once("open", () => {
      unlisten();
      resolve(new WsSocket(socket));
    });
    socket.once("close", unlisten);
  });

export interface NodejsListenerInit {
  /** Origins of pages that may call beside those of this machine and of the called host; `*` lets every page in. */
  readonly allowedOrigins?: readonly string[];
  /** What a client may take for its handshake, in milliseconds; that of a `hello` by default. */
  readonly handshakeMs?: number;
  /** Connections at the same time; what calls to a peer need by default. */
  readonly maxConnections?: number;
  /** Those of one address, and the WebSockets that it may open in any one second; as for a peer by default. */
  readonly perAddress?: AddressLimits;
  /** What it listens with by TLS, from version 1.2 on: the chain of its certificate and its key, in PEM. Left out, without TLS. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
}

const peerAddressLimits: AddressLimits = {
  connections: signalLimits.connectionsPerAddress,
  socketsPerSecond: signalLimits.socketsPerSecond,
};

/** Listens with an HTTP server of its own, so that a plain request gets a plain answer. */
export function nodejsListener(init: NodejsListenerInit = {}): SignalServerFactory {
  const { allowedOrigins = [], handshakeMs = signalLimits.helloMs, maxConnections, tls } = init;
  const { perAddress = peerAddressLimits } = init;
  return (at, onSocket, service) =>
    new Promise<SignalServerHandle>((resolve, reject) => {
      const { secure = tls !== undefined } = at;
      if (secure && tls === undefined) throw lacksCertificate(formatHostPort(at));
      const limits = {
        headersTimeout: handshakeMs,
        // A body may be a stream that goes on for long; who reads one has a limit for it.
        requestTimeout: service === undefined ? handshakeMs : 0,
        connectionsCheckingInterval: Math.ceil(handshakeMs / 4),
        // A machine that is switched off says nothing: the system asks now and then whether it is there.
        keepAlive: true,
        keepAliveInitialDelay: 30_000,
      };
      const refused = at.refused ?? (() => undefined);
      const crowd = new Crowd(perAddress, refused);
      const endpoint = { refused, open: new Set<OwnedWebSocket>() };
      const allows = ({ headers: { origin, host } }: IncomingMessage): boolean =>
        isOriginAllowed({ origin, host, listenHost: bracketed(at.host), allowed: allowedOrigins });
      const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
        if (crowd.isTurnedAway(request.socket)) return;
        if (service === undefined || isRoot(request)) answerPlain(request, response, service);
        else void answerRequest(service, allows(request), request, response);
      };
      const http =
        tls === undefined || !secure
          ? createServer(limits, onRequest)
          : createSecureServer({ ...limits, ...tls, handshakeTimeout: handshakeMs, minVersion: "TLSv1.2" }, onRequest);
      http.on("clientError", (error: NodeJS.ErrnoException, stream: Duplex) => {
        // Told again for what comes after the answer.
        if (error.code !== "ECONNRESET" && stream.writable) refused("handshake");
        declineBroken(error, stream);
      });
      http.prependListener("connection", (socket: Socket) => crowd.enter(socket, secure));
      http.on("drop", () => refused("connections"));
      // Those of HTTP have places of their own, so that signaling has its.
      http.maxConnections =
        maxConnections ?? 4 * signalLimits.pendingCalls + (service === undefined ? 0 : 2 * httpLimits.requests);
      const sockets = new WebSocketServer({
        ...common,
        noServer: true,
        autoPong: false,
        clientTracking: false,
        WebSocket: OwnedWebSocket,
        handleProtocols: () => signalSubprotocol,
      });
      http.on("upgrade", (request, stream, head) => {
        // A client may go at any moment of its handshake. What is kept for a connection is to keep nothing of its request.
        stream.on("error", destroyThis);
        if (!crowd.mayOpen(stream, request.socket.remoteAddress)) return;
        const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
        if (!allows(request)) {
          refused("origin");
          decline(stream, "403 Forbidden", "Pages of this origin may not call this peer; it has to be allowed there.");
        } else if (!offered.includes(signalSubprotocol)) {
          refused("subprotocol");
          decline(stream, "400 Bad Request", `This endpoint speaks the WebSocket subprotocol ${signalSubprotocol}.`);
        } else {
          const remoteHost = hostOf(request.socket.remoteAddress);
          sockets.handleUpgrade(request, stream, head, (socket) => {
            stream.off("error", destroyThis);
            onSocket(new WsSocket(socket, endpoint, remoteHost));
          });
        }
      });
      http.once("error", (error: NodeJS.ErrnoException) => reject(cannotListen(formatHostPort(at), error)));
      http.listen({ host: at.host, port: at.port, exclusive: true }, () => {
        const { port } = http.address() as AddressInfo;
        http.on("error", () => undefined);
        resolve({ host: at.host, port, close: () => closeAll(http, endpoint.open, service !== undefined) });
      });
    });
}

/** Without further origins. */
export const listenNodejs: SignalServerFactory = nodejsListener();

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function destroyThis(this: Duplex): void {
  this.destroy();
}

/** @param answers some may be on their way */
async function closeAll(http: Server, open: ReadonlySet<OwnedWebSocket>, answers: boolean): Promise<void> {
  for (const socket of open) socket.terminate();
  const closed = new Promise<void>((resolve) => http.close(() => resolve()));
  http.closeIdleConnections();
  // The last event of a stream may still leave.
  const cutOff = setTimeout(() => http.closeAllConnections(), answers ? httpLimits.farewellMs : 0);
  await closed;
  clearTimeout(cutOff);
}

/** The address that people open to see what is there. */
function isRoot({ url = "/", method }: IncomingMessage): boolean {
  return (method === "GET" || method === "HEAD") && /^\/(\?|$)/.test(url);
}

/** RFC 9110 section 15.5.22: the resource is there, but only under another protocol. */
function answerPlain(request: IncomingMessage, response: ServerResponse, service: HttpService | undefined): void {
  request.resume();
  const host = (request.headers.host ?? "host:port").replaceAll(/[^\w.:[\]-]/g, "");
  response.writeHead(426, { "content-type": "text/plain; charset=utf-8", upgrade: "websocket", connection: "close" });
  const { what, lines } = service?.front(host) ?? { what: "a signaling endpoint of pipeline-mesh", lines: [] };
  response.end([`This is ${what} (WebSocket, ${signalSubprotocol}).`, ...lines, ""].join("\n"));
}

function unreachable(where: string, error: NodeJS.ErrnoException): MeshError {
  const cannotTrust = untrusted(where, error);
  if (cannotTrust !== undefined) return cannotTrust;
  const hint = `Is the peer running? It has to listen at webrtc://${where}.`;
  const text: Readonly<Record<string, string>> = {
    ECONNREFUSED: `Nothing listens at ${where}.`,
    ENOTFOUND: `The host of ${where} is not known.`,
    EAI_AGAIN: `The host of ${where} could not be looked up.`,
    EHOSTUNREACH: `There is no way to the host of ${where}.`,
    ENETUNREACH: `There is no way to the network of ${where}.`,
    ECONNRESET: `${where} has hung up without an answer; what speaks TLS has an address that begins with wss://.`,
  };
  const known = text[error.code ?? ""] ?? `${where} does not answer as a peer does: ${error.message}.`;
  return new MeshError("peer-unreachable", known, { cause: error, hint });
}

/** The endpoint is there, and takes no more connections of this machine now. */
function tooMany(where: string, { headers }: IncomingMessage): MeshError {
  const seconds = Number(headers["retry-after"] ?? 1);
  return new MeshError("resource-exhausted", `${where} takes no more connections of this machine now.`, {
    hint: "Have fewer at the same time, or try again later.",
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : 1_000,
  });
}

/** What an endpoint shows by TLS does not say that it is the one that was called (RFC 9525). */
function untrusted(where: string, error: NodeJS.ErrnoException): MeshError | undefined {
  const { code = "", message } = error;
  if (code === "EPROTO" || code.startsWith("ERR_SSL_")) {
    const hint = "Without TLS its address begins with ws://, or webrtc:// for a pipeline.";
    return new MeshError("peer-unreachable", `${where} does not speak TLS.`, { cause: error, hint });
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "CERT_HAS_EXPIRED") {
    const why = code === "CERT_HAS_EXPIRED" ? "has expired" : "is that of another host";
    const hint = "Give it a certificate for the name that is in its address.";
    return new MeshError("access-denied", `The certificate of ${where} ${why}.`, { cause: error, hint });
  }
  if (!/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|^CERT_/.test(code)) return undefined;
  const hint = "Name the authority that has issued it by NODE_EXTRA_CA_CERTS=FILE, in PEM, before the program starts.";
  return new MeshError("access-denied", `The certificate of ${where} is from nobody who is trusted here: ${message}.`, {
    cause: error,
    hint,
  });
}

function lacksCertificate(where: string): MeshError {
  return new MeshError("invalid-argument", `To listen at ${where} by TLS takes a certificate, and there is none.`, {
    hint: "Give it by `meshc run --tls-cert FILE --tls-key FILE`, in a program by `tls` of `nodejsPlatform`; or listen at webrtc://.",
  });
}

function cannotListen(where: string, error: NodeJS.ErrnoException): MeshError {
  const text: Readonly<Record<string, readonly [string, string]>> = {
    EADDRINUSE: [
      `${where} is taken by another program.`,
      "Stop that program, or listen on another port; port 0 takes a free one.",
    ],
    EACCES: [`This user may not listen at ${where}.`, "Take a port of 1024 or above."],
    EADDRNOTAVAIL: [
      `${where} is not an address of this machine.`,
      "Listen at 127.0.0.1, at 0.0.0.0 or at an address of this machine.",
    ],
    ENOTFOUND: [
      `The host of ${where} is not known.`,
      "Listen at 127.0.0.1, at 0.0.0.0 or at an address of this machine.",
    ],
  };
  const [message, hint] = text[error.code ?? ""] ?? [`Listening at ${where} failed: ${error.message}.`, undefined];
  return new MeshError("address-in-use", message, { cause: error, hint });
}
