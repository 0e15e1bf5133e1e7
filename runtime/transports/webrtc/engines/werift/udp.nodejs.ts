import { UdpTransport } from "werift";
import { noSocket } from "../sockets.nodejs.ts";

/** Its constructor and the waiting for the socket are private. */
type Opening = Omit<UdpTransport, "init"> & { init(): Promise<void> };
const Transport = UdpTransport as unknown as new (type: "udp4" | "udp6", options: object) => Opening;

/**
 * Opens a UDP socket as werift does, but that errors of it are listened for from the start: it ends the process with them, and waits for ever.
 * @throws {MeshError} `resource-exhausted`, `peer-unreachable`
 */
export async function openUdp(type: "udp4" | "udp6", options: object): Promise<UdpTransport> {
  const transport = new Transport(type, options);
  // What it complains of later is for the checks of ICE to notice.
  const failed = new Promise<never>((_, reject) => {
    transport.socket.on("error", (error) => reject(noSocket(error)));
  });
  await Promise.race([transport.init(), failed]);
  return transport as unknown as UdpTransport;
}
