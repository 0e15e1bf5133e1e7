import { MeshError } from "../interface/errors.ts";
import type { RemotePlan } from "../interface/plan.ts";
import type { TransportFallback } from "../interface/session.ts";

export interface ChosenAddress {
  readonly address: string;
  /** What it goes by in place of what is meant for it; left out where it goes by that. */
  readonly fallback?: TransportFallback;
}

/**
 * Which of the addresses of a peer is called (spec R11.3): by `via`, where the remote says one; else questions go by gRPC and
 * streams by WebRTC, and by the other where the peer has only that, or nothing here speaks the better one.
 * @param addresses of the peer, in the order of the program
 * @param schemes that can be spoken here
 * @throws {MeshError} `peer-unreachable` when none of them can be called
 */
export function chooseAddress(
  peer: string,
  addresses: readonly string[],
  remote: Pick<RemotePlan, "batch" | "policy">,
  schemes: readonly string[],
): ChosenAddress {
  const { via } = remote.policy;
  const order = via === undefined ? (remote.batch === true ? ["grpc", "webrtc"] : ["webrtc", "grpc"]) : [via];
  const schemeOf = (address: string): string => /^[^:+]*/.exec(address)?.[0].toLowerCase() ?? "";
  const spoken = addresses.filter((address) => schemes.includes(schemeOf(address)));
  for (const scheme of order) {
    const found = spoken.find((address) => schemeOf(address) === scheme);
    if (found === undefined) continue;
    const [preferred = scheme] = order;
    if (scheme === preferred) return { address: found };
    const isSpoken = schemes.includes(preferred);
    const reason = isSpoken ? `\`${peer}\` does not listen by it` : "nothing here speaks it";
    return { address: found, fallback: { used: scheme, preferred, reason } };
  }
  // Another transport, such as one of a test.
  const [other] = via === undefined ? spoken : [];
  if (other !== undefined) return { address: other };
  if (addresses.length === 0) {
    throw new MeshError("peer-unreachable", `The peer \`${peer}\` listens nowhere.`, {
      hint: "Give it a `listens` in the program.",
    });
  }
  const wanted = via === undefined ? `what is spoken here (${schemes.join(", ")})` : `\`${via}\``;
  throw new MeshError(
    "peer-unreachable",
    `The peer \`${peer}\` does not listen by ${wanted}: ${addresses.join(", ")}.`,
    {
      hint:
        via === undefined
          ? "Let it listen by another transport as well."
          : `Let it listen at a \`${via}://\` address, or leave \`via\` out.`,
    },
  );
}
