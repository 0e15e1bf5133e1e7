import { connect, type Socket } from "node:net";

/** The first octet of a frame that closes a WebSocket (RFC 6455, section 5.5.1). */
export const closing = 0x88;

/** One frame of text as a client sends it, with a mask of zeros. */
export function frame(message: object): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  const head = text.length < 126 ? Buffer.alloc(6) : Buffer.alloc(8);
  head[0] = 0x81;
  if (text.length < 126) head[1] = 0x80 | text.length;
  else {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(text.length, 2);
  }
  return Buffer.concat([head, text]);
}

export interface RawClient {
  readonly socket: Socket;
  /** The first octet of the first frame that it got; `closing` as well where the connection ends without one. */
  readonly first: Promise<number>;
}

/** Opens a WebSocket by hand and says all at once: it costs the test a tenth of what a whole client does. */
export function rawClient(port: number, frames: Buffer): RawClient {
  const socket = connect(port, "127.0.0.1");
  const upgrade = [
    "GET / HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: mesh.v1+json",
  ];
  socket.write(Buffer.concat([Buffer.from(`${upgrade.join("\r\n")}\r\n\r\n`), frames]));
  const first = new Promise<number>((resolve) => {
    let got = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      const end = got.indexOf("\r\n\r\n");
      if (end < 0 || got.length <= end + 4) return;
      // From here on it is for whoever made it to read.
      socket.removeAllListeners("data").pause();
      resolve(got[end + 4] as number);
    });
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(closing));
  });
  return { socket, first };
}
