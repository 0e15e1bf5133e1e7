import { isIPv6 } from "node:net";
import {
  Candidate,
  candidateFoundation,
  candidatePriority,
  classes,
  Message,
  methods,
  StunOverTurnProtocol,
  TcpTransport,
  TlsTransport,
  TurnProtocol,
} from "werift";
import { fieldOf } from "./fields.nodejs.ts";
import { openUdp } from "./udp.nodejs.ts";

type TurnTransport = TurnProtocol["transport"];
type Kind = "udp" | "tcp" | "tls";
type Server = readonly [string, number];

/** The private part of werift 0.24 that addresses at a TURN server belong to. */
export interface RelayedIce {
  turnServer?: Server | undefined;
  readonly options: {
    readonly turnUsername?: string;
    readonly turnPassword?: string;
    readonly turnTransport?: Kind;
    readonly turnTlsOptions?: object;
    /** Nothing but such addresses is wanted. */
    readonly forceTurn?: boolean;
  };
  readonly state: string;
  readonly generation: number;
  readonly localUsername: string;
  protocols: unknown[];
  ensureProtocol(protocol: unknown): void;
  appendLocalCandidate(candidate: Candidate): void;
  pairLocalProtocol(protocol: unknown): void;
}

/** How long the server keeps an address, in seconds, unless it says otherwise (RFC 8656 section 3.2). */
const lifetimeS = 600;

/** Their constructors are private; `init` waits for a connection without a way to give it up. */
type Connecting = TurnTransport & { waitForConnect?(): Promise<void>; init(): Promise<void> };
const Tcp = TcpTransport as unknown as new (server: Server) => Connecting;
const Tls = TlsTransport as unknown as new (server: Server, options?: object) => Connecting;

/**
 * Gets an address at the TURN server, as werift does, but: who closes the connection meanwhile, or is refused, keeps no socket; one that comes late is still
 * paired with what the other side has told; and no timer keeps a process alive that has closed. Never rejects.
 */
export async function findRelay(ice: RelayedIce, server: Server): Promise<void> {
  const { turnTransport: asked = "udp" } = ice.options;
  const kinds: Kind[] = asked === "udp" ? ["udp", "tcp"] : [asked];
  for (const kind of kinds) {
    if (ice.state === "closed" || (await allocate(ice, server, kind))) return;
  }
}

/** @returns false where another transport may do better, for nobody has answered */
async function allocate(ice: RelayedIce, server: Server, kind: Kind): Promise<boolean> {
  const { turnUsername = "", turnPassword = "" } = ice.options;
  let transport: TurnTransport | undefined;
  let turn: TurnProtocol | undefined;
  try {
    transport =
      kind === "udp" ? await openUdp(isIPv6(server[0]) ? "udp6" : "udp4", {}) : startStream(ice, server, kind);
    turn = new TurnProtocol(server, turnUsername, turnPassword, lifetimeS, transport);
    const stopRefreshing = refreshQuietly(turn);
    const protocol = new StunOverTurnProtocol(turn);
    closeAtOnce(protocol, turn, stopRefreshing);
    // From now on its end is that of the connection.
    ice.protocols.push(protocol);
    if (ice.state === "closed") throw new Error("closed");
    if (kind !== "udp") await (transport as Connecting).init();
    await turn.connectionMade();
    add(ice, protocol, turn);
    return true;
  } catch (error) {
    ice.protocols = ice.protocols.filter((one) => fieldOf(one, "turn") !== turn || turn === undefined);
    await transport?.close();
    // An answer, if only a refusal.
    return fieldOf(error, "response") !== undefined;
  }
}

function startStream({ options }: RelayedIce, server: Server, kind: "tcp" | "tls"): TurnTransport {
  return kind === "tcp" ? new Tcp(server) : new Tls(server, options.turnTlsOptions);
}

function add(ice: RelayedIce, protocol: StunOverTurnProtocol, { relayedAddress, mappedAddress }: TurnProtocol): void {
  ice.ensureProtocol(protocol);
  const [host, port] = relayedAddress;
  const kind = [candidateFoundation("relay", "udp", host), 1, "udp", candidatePriority("relay")] as const;
  const mapped = [mappedAddress[0], mappedAddress[1], undefined] as const;
  protocol.localCandidate = new Candidate(...kind, host, port, "relay", ...mapped, ice.generation, ice.localUsername);
  ice.appendLocalCandidate(protocol.localCandidate);
  ice.pairLocalProtocol(protocol);
}

/** Renews the address, by a timer that keeps no process alive. @returns what ends that */
function refreshQuietly(turn: TurnProtocol): () => void {
  let timer: NodeJS.Timeout | undefined;
  const refresh = (seconds: number): void => {
    timer = setInterval(
      () => {
        const request = new Message(methods.REFRESH, classes.REQUEST).setAttribute("LIFETIME", seconds);
        // One that is lost is followed by others; without any, the checks of ICE notice.
        turn.requestWithRetry(request, turn.server).catch(() => undefined);
      },
      (seconds * 1000) / 2,
    );
    timer.unref();
  };
  (turn as unknown as { refresh: typeof refresh }).refresh = refresh;
  return () => clearInterval(timer);
}

function closeAtOnce(protocol: StunOverTurnProtocol, turn: TurnProtocol, stopRefreshing: () => void): void {
  const close = protocol.close.bind(protocol);
  protocol.close = async () => {
    stopRefreshing();
    for (const transaction of Object.values(turn.transactions)) transaction.cancel();
    await close();
  };
}
