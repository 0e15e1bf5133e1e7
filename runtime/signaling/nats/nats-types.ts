/**
 * The parts of the packages `@nats-io/transport-node`, `@nats-io/jetstream` and `@nats-io/kv` that are used. Written down here because
 * they are optional: our declarations must read without them.
 */
export interface NatsClients {
  /** Of `@nats-io/transport-node`. */
  readonly connect: (options: NatsOptions) => Promise<NatsConnection>;
  /** Of the same: an identity from the text of a credentials file. */
  readonly credsAuthenticator: (credentials: Uint8Array) => unknown;
  /** Of `@nats-io/jetstream`; milliseconds. */
  readonly jetstream: (connection: NatsConnection, options: { readonly timeout: number }) => object;
  readonly jetstreamManager: (
    connection: NatsConnection,
    options: { readonly timeout: number; readonly checkAPI?: boolean },
  ) => Promise<NatsManager>;
  /** Of `@nats-io/kv`. */
  readonly Kvm: new (jetstream: object) => NatsBuckets;
}

export interface NatsOptions {
  readonly servers: readonly string[];
  readonly name: string;
  /** Milliseconds to connect in. */
  readonly timeout: number;
  /** -1: as often as it takes. */
  readonly maxReconnectAttempts: number;
  /** Milliseconds. */
  readonly reconnectTimeWait: number;
  /** Milliseconds. */
  readonly pingInterval: number;
  readonly maxPingOut: number;
  /** Nothing that it sends comes back to it. */
  readonly noEcho: true;
  /** An object has TLS used. */
  readonly tls?: object;
  readonly authenticator?: unknown;
  readonly user?: string;
  readonly pass?: string;
}

export interface NatsConnection {
  /** What the server has said of itself. */
  readonly info?: { readonly jetstream?: boolean; readonly cluster?: string };
  publish(subject: string, payload: string): void;
  subscribe(
    subject: string,
    options: { readonly callback: (error: Error | null, message: NatsMessage) => void },
  ): { unsubscribe(): void };
  /** What becomes of the connection. */
  status(): AsyncIterable<{ readonly type: string }>;
  /** Resolves when the server has what was sent so far. */
  flush(): Promise<void>;
  close(): Promise<void>;
  closed(): Promise<unknown>;
}

export interface NatsMessage {
  string(): string;
}

export interface NatsManager {
  readonly streams: {
    info(
      stream: string,
    ): Promise<{ readonly state: { readonly messages: number }; readonly config: { readonly num_replicas: number } }>;
    /** What stands before `seq`. */
    purge(stream: string, options: { readonly filter: string; readonly seq: number }): Promise<unknown>;
  };
}

export interface NatsBuckets {
  create(name: string, options: NatsBucketOptions): Promise<NatsBucket>;
}

export interface NatsBucketOptions {
  readonly history: number;
  readonly replicas: number;
  readonly storage: "file";
  /** Answers come from the leader, not from any replica. */
  readonly allow_direct: false;
}

export interface NatsBucket {
  get(key: string): Promise<NatsEntry | null>;
  create(key: string, value: string): Promise<number>;
  update(key: string, value: string, revision: number): Promise<number>;
  delete(key: string, options: { readonly previousSeq: number }): Promise<void>;
  watch(): Promise<NatsWatch>;
}

export interface NatsWatch extends AsyncIterable<NatsEntry> {
  stop(): void;
}

export interface NatsEntry {
  readonly key: string;
  readonly revision: number;
  readonly operation: "PUT" | "DEL" | "PURGE";
  readonly created: Date;
  /** So many come behind it; 0 for the last that there is. */
  readonly delta?: number;
  string(): string;
}
