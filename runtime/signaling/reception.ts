import type { MethodParams, RpcId } from "./protocol.ts";
import type { SocketOutlet } from "./socket.ts";

/** Who goes on with a socket that somebody else has greeted. */
export interface Guest {
  readonly message: (text: string) => void;
  readonly closed: () => void;
}

/** Looks at each hello first: whom it is for. */
export interface Reception {
  /**
   * @param text of the whole hello
   * @returns undefined when it is for a pipeline that runs here
   */
  enter(hello: MethodParams<"hello">, id: RpcId, socket: SocketOutlet, text: string): Guest | undefined;
}
