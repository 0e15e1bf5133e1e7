import { afterEach, describe, expect, it } from "vitest";
import type { Frame, Payload } from "../../../runtime/interface/frame.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { defineNode } from "../../../runtime/interface/node.ts";
import type { PipelineEndpoint, PipelineSession } from "../../../runtime/interface/session.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { servePipelines } from "../../../runtime/remote/host.ts";
import { stopSctp } from "../../../runtime/transports/webrtc/engines/werift/corrections.nodejs.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";
import { realClock } from "../../conformance/real-clock.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { PipelineBuilder, planWith } from "../../support/pipeline-plan-builder.ts";
import { spiedEngine, type SpiedEngine } from "../transports/spied-engine.ts";
import { remoteOf } from "./support/remote.ts";
import { depsFor, echoPlan, servedFrom, testLink, text, type TestLink } from "./support/scene.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

const clock = realClock();

/** Serves `P` over werift, and says where. */
async function served(plan: ReturnType<typeof echoPlan>, endpoint: PipelineEndpoint): Promise<string> {
  const host = servePipelines({ find: () => servedFrom(plan, endpoint), names: () => ["P"], clock });
  const listener = await weriftTransport().listen("webrtc://127.0.0.1:0", host.accept);
  cleanUps.push(() => listener.close());
  return `${listener.address}/P`;
}

function reached(uri: string, engine: SpiedEngine): PipelineEndpoint {
  const transport = weriftTransport({ engine });
  return remotePipeline({ transport, uri, clock, random: seededRandom(7) });
}

/** Resolves once so many frames have come to a link. */
function whenCome(link: TestLink, count: number): Promise<void> {
  return new Promise((resolve) => {
    const { send } = link;
    Object.assign(link, {
      send: (frame: Frame) => {
        send(frame);
        if (link.frames.length === count) resolve();
      },
    });
  });
}

async function write(link: Link, payloads: Iterable<Payload>): Promise<void> {
  let seq = 0;
  for (const payload of payloads) {
    if (!link.writable) await link.ready();
    link.send({ timestampUs: seq, seq, epoch: 0, flags: 0, payload });
    seq += 1;
  }
}

const texts = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `${from + index}`);

describe("a session over WebRTC", () => {
  it("R8.2 goes on over a new connection when the one it has breaks: no frame lost, none twice", async () => {
    const counting = defineNode({
      sync: true,
      open: (_, { emit }) => {
        let count = 0;
        return { process: (frame) => void emit("out", `${(count += 1)}:${String(frame.payload)}`) };
      },
    });
    const plan = echoPlan();
    const uri = await served(plan, pipelineEndpoint(plan, "P", depsFor(clock, { Echo: counting })));
    const engine = spiedEngine();
    const { node, b } = remoteOf(
      { clock },
      { gpu: reached(uri, engine) },
      { policy: { retryTimes: 5, backoffMinMs: 1 } },
    );
    cleanUps.push(() => node.close());
    await node.open();
    const input = node.inputs["a"] as Link;
    const first = whenCome(b, 50);
    await write(input, texts(50));
    await first;
    const all = whenCome(b, 250);
    const writing = write(input, texts(200, 50));
    // As when a network goes away, but noticed at once.
    await stopSctp(engine.peers[0] as (typeof engine.peers)[0]);
    await writing;
    await all;
    expect(b.payloads).toEqual(texts(250).map((one, index) => `${index + 1}:${one}`));
    expect(engine.peers).toHaveLength(2);
    input.end();
    expect(await node.closed).toEqual({ error: undefined });
  });

  it("R4.3 carries a flood of small frames beside sound and bulk data, in fewer messages than frames", async () => {
    const bytes = { kind: "scalar", name: "bytes" } as const;
    const ports = { small: text, bulk: bytes, sound: bytes };
    const builder = new PipelineBuilder("P", ports, ports);
    for (const port of Object.keys(ports)) builder.link(port, port);
    const plan = planWith(builder);
    const uri = await served(plan, pipelineEndpoint(plan, "P", depsFor(clock, {})));
    const spied = spiedEngine();
    const sent = new Map<unknown, number>();
    const engine = {
      ...spied,
      prepareChannel(channel: (typeof spied.channels)[number]) {
        spied.prepareChannel(channel);
        const send = channel.send.bind(channel);
        channel.send = (message) => {
          sent.set(channel, (sent.get(channel) ?? 0) + 1);
          send(message);
        };
      },
    };
    const links = { small: testLink(), bulk: testLink(), sound: testLink() };
    const session: PipelineSession = await reached(uri, engine).open({
      params: {},
      inputs: ports,
      outputs: Object.fromEntries(
        Object.entries(links).map(([port, link]) => [port, { type: ports[port as "small"], link }]),
      ),
      schemas: {},
      signal: new AbortController().signal,
    });
    cleanUps.push(() => session.close());
    const input = (port: string): Link => session.inputs[port] as Link;
    const come = [whenCome(links.small, 800), whenCome(links.bulk, 8), whenCome(links.sound, 100)];
    await Promise.all([
      write(input("small"), texts(800)),
      write(
        input("bulk"),
        Array.from({ length: 8 }, (_, index) => new Uint8Array(50_000).fill(index)),
      ),
      write(
        input("sound"),
        Array.from({ length: 100 }, (_, index) => new Uint8Array(320).fill(index)),
      ),
      ...come,
    ]);
    expect(links.small.payloads).toEqual(texts(800));
    expect(links.bulk.payloads.map((one) => [(one as Uint8Array).length, (one as Uint8Array)[49_999]])).toEqual(
      Array.from({ length: 8 }, (_, index) => [50_000, index]),
    );
    expect(links.sound.payloads.map((one) => (one as Uint8Array)[0])).toEqual(Array.from({ length: 100 }, (_, i) => i));
    const [, small] = [...engine.channels];
    expect(sent.get(small)).toBeLessThan(600);
  });
});
