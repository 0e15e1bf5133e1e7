import { formatLocation, MeshError } from "../../../runtime/interface/errors.ts";
import type { PeerPlan, Plan } from "../../../runtime/interface/plan.ts";
import { CommandError, environmentError, exitCode } from "../exit-code.ts";

/** An address that a peer is told to listen at, and where it comes from. */
interface Listens {
  readonly peer: PeerPlan;
  readonly address: string;
  /** The variable it was read from; undefined where the program itself says it. */
  readonly variable: string | undefined;
}

/** Turns "nobody can listen there" into what to change: the variable or the line that the address comes from. */
export function listenError(
  error: unknown,
  plan: Plan,
  peers: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  if (!(error instanceof MeshError)) return error;
  if (error.code !== "address-in-use" && error.code !== "invalid-argument") return error;
  const found = peers.flatMap((name) => addressesOf(plan.peers[name], env)).find((one) => mentions(error, one.address));
  if (found === undefined) return error;
  const { peer, address, variable } = found;
  const place = formatLocation(peer.location);
  const source = variable === undefined ? `the \`listens\` of the peer \`${peer.name}\` (${place})` : variable;
  const cannot = `The peer \`${peer.name}\` cannot listen at ${address === "" ? "an empty address" : address}`;
  if (error.code === "invalid-argument") {
    const code = variable === undefined ? exitCode.programErrors : exitCode.environment;
    return new CommandError(code, `${cannot}: ${error.message}`, `Change ${source}.`);
  }
  if (!isTaken(error)) {
    return environmentError(`${cannot}: ${error.message}`, [error.hint, `It comes from ${source}.`].join(" ").trim());
  }
  const change =
    variable === undefined
      ? `Change ${source}`
      : `Set ${variable} to another address, such as ${variable}=${nextPort(address)}`;
  return environmentError(`${cannot}: another program uses that port.`, `${change}, or end what uses the port.`);
}

/** Where a peer is told to listen. */
export function addressesOf(peer: PeerPlan | undefined, env: Readonly<Record<string, string | undefined>>): Listens[] {
  return (peer?.listens ?? []).flatMap((value) => {
    const variable = "env" in value ? value.env : undefined;
    const address = "env" in value ? (env[value.env] ?? value.default) : "literal" in value ? value.literal : undefined;
    return peer === undefined || typeof address !== "string" ? [] : [{ peer, address, variable }];
  });
}

function isTaken({ cause }: MeshError): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
}

function mentions({ message }: MeshError, address: string): boolean {
  const hostPort = /^[a-z]+:\/\/(.*)$/.exec(address)?.[1] ?? address;
  return hostPort === "" ? message.includes("for ;") : message.includes(hostPort);
}

/** The same address some ports further on. */
function nextPort(address: string): string {
  return address.replace(/:(\d+)$/, (_, port: string) => `:${Math.min(65_535, Number(port) + 100)}`);
}
