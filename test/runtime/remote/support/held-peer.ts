import type { Clock } from "../../../../runtime/interface/clock.ts";
import type { Channel, Connection, Transport } from "../../../../runtime/interface/transport.ts";

export interface HeldPeer {
  /** What the peer is to be made with, in place of the clock and the transport of the scene. */
  readonly clock: Clock;
  readonly transport: Transport;
  /** The transport of whoever calls it: as nobody answers while it is held up, dials take as long. */
  readonly to: (transport: Transport) => Transport;
  /** As when a process is held up, or a machine has no time for it: its timers are late, and what comes for it waits. */
  hold(): void;
  /** It goes on, first with its timers, as an event loop does. */
  goOn(): void;
}

/** A peer whose process can be held up. */
export function heldPeer(clock: Clock, transport: Transport): HeldPeer {
  let held = false;
  let timers: (() => void)[] = [];
  let rest: (() => void)[] = [];
  /** Does it now, or in its turn when the process goes on. */
  const soon = (act: () => void): void => {
    if (held) rest.push(act);
    else act();
  };
  const channelOf = (channel: Channel): Channel => ({
    id: channel.id,
    label: channel.label,
    maxMessageBytes: channel.maxMessageBytes,
    get writable() {
      return channel.writable;
    },
    ready: (signal) => channel.ready(signal),
    send: (message) => channel.send(message),
    onMessage: (listener) => channel.onMessage((message) => soon(() => listener(message))),
  });
  const connectionOf = (connection: Connection): Connection => ({
    control: channelOf(connection.control),
    channel: (id, label) => channelOf(connection.channel(id, label)),
    closed: connection.closed.then((end) => new Promise((resolve) => soon(() => resolve(end)))),
    close: (error) => connection.close(error),
    describe: () => connection.describe(),
  });
  return {
    clock: {
      nowUs: () => clock.nowUs(),
      wallMs: () => clock.wallMs(),
      schedule: (delayMs, callback) => {
        let cancelled = false;
        const cancel = clock.schedule(delayMs, () => {
          const due = (): void => {
            if (!cancelled) callback();
          };
          if (held) timers.push(due);
          else due();
        });
        return () => {
          cancelled = true;
          cancel();
        };
      },
    },
    transport: {
      ...transport,
      dial: async (uri, options) => connectionOf(await transport.dial(uri, options)),
      listen: (uri, accept, calls) =>
        transport.listen(uri, (connection, pipeline) => soon(() => accept(connectionOf(connection), pipeline)), calls),
    },
    to: (caller) => ({
      ...caller,
      dial: async (uri, options) => {
        await new Promise<void>((resolve) => soon(resolve));
        return caller.dial(uri, options);
      },
    }),
    hold: () => void (held = true),
    goOn() {
      held = false;
      const [due, waiting] = [timers, rest];
      timers = [];
      rest = [];
      for (const act of [...due, ...waiting]) act();
    },
  };
}
