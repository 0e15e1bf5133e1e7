import * as grpc from "@grpc/grpc-js";
import { expect, it, onTestFinished } from "vitest";
import type { Payload } from "../../../runtime/interface/frame.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { CborReader } from "../../../runtime/remote/cbor/reader.ts";
import { pipelineService } from "../../../runtime/transports/grpc/services.nodejs.ts";
import { collector, feed, planOf } from "../../support/pipeline-run.ts";
import { addressOf, served } from "./support/served.ts";

const records = `
record Sample {
  label: text
  level: float
  mark: bytes?
}
`;

const server = `${records}
batch node Kept {
  in sample: Sample
  out same: Sample
  from "./x.ts"
}
batch pipeline Keep {
  in sample: Sample
  out same: Sample
  sample -> Kept() -> same
}
peer server {
  runs Keep
  listens "grpc://127.0.0.1:0"
}
`;

const caller = (target: string): string => `${records}
batch interface Keeping {
  in sample: Sample
  out same: Sample
}
pipeline Client {
  in sample: Sample
  out same: Sample
  remote far: Keeping {
    at "grpc://${target}/Keep"
  }
  sample -> far -> same
}
`;

const sample = { label: "a", level: 0.5, mark: Uint8Array.of(0, 255) };

/** What came of a sample that was sent to the peer at an address. */
async function answersOf(address: string, samples: readonly object[]) {
  const program = caller(address);
  const mesh = await served(program, {});
  const same = collector();
  const type = { kind: "named", name: "Sample" } as const;
  const session = await mesh.open("Client", {
    params: {},
    inputs: { sample: type },
    outputs: { same: { type, link: same.link } },
    schemas: planOf(program).schemas,
    signal: new AbortController().signal,
  });
  await feed(session, "sample", samples as unknown as readonly Payload[]).catch(() => undefined);
  const { error } = await session.closed;
  return { answers: same.payloads, error };
}

const descriptionOf = (encodings: readonly string[]) => {
  const type_json = JSON.stringify({ kind: "named", name: "Sample" });
  const schemas_json = JSON.stringify(planOf(server).schemas);
  const side = (name: string) => [{ name, type_json }];
  return { pipeline: "Keep", batch: true, inputs: side("sample"), outputs: side("same"), schemas_json, encodings };
};

/** A peer of another make, that gives back what it gets, or what it is told to. */
async function foreign(encodings: readonly string[], answer?: object) {
  const asked: Record<string, unknown>[] = [];
  const peer = new grpc.Server();
  const stream: grpc.handleBidiStreamingCall<object, object> = (call) => call.end();
  peer.addService(pipelineService(), {
    Stream: stream,
    Describe: (_: unknown, done: grpc.sendUnaryData<object>) => done(null, descriptionOf(encodings)),
    Execute: ({ request }: { request: Record<string, unknown> }, done: grpc.sendUnaryData<object>) => {
      asked.push(request);
      const { sample: same } = request["inputs"] as { sample: object };
      done(null, { outputs: { same: answer ?? same } });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    peer.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  onTestFinished(() => peer.forceShutdown());
  return { address: `127.0.0.1:${port}`, asked };
}

it("R11.1 a record goes to a peer and back with its bytes, by calls", async () => {
  const nodes: Record<string, NodeDefinition> = {
    Kept: defineNode({ open: () => ({ map: (payload) => payload as Payload }) }),
  };
  const address = addressOf(await served(server, nodes));
  const { answers, error } = await answersOf(address, [sample, { label: "b", level: 1 }]);
  expect(error).toBeUndefined();
  expect(answers).toEqual([sample, { label: "b", level: 1 }]);
});

it("R11.1 a record is asked in CBOR of a peer that takes it, and in JSON of one that does not say so", async () => {
  const modern = await foreign(["later", "cbor"]);
  expect(await answersOf(modern.address, [sample])).toEqual({ answers: [sample], error: undefined });
  const [request] = modern.asked as [{ encodings: string[]; inputs: { sample: { kind: string; cbor: Uint8Array } } }];
  expect(request.encodings).toEqual(["cbor"]);
  expect(request.inputs.sample.kind).toBe("cbor");
  expect(new CborReader().read(new Uint8Array(request.inputs.sample.cbor))).toEqual(sample);

  const old = await foreign([]);
  expect(await answersOf(old.address, [sample])).toEqual({ answers: [sample], error: undefined });
  expect(old.asked[0]).toMatchObject({ inputs: { sample: { json: '{"label":"a","level":0.5,"mark":"AP8="}' } } });
});

it.each([
  ["a value that breaks its type", { json: '{"label":"a","level":1,"mark":"?"}' }, "`mark` is not base64"],
  ["what is no CBOR", { cbor: Buffer.from([0x9f]) }, "a length is left open"],
])("R2.3 a remote ends with what is wrong with its answer: %s", async (_, answer, why) => {
  const { address } = await foreign(["cbor"], answer);
  const { error } = await answersOf(address, [sample]);
  expect(error?.message).toContain(why);
});
