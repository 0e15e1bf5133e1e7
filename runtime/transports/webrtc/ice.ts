import { MeshError } from "../../interface/errors.ts";

/** A STUN or TURN server, as W3C `RTCIceServer` has it. */
export interface IceServer {
  /** One URL (RFC 7064, RFC 7065), such as `stun:stun.example.org:3478` or `turn:turn.example.org?transport=tcp`. */
  readonly urls: string;
  /** Of a TURN server. */
  readonly username?: string;
  readonly credential?: string;
}

/** How paths to other peers are looked for (ICE, RFC 8445). */
export interface IceOptions {
  /**
   * None by default: then only addresses of the machine itself are offered. A server that does not answer delays each
   * connection until the engine gives it up.
   */
  readonly servers?: readonly IceServer[];
  /** `relay`: by a TURN server alone, so that no address of the machine is told; `all` by default. */
  readonly transportPolicy?: "all" | "relay";
}

/** `scheme:host[:port][?transport=udp|tcp]`, the host a name, an IPv4 address, or an IPv6 address in brackets. */
const serverUrl =
  /^(?:stuns?:(?:\[[0-9a-fA-F:.]+\]|[^\s:@?[\]]+)(?::\d{1,5})?|turns?:(?:\[[0-9a-fA-F:.]+\]|[^\s:@?[\]]+)(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?)$/;

/** At most this many, each asked for each connection. */
const maxServers = 8;

/**
 * Reads a server as it is written on a command line: its URL, the name and password of a TURN server in front of the host,
 * percent-encoded where they hold `:`, `@` or `%`: `turn:ann:secret@turn.example.org:3478?transport=tcp`.
 * @throws {MeshError} `invalid-argument`
 */
export function parseIceServer(text: string): IceServer {
  const found = /^(turns?):([^:@\s]*):([^@\s]*)@(.+)$/.exec(text);
  if (found === null) return checkIceServer({ urls: text });
  const [, scheme = "", name = "", password = "", rest = ""] = found;
  return checkIceServer({
    urls: `${scheme}:${rest}`,
    username: decoded(name, text),
    credential: decoded(password, text),
  });
}

/**
 * Sees that engines can take what was asked for: each has its own way to pass over what it does not understand.
 * @throws {MeshError} `invalid-argument` that names the server, and says what is missing
 */
export function checkIce(options: IceOptions): IceOptions {
  const servers = (options.servers ?? []).map(checkIceServer);
  if (servers.length > maxServers) {
    throw new MeshError(
      "invalid-argument",
      `There are ${servers.length} ICE servers; at most ${maxServers} are asked.`,
    );
  }
  if (options.transportPolicy === "relay" && !servers.some(({ urls }) => urls.startsWith("turn"))) {
    throw new MeshError("invalid-argument", "Connections are to be relayed, and no TURN server is named.", {
      hint: "Name one, such as `turn:user:password@turn.example.org:3478`.",
    });
  }
  return options;
}

function checkIceServer(server: IceServer): IceServer {
  const { urls, username, credential } = server;
  if (!serverUrl.test(urls)) {
    throw new MeshError("invalid-argument", `\`${shown(urls)}\` is no address of a STUN or TURN server.`, {
      hint: "Write `stun:host:port`, or `turn:user:password@host:port` with `?transport=tcp` where UDP does not pass.",
    });
  }
  const isTurn = urls.startsWith("turn");
  if (isTurn && (username === undefined || username === "" || credential === undefined || credential === "")) {
    throw new MeshError("invalid-argument", `The TURN server \`${urls}\` has no name and password.`, {
      hint: `Write them in front of its host: \`${urls.replace(":", ":user:password@")}\`.`,
    });
  }
  return server;
}

/** Without what may be a password. */
function shown(urls: string): string {
  return urls.slice(0, 200).replace(/^([a-z]+:).*@/, "$1…@");
}

function decoded(part: string, whole: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new MeshError("invalid-argument", `\`${shown(whole)}\` has a \`%\` that begins no percent-encoding.`);
  }
}
