import type { Plan } from "../../../runtime/interface/plan.ts";
import { readCertificate } from "../tls/read-certificate.ts";
import { addressesOf } from "./listen-error.ts";
import type { RunOptions } from "./run-options.ts";

export interface RunningPeers {
  readonly plan: Plan;
  /** Those that are run. */
  readonly peers: readonly string[];
  readonly options: Pick<RunOptions, "tlsCert" | "tlsKey">;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Whether one of the peers listens by TLS. */
export function listensByTls({ plan, peers, env }: Omit<RunningPeers, "options">): boolean {
  const all = peers.flatMap((name) => addressesOf(plan.peers[name], env));
  return all.some(({ address }) => /^webrtc\+wss:/i.test(address));
}

/**
 * What the peers of a run show by TLS.
 * @returns undefined where none listens by it
 * @throws {CommandError} for a certificate that is missing, of no use here, or that cannot be used
 */
export function certificateOf(run: RunningPeers): ReturnType<typeof readCertificate> {
  const { tlsCert: cert, tlsKey: key } = run.options;
  const words = { who: "a peer", plain: "webrtc://", example: "webrtc+wss://0.0.0.0:7443" };
  return readCertificate({ ...words, secure: listensByTls(run), cert, key });
}
