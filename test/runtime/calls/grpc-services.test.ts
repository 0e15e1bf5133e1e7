import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { defineNode } from "../../../runtime/interface/node.ts";
import { addressOf, served, Stub } from "./support/served.ts";

const require = createRequire(import.meta.url);
const program = `
batch node Echo {
  in text
  out text
  from "./x.ts"
}
batch pipeline Ask {
  in question: text
  out answer: text
  question -> Echo() -> answer
}
peer server {
  runs Ask
  listens "grpc://127.0.0.1:0"
}
`;
const nodes = { Echo: defineNode({ open: (_, { emit }) => ({ process: ({ payload }) => emit("out", payload) }) }) };

/** A client of a service by its published `.proto`, as those of any language are made. */
function client(
  packageName: string,
  file: string,
  service: string,
  address: string,
): grpc.Client & Record<string, never> {
  const folder = dirname(require.resolve(`${packageName}/package.json`));
  const loaded = grpc.loadPackageDefinition(
    loadSync(join(folder, file), { keepCase: true, enums: String, defaults: true }),
  );
  const found = service.split(".").reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], loaded);
  const made = new (found as grpc.ServiceClientConstructor)(address, grpc.credentials.createInsecure());
  onTestFinished(() => made.close());
  return made as grpc.Client & Record<string, never>;
}

type Unary = (request: object, done: (error: grpc.ServiceError | null, response: { status: string }) => void) => void;

describe("beside the pipelines a peer has over gRPC", () => {
  it("health, of the server, of the service and of each pipeline", async () => {
    const health = client(
      "grpc-health-check",
      "proto/health/v1/health.proto",
      "grpc.health.v1.Health",
      addressOf(await served(program, nodes)),
    );
    const check = (service: string): Promise<string> =>
      new Promise((resolve) => {
        (health as unknown as { check: Unary }).check({ service }, (error, response) =>
          resolve(error === null ? response.status : String(error.code)),
        );
      });
    for (const name of ["", "mesh.v1.Pipeline", "Ask"]) expect(await check(name)).toBe("SERVING");
    expect(await check("Nobody")).toBe(String(grpc.status.NOT_FOUND));
  });

  it("a word to those who watch that it stops, before it takes no more calls", async () => {
    const mesh = await served(program, nodes);
    const health = client(
      "grpc-health-check",
      "proto/health/v1/health.proto",
      "grpc.health.v1.Health",
      addressOf(mesh),
    );
    const watch = (health as unknown as { watch: (request: object) => grpc.ClientReadableStream<{ status: string }> })
      .watch;
    const seen: string[] = [];
    const call = watch.call(health, { service: "Ask" });
    call.on("error", () => undefined);
    const stopped = new Promise<void>((resolve) => {
      call.on("data", ({ status }: { status: string }) => {
        seen.push(status);
        if (seen.length === 1) void mesh.close();
        else resolve();
      });
    });
    await stopped;
    expect(seen).toEqual(["SERVING", "NOT_SERVING"]);
    call.cancel();
  });

  it("reflection, which tells the service as its file has it", async () => {
    const address = addressOf(await served(program, nodes));
    const folder = "build/proto/grpc/reflection/v1/reflection.proto";
    const reflection = client("@grpc/reflection", folder, "grpc.reflection.v1.ServerReflection", address);
    const info = (
      reflection as unknown as { ServerReflectionInfo: () => grpc.ClientDuplexStream<object, Record<string, never>> }
    ).ServerReflectionInfo;
    const call = info.call(reflection);
    const next = (): Promise<Record<string, never>> => new Promise((resolve) => call.once("data", resolve));
    call.write({ list_services: "" });
    const { list_services_response } = (await next()) as unknown as {
      list_services_response: { service: { name: string }[] };
    };
    expect(list_services_response.service.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["mesh.v1.Pipeline", "grpc.health.v1.Health"]),
    );
    call.write({ file_containing_symbol: "mesh.v1.Pipeline" });
    const { file_descriptor_response } = (await next()) as unknown as {
      file_descriptor_response: { file_descriptor_proto: Buffer[] };
    };
    const { FileDescriptorProto } = require("protobufjs/ext/descriptor") as {
      FileDescriptorProto: {
        decode: (bytes: Buffer) => { name: string; service: { name: string; method: { name: string }[] }[] };
      };
    };
    const [file] = file_descriptor_response.file_descriptor_proto.map((bytes) => FileDescriptorProto.decode(bytes));
    expect(file?.service.map(({ name, method }) => [name, method.map((one) => one.name)])).toEqual([
      ["Pipeline", ["Describe", "Execute", "Stream"]],
    ]);
    call.end();
  });

  it("the service as a module that is what its file says", async () => {
    const { moduleFile, moduleText } = (await import("../../../scripts/grpc-descriptor.mjs" as string)) as {
      moduleFile: string;
      moduleText: () => string;
    };
    const { code } = await (await import("esbuild")).transform(moduleText(), { loader: "ts", minify: true });
    const written = await (
      await import("esbuild")
    ).transform(readFileSync(moduleFile, "utf8"), { loader: "ts", minify: true });
    expect(written.code).toBe(code);
  });

  it("streams for which a name is needed", async () => {
    const stub = new Stub(addressOf(await served(program, nodes)));
    const call = stub.stream(new grpc.Metadata());
    const status = await new Promise<grpc.StatusObject>((resolve) => {
      call.on("status", resolve);
      call.on("error", () => undefined);
      call.on("data", () => undefined);
    });
    expect(status).toMatchObject({
      code: grpc.status.INVALID_ARGUMENT,
      details: expect.stringContaining("mesh-pipeline"),
    });
  });
});
