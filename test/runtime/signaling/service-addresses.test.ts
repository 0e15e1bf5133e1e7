import { describe, expect, it } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { memoryHost } from "../../../compiler/host/memory.ts";
import { storeAddress } from "../../../compiler/cli/signal/open-store.ts";
import { Registrar } from "../../../runtime/signaling/registrar.ts";
import { serviceAddresses } from "../../../runtime/signaling/service-addresses.ts";
import { ServiceLookup } from "../../../runtime/mesh/service-lookup.ts";
import { serveService } from "../../../runtime/signaling/service/serve.ts";
import type { SignalConnect } from "../../../runtime/signaling/socket.ts";
import { seededRandom } from "../../../runtime/testing/seeded-random.ts";
import { virtualClock } from "../../../runtime/testing/virtual-clock.ts";
import { pipeNetwork, turn } from "./pipe.ts";
import { peer } from "./registry/support.ts";
import { sharedStore } from "./nodes/support.ts";

/** Three nodes of one service, each at its own port. */
async function nodes() {
  const clock = virtualClock();
  const store = sharedStore();
  const networks = [7441, 7442, 7443].map((port) => ({ port, network: pipeNetwork() }));
  const services = await Promise.all(
    networks.map(({ port, network }, index) =>
      serveService(
        {
          clock,
          random: seededRandom(index + 1),
          listen: network.listen,
          store: store.of(`n${port}`),
          node: `n${port}`,
        },
        { host: "a", port },
      ),
    ),
  );
  const asked: number[] = [];
  const connect: SignalConnect = (at, signal) => {
    asked.push(at.port);
    const found = networks.find(({ port }) => port === at.port);
    return (found?.network ?? pipeNetwork()).connect(at, signal);
  };
  return { clock, services, connect, asked };
}

const text = "ws://a:7441,ws://a:7442,ws://a:7443";

describe("the nodes of a service", () => {
  it("are written side by side, in programs and as arguments", () => {
    expect(serviceAddresses("ws://a:7440, wss://b")).toEqual([
      { host: "a", port: 7440, uri: "ws://a:7440" },
      { host: "b", port: 7443, secure: true, uri: "wss://b:7443" },
    ]);
    expect(() => serviceAddresses("ws://a,grpc://b")).toThrow(/its scheme is "grpc"/);
    const check = (registers: string) =>
      compile(
        "main.mesh",
        memoryHost(
          {
            "main.mesh": `pipeline P { in a: text\n out b: text\n a -> b }\npeer p { runs P\n registers "${registers}" }`,
          },
          {},
        ),
        { compilerVersion: "" },
      ).diagnostics.flatMap(({ severity, message }) => (severity === "error" ? [message] : []));
    expect(check(text)).toEqual([]);
    expect(check("ws://a:7441,wx://b")).toEqual([
      '"wx://b" is not the address of a signaling service: its scheme is `wx`, not `wss` or `ws`.',
    ]);
  });

  it("R7.1 take a peer each as well as any other, and the next one when the one that it has goes", async () => {
    const { clock, services, connect, asked } = await nodes();
    const [at, ...others] = serviceAddresses(text);
    const random = seededRandom(1);
    const registrars = Array.from({ length: 12 }, (_, index) => {
      const id = `p${index}`;
      const about = { registration: () => peer(id), onRegistered: () => undefined, onLost: () => undefined };
      return new Registrar({ clock, random, connect, at, others, id, ...about });
    });
    await Promise.all(registrars.map((one) => one.started()));
    expect(new Set(asked)).toEqual(new Set([7441, 7442, 7443]));
    await services[0]?.close();
    for (let count = 0; count < 4; count += 1) {
      await clock.advanceAsync(50);
      await turn();
    }
    expect(services.slice(1).map((one) => one.figures().peers)).toEqual([12, 12]);
    expect((services[1]?.figures().conversations ?? 0) + (services[2]?.figures().conversations ?? 0)).toBe(12);
    const closing = Promise.all(registrars.map((one) => one.close()));
    await clock.advanceAsync(1_000);
    await closing;
  });

  it("R7.2 answer a question each as well as any other, and pass calls on", async () => {
    const { clock, services, connect } = await nodes();
    const [at] = serviceAddresses(text);
    const about = { registration: () => peer("a"), onRegistered: () => undefined, onLost: () => undefined };
    const registrar = new Registrar({ clock, random: seededRandom(1), connect, at, id: "a", ...about });
    await registrar.started();
    const ask = async (seed: number) => {
      const lookup = new ServiceLookup({ clock, connect, random: seededRandom(seed) });
      const answer = await lookup.connect([text], { pipeline: "Hearing" }, new AbortController().signal);
      lookup.close();
      return answer;
    };
    await services[2]?.close();
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => ask((index + 1) * 0x9e37_79b1)));
    expect(answers.every(({ found }) => found.peer === "a")).toBe(true);
    // Whichever answers is the first to be called through.
    expect(new Set(answers.map((one) => one.nodes[0]))).toEqual(new Set(["ws://a:7441", "ws://a:7442"]));
    expect(new Set(answers.flatMap((one) => one.nodes))).toEqual(new Set(text.split(",")));
    const closing = registrar.close();
    await clock.advanceAsync(1_000);
    await closing;
  });
});

describe("the address of a store", () => {
  it("names servers of NATS, and a bucket", () => {
    expect(storeAddress("nats://a")).toEqual({ servers: ["a:4222"], secure: false, bucket: "signaling" });
    expect(storeAddress("tls://a:1,[::1]:2,c/other")).toEqual({
      servers: ["a:1", "[::1]:2", "c:4222"],
      secure: true,
      bucket: "other",
    });
  });

  it.each([
    ["redis://a", /is no address of NATS servers/],
    ["nats://", /is no address of NATS servers/],
    ["nats://me:secret@a", /Passwords are not taken/],
    ["nats://a/a.b", /is no name of a bucket/],
    ["nats://a:99999", /is not a port/],
    ["nats://a,,b", /host is missing/],
  ])("says what is wrong with %s", (given, message) => {
    expect(() => storeAddress(given)).toThrow(message);
  });
});
