import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Payload } from "../../../runtime/interface/frame.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { addressOf, launched } from "./support/served.ts";
import { program as pipelines } from "../http/support/program.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const protos = at("../../../runtime/transports/grpc");

/** Debian's packages are those of its own Python, which need not be the first of the path. */
const python = [process.env["PYTHON"] ?? "python3", "/usr/bin/python3"].find(
  (one) => spawnSync(one, ["-c", "import grpc, google.protobuf"]).status === 0,
);
const plugin = spawnSync("sh", ["-c", "command -v grpc_python_plugin"], { encoding: "utf8" }).stdout.trim();
const missing =
  python === undefined
    ? "no Python has `grpc` (python3-grpcio)"
    : plugin === "" || spawnSync("protoc", ["--version"]).status !== 0
      ? "there is no `protoc` with its plugin for Python (protobuf-compiler, protobuf-compiler-grpc)"
      : undefined;
if (missing !== undefined) console.warn(`Skipping the client in Python: ${missing}.`);

const program = `${pipelines.replace("webrtc:", "grpc:").replace("runs Ask", "runs Keep\n  runs Pass\n  runs Ask")}
record Sample {
  label: text
  levels: [float]
  mark: bytes?
}
batch node Kept {
  in sample: Sample
  out same: Sample
  from "./x.ts"
}
node Passed {
  in sample: Sample
  out same: Sample
  from "./x.ts"
}
batch pipeline Keep {
  in sample: Sample
  out same: Sample
  sample -> Kept() -> same
}
pipeline Pass {
  in sample: Sample
  out same: Sample
  sample -> Passed() -> same
}
`;

const loud = (payload: unknown): string => String(payload).toUpperCase();
const nodes: Record<string, NodeDefinition> = {
  Reply: defineNode<{ marks: number }>({
    open: ({ marks }) => ({
      map: (question) => ({ text: loud(question) + "!".repeat(marks), words: String(question).split(" ").length }),
    }),
  }),
  Slow: defineNode({
    open: (_, { signal }) => ({
      process: () =>
        new Promise<void>((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        }),
    }),
  }),
  Upper: defineNode({ open: () => ({ map: loud }) }),
  Kept: defineNode({ open: () => ({ map: (sample) => withBytes(sample) as Payload }) }),
  Passed: defineNode({ open: () => ({ map: (sample) => withBytes(sample) as Payload }) }),
};

/** Nodes get bytes, however they have come. */
function withBytes(sample: unknown): unknown {
  const { mark } = sample as { readonly mark?: unknown };
  if (mark !== undefined && !(mark instanceof Uint8Array)) throw new Error("The mark is not bytes.");
  return sample;
}

interface Results {
  readonly unary: Record<string, unknown> & { readonly large: { readonly lost: readonly string[] } };
  readonly beside: Record<string, unknown>;
  readonly streams: Record<string, unknown>;
  readonly records: Record<string, unknown>;
}

const stubs = mkdtempSync(join(tmpdir(), "stubs-"));
afterAll(() => rmSync(stubs, { recursive: true }));

describe.skipIf(missing !== undefined)("a client in Python, with stubs of the published file", () => {
  let results: Results;

  beforeAll(async () => {
    const made = spawnSync(
      "protoc",
      [
        `--proto_path=${protos}`,
        `--python_out=${stubs}`,
        `--grpc_python_out=${stubs}`,
        `--plugin=protoc-gen-grpc_python=${plugin}`,
        "mesh/v1/mesh.proto",
      ],
      { encoding: "utf8" },
    );
    expect(made.stderr).toBe("");
    const mesh = await launched(program, nodes);
    const child = spawn(python ?? "", [
      "-B",
      at("fixtures/client.py"),
      addressOf(mesh),
      stubs,
      at("../remote/fixtures"),
    ]);
    let [out, complaint] = ["", ""];
    child.stdout.on("data", (data: Buffer) => (out += data.toString()));
    child.stderr.on("data", (data: Buffer) => (complaint += data.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect({ code, complaint }).toEqual({ code: 0, complaint: "" });
    results = JSON.parse(out) as Results;
    return () => mesh.close();
  });

  it("asks what there is, and executes it with parameters", () => {
    expect(results.unary).toMatchObject({
      described: { batch: true, inputs: { question: "text" } },
      answer: { text: "HELLO THERE!!", words: 2 },
    });
  });

  it("has a deadline, cancels, and is refused what is too large or not there", () => {
    const { lost } = results.unary.large;
    if (lost.length > 0) console.warn(`The client in Python did not get to read a refusal: ${lost.join("; ")}`);
    expect(results.unary).toMatchObject({
      late: { code: "DEADLINE_EXCEEDED" },
      cancelled: true,
      large: { code: "RESOURCE_EXHAUSTED" },
      unknown: {
        code: "NOT_FOUND",
        details: expect.stringContaining("this peer runs: Keep, Pass, Ask, Mirror, Wait, Shout, Quieter, Counting"),
        trailing: { "mesh-code": "pipeline-not-found" },
      },
      // What no call of this kind needs is ignored, however broken.
      wrong: { code: "OK" },
    });
  });

  it("streams in both directions, with frames in parts and credits, to a good end", () => {
    expect(results.streams).toMatchObject({ right: true, code: "OK" });
  });

  it("is refused in a session, cancels one, and is told what breaks the protocol", () => {
    expect(results.streams).toMatchObject({
      refused: ["invalid-argument"],
      cancelled: "CANCELLED",
      violation: { code: "INVALID_ARGUMENT", trailing: { "mesh-code": "protocol-violation" } },
      absent: { code: "NOT_FOUND", details: expect.stringContaining("this peer runs: ") },
      nameless: { code: "INVALID_ARGUMENT", details: expect.stringContaining("mesh-pipeline") },
    });
  });

  it("R11.1 speaks of records in JSON and in CBOR, by calls, lists of items and streams", () => {
    expect(results.records).toMatchObject({
      encodings: ["cbor"],
      byJson: true,
      byCbor: true,
      items: true,
      streamed: {
        json: { right: true, kinds: ["json"], granted: null, refused: [] },
        cbor: { right: true, kinds: ["cbor"], granted: ["cbor"], refused: [] },
      },
      broken: { code: "INVALID_ARGUMENT", details: expect.stringContaining("it is cut short") },
      mistyped: { code: "INVALID_ARGUMENT" },
    });
  });

  it("finds health and reflection, in both of its versions, as tools do", () => {
    const both = ["mesh.v1.Pipeline", "grpc.health.v1.Health"];
    expect(results.beside).toEqual({ health: "0801", reflection: { v1: both, v1alpha: both } });
  });
});
