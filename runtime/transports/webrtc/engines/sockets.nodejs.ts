import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { MeshError } from "../../../interface/errors.ts";

/**
 * Opens a UDP socket and closes it again: what then opens one for itself at once gets it. For engines that end the process where they get none.
 * @param address that has to be there; left out, any
 * @throws {MeshError} `resource-exhausted`, `peer-unreachable`
 */
export function proveSocket(address?: string): Promise<void> {
  const socket = createSocket(address !== undefined && isIPv6(address) ? "udp6" : "udp4");
  return new Promise((resolve, reject) => {
    socket.once("error", (error: NodeJS.ErrnoException) => {
      socket.close();
      reject(noSocket(error));
    });
    socket.bind({ address, exclusive: true }, () => {
      socket.close();
      resolve();
    });
  });
}

/** Why there is no UDP socket, and what to do. */
export function noSocket(error: NodeJS.ErrnoException): MeshError {
  if (error.code === "EMFILE" || error.code === "ENFILE") {
    return new MeshError("resource-exhausted", "This process has as many files and sockets open as it may.", {
      cause: error,
      hint: "Let it have more (`ulimit -n`), or fewer connections at the same time.",
    });
  }
  return new MeshError("peer-unreachable", `No UDP socket can be opened: ${error.message}.`, { cause: error });
}
