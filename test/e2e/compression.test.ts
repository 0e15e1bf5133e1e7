import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { expect, it, onTestFinished } from "vitest";
import { pipelineService } from "../../runtime/transports/grpc/services.nodejs.ts";
import { meshc } from "./support/meshc.ts";

const program = (address: string): string => `
batch interface Asking {
  in question: text
  out answer: text
}
pipeline Client {
  in question: text
  out answer: text
  remote far: Asking { at "grpc://${address}/Ask" }
  question -> far -> answer
}
`;

/** A server of another make, and what has come to it from the network, in bytes. */
async function server() {
  const text = JSON.stringify({ kind: "scalar", name: "text" });
  const side = (name: string) => [{ name, type_json: text }];
  const description = { pipeline: "Ask", batch: true, inputs: side("question"), outputs: side("answer") };
  const served = new grpc.Server();
  served.addService(pipelineService(), {
    Describe: (_: unknown, done: grpc.sendUnaryData<object>) => done(null, description),
    Execute: ({ request }: { request: object }, done: grpc.sendUnaryData<object>) => {
      const { question } = (request as { inputs: { question: { text: string } } }).inputs;
      done(null, { outputs: { answer: { text: String(question.text.length) } } });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    served.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  onTestFinished(() => served.forceShutdown());
  const seen = { bytes: 0 };
  const sockets = new Set<Socket>();
  const between = createServer((from) => {
    const to = connect(port, "127.0.0.1");
    for (const socket of [from, to]) sockets.add(socket.on("error", () => socket.destroy()));
    from.on("data", (part) => (seen.bytes += part.length));
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((resolve) => void between.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    between.close();
  });
  return { address: `127.0.0.1:${(between.address() as AddressInfo).port}`, seen };
}

it("`meshc run` compresses its requests where it is told to, by an option or in mesh.config.ts", async () => {
  const words = "all work and no play ".repeat(5_000);
  const folder = mkdtempSync(join(tmpdir(), "compression-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "in.txt"), `${words}\n`);
  const { address, seen } = await server();
  writeFileSync(join(folder, "main.mesh"), program(address));
  const bytesOf = async (...more: string[]): Promise<number> => {
    const before = seen.bytes;
    const run = await meshc(["run", "main.mesh", "--in", "question=in.txt", "--out", "answer=out.txt", ...more], {
      cwd: folder,
    });
    expect({ code: run.code, err: run.err }).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, "out.txt"), "utf8").trim()).toBe(String(words.length));
    return seen.bytes - before;
  };
  expect(await bytesOf()).toBeGreaterThan(words.length);
  expect(await bytesOf("--compression", "gzip")).toBeLessThan(words.length / 20);
  writeFileSync(join(folder, "mesh.config.ts"), `export default { compression: "gzip" };\n`);
  expect(await bytesOf()).toBeLessThan(words.length / 20);
});
