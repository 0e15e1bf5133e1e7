import type { Channel } from "../../runtime/interface/transport.ts";

/** Bytes that tell which message they belong to. */
export function patterned(size: number, index: number): Uint8Array {
  return new Uint8Array(size).map((_, at) => (index + at) % 251);
}

/** The next messages of a channel; takes its listener. */
export function collect(channel: Channel, count: number): Promise<readonly Uint8Array[]> {
  const messages: Uint8Array[] = [];
  return new Promise((resolve) => {
    channel.onMessage((message) => {
      messages.push(message);
      if (messages.length === count) resolve(messages);
    });
  });
}

export async function sendWhenReady(channel: Channel, message: Uint8Array): Promise<void> {
  if (!channel.writable) await channel.ready();
  channel.send(message);
}
