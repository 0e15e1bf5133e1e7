import { formatLocation, MeshError } from "../../../runtime/interface/errors.ts";
import type { Plan } from "../../../runtime/interface/plan.ts";
import { environmentError } from "../exit-code.ts";

/** Turns "this address is taken" into what to change: the variable or the line that the address comes from. */
export function listenError(
  error: unknown,
  plan: Plan,
  peers: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  if (!(error instanceof MeshError) || error.code !== "address-in-use") return error;
  for (const name of peers) {
    const peer = plan.peers[name];
    for (const value of peer?.listens ?? []) {
      const variable = "env" in value ? value.env : undefined;
      const address =
        "env" in value ? (env[value.env] ?? value.default) : "literal" in value ? value.literal : undefined;
      if (peer === undefined || typeof address !== "string" || !mentions(error.message, address)) continue;
      const line = formatLocation(peer.location);
      const hint =
        variable === undefined
          ? `Change the \`listens\` line of the peer \`${name}\` (${line}), or end what uses the port.`
          : `Set ${variable} to another address, such as ${variable}=${nextPort(address)}, or end what uses the port.`;
      return environmentError(
        `The peer \`${name}\` cannot listen at ${address}: another program uses that port.`,
        hint,
      );
    }
  }
  return error;
}

function mentions(message: string, address: string): boolean {
  const hostPort = /^[a-z]+:\/\/(.*)$/.exec(address)?.[1] ?? address;
  return message.includes(hostPort);
}

/** The same address some ports further on. */
function nextPort(address: string): string {
  return address.replace(/:(\d+)$/, (_, port: string) => `:${Math.min(65_535, Number(port) + 100)}`);
}
