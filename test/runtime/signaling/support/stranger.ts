import { WebSocket, type ClientOptions } from "ws";

/** A client that says what it likes. */
export interface Stranger {
  readonly socket: WebSocket;
  /** Close code and reason. */
  readonly closed: Promise<string>;
  say(message: unknown): void;
  /** The next message that has come, or comes. */
  next(): Promise<Answer>;
  /** Says a request and waits for what comes. */
  ask(method: string, params?: object, id?: unknown): Promise<Answer>;
}

export interface Answer {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: { readonly code: string } };
}

export async function stranger(port: number, options: ClientOptions = {}): Promise<Stranger> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, "mesh.v1+json", options);
  const messages: Answer[] = [];
  const waiting: ((message: Answer) => void)[] = [];
  socket.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Answer;
    const first = waiting.shift();
    if (first === undefined) messages.push(message);
    else first(message);
  });
  socket.on("error", () => undefined);
  const closed = new Promise<string>((resolve) =>
    socket.once("close", (code, reason) => resolve(`${code} ${reason.toString()}`)),
  );
  await new Promise((resolve) => socket.once("open", resolve));
  const say = (message: unknown): void => socket.send(typeof message === "string" ? message : JSON.stringify(message));
  const next = (): Promise<Answer> => {
    const message = messages.shift();
    return message === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(message);
  };
  return {
    socket,
    closed,
    say,
    next,
    ask: (method, params = {}, id = 1) => {
      say({ jsonrpc: "2.0", id, method, params });
      return next();
    },
  };
}
