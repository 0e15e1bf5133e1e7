import { describe, expect, it } from "vitest";
import { ServiceLookup } from "../../../runtime/mesh/service-lookup.ts";
import { serveService } from "../../../runtime/signaling/service/serve.ts";
import type { SignalConnect, SignalSocket } from "../../../runtime/signaling/socket.ts";
import { seededRandom } from "../../../runtime/testing/seeded-random.ts";
import { virtualClock } from "../../../runtime/testing/virtual-clock.ts";
import { pipeNetwork, turn } from "../signaling/pipe.ts";
import { peer } from "../signaling/registry/support.ts";
import { ServiceClient } from "../../../runtime/signaling/service-client.ts";

const service = "ws://signal:7440";
const at = { host: "signal", port: 7440 };
const { signal } = new AbortController();

/** A service with one peer, and a lookup whose conversations may fall silent. */
async function setUp() {
  const clock = virtualClock();
  const network = pipeNetwork();
  await serveService({ clock, random: seededRandom(1), listen: network.listen }, at);
  const registrar = await ServiceClient.open({ clock, connect: network.connect }, at, signal);
  await registrar.request("register", peer("a"));
  const open = new Set<SignalSocket>();
  const silent = new Set<SignalSocket>();
  let opened = 0;
  const connect: SignalConnect = async (where, within) => {
    const socket = await network.connect(where, within);
    open.add(socket);
    opened += 1;
    return {
      send: (text) => (silent.has(socket) ? undefined : socket.send(text)),
      close: (code, reason) => {
        open.delete(socket);
        socket.close(code, reason);
      },
      onMessage: (listener) => socket.onMessage(listener),
      onClose: (listener) => socket.onClose(listener),
    };
  };
  const lookup = new ServiceLookup({ clock, random: seededRandom(1), connect });
  return {
    clock,
    lookup,
    open,
    /** As when a router between the two has forgotten the connections: nobody is told. */
    fallSilent: () => open.forEach((socket) => silent.add(socket)),
    get opened() {
      return opened;
    },
    ask: () => lookup.connect([service], { pipeline: "Hearing" }, signal),
  };
}

describe("conversations with a signaling service", () => {
  it("are kept from one question to the next, and not for ever when there is no answer any more", async () => {
    const one = await setUp();
    expect((await one.ask()).found.peer).toBe("a");
    expect((await one.ask()).found.peer).toBe("a");
    expect(one.opened).toBe(1);
    one.fallSilent();
    const asking = one.ask();
    await turn();
    await one.clock.advanceAsync(3_000);
    await turn();
    expect((await asking).found.peer).toBe("a");
    expect(one.opened).toBe(2);
    expect((await one.ask()).found.peer).toBe("a");
    expect(one.opened).toBe(2);
  });

  it("are all let go of in the end, however many questions have found theirs silent at once", async () => {
    const one = await setUp();
    await one.ask();
    one.fallSilent();
    const asking = Array.from({ length: 8 }, () => one.ask());
    await turn();
    await one.clock.advanceAsync(3_000);
    await turn();
    expect((await Promise.all(asking)).map(({ found }) => found.peer)).toEqual(Array.from({ length: 8 }, () => "a"));
    await turn();
    expect(one.open.size).toBe(1);
    one.lookup.close();
    await turn();
    expect(one.open.size).toBe(0);
  });
});
