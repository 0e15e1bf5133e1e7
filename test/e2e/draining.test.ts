import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { service as health } from "grpc-health-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { grpcTransport } from "../../runtime/transports/grpc/transport.nodejs.ts";
import { realClock } from "../support/real-clock.ts";
import { RunningMeshc } from "./support/meshc.ts";
import { Stub, statusOfCall } from "../runtime/calls/support/served.ts";

const program = fileURLToPath(new URL("./fixtures/draining/main.mesh", import.meta.url));

interface Served {
  readonly run: RunningMeshc;
  readonly grpcAt: string;
  readonly httpAt: string;
}

/** The peer `server` of the program, in a process of its own. */
async function served(...more: string[]): Promise<Served> {
  const run = new RunningMeshc(["run", program, "--peer", "server", "--format", "json", ...more], {});
  onTestFinished(() => run.end());
  await run.line((line) => line.startsWith('{"type":"ready"'));
  const addresses = run.said("ready")[0]?.peers[0]?.addresses ?? [];
  const at = (scheme: string): string =>
    addresses.find((address) => address.startsWith(scheme))?.replace(/^\w+:\/\//, "") ?? "";
  return { run, grpcAt: at("grpc"), httpAt: at("webrtc") };
}

const question = (text: string): object => ({ pipeline: "Ask", inputs: { question: { text } } });

function post(at: string, text: string): Promise<Response> {
  return fetch(`http://${at}/v1/pipelines/Ask:execute`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ inputs: { question: text } }),
  });
}

const worksOn = (run: RunningMeshc, text: string): Promise<string> =>
  run.line((line) => line.includes(`works on ${text}`));

describe("a peer that is told to terminate", () => {
  // The time is that of a machine that has some to spare; a busy one gets another try.
  it("answers the calls that it has taken, by gRPC and by HTTP, takes no others, and goes", { retry: 2 }, async () => {
    const { run, grpcAt, httpAt } = await served();
    const stub = new Stub(grpcAt);
    const statuses: string[] = [];
    const watch = new grpc.Client(grpcAt, grpc.credentials.createInsecure());
    onTestFinished(() => watch.close());
    const { path, requestSerialize, responseDeserialize } = health["Watch"] as grpc.MethodDefinition<
      object,
      { readonly status: string }
    >;
    const watching = watch.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: "Ask" });
    const told = new Promise<void>((resolve) => {
      watching.on("error", () => undefined);
      watching.on("data", ({ status }: { readonly status: string }) => {
        statuses.push(status);
        if (status === "NOT_SERVING") resolve();
      });
    });
    // Longer than a connection goes without a ping.
    const byGrpc = stub.call("Execute", question("3000 ms"));
    const byOurs = grpcTransport({ clock: realClock }).unary?.execute(`grpc://${grpcAt}/Ask`, {
      params: {},
      inputs: { question: { payload: "3001 ms", timestampUs: 0 } },
      signal: new AbortController().signal,
    });
    const byHttp = post(httpAt, "1001 ms");
    await Promise.all([worksOn(run, "3000 ms"), worksOn(run, "3001 ms"), worksOn(run, "1001 ms")]);
    const ended = run.endedAfter("SIGTERM");
    await told;
    expect(await statusOfCall(stub.call("Execute", question("1 ms")))).toMatchObject({ code: grpc.status.UNAVAILABLE });
    const refused = await post(httpAt, "2 ms");
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(refused.headers.get("connection")).toBe("close");
    expect(await refused.json()).toMatchObject({ code: "peer-unreachable" });
    expect(await byGrpc).toMatchObject({ outputs: { answer: { text: "3000 ms have passed" } } });
    expect(await byOurs).toMatchObject({ answer: { payload: "3001 ms have passed" } });
    const answer = await byHttp;
    expect(await answer.json()).toEqual({ outputs: { answer: "1001 ms have passed" } });
    const { code, ms } = await ended;
    expect(code).toBe(130);
    expect(ms).toBeLessThan(6_000);
    expect(statuses).toEqual(["SERVING", "NOT_SERVING"]);
    expect(run.lines.some((line) => line.includes("works on 1 ms") || line.includes("works on 2 ms"))).toBe(false);
    expect(run.said("event").map(({ event }) => event)).toContainEqual(
      expect.objectContaining({ kind: "peer-draining", peer: "server", calls: 3, streams: 0 }),
    );
  });

  // The time is that of a machine that has some to spare; a busy one gets another try.
  it("waits no longer than it is told, and not at all after a second Ctrl-C", { retry: 2 }, async () => {
    const hasty = await served("--drain", "300ms");
    const call = statusOfCall(new Stub(hasty.grpcAt).call("Execute", question("30000 ms")));
    await worksOn(hasty.run, "30000 ms");
    const { code, ms } = await hasty.run.endedAfter("SIGTERM");
    expect(code).toBe(130);
    expect(ms).toBeGreaterThanOrEqual(300);
    expect(await call).toMatchObject({ code: grpc.status.UNAVAILABLE, metadata: { "mesh-code": "peer-lost" } });

    const long = await served("--drain", "1min");
    const other = statusOfCall(new Stub(long.grpcAt).call("Execute", question("30000 ms")));
    const short = new Stub(long.grpcAt).call("Execute", question("800 ms"));
    await Promise.all([worksOn(long.run, "30000 ms"), worksOn(long.run, "800 ms")]);
    long.run.process.kill("SIGINT");
    await long.run.line((line) => line.includes('"peer-draining"'));
    // One that comes at once is that of the terminal again, which npm has passed on.
    long.run.process.kill("SIGINT");
    expect(await short).toMatchObject({ outputs: { answer: { text: "800 ms have passed" } } });
    const second = await long.run.endedAfter("SIGINT");
    expect(second.code).toBe(130);
    expect(second.ms).toBeLessThan(5_000);
    expect(await other).toMatchObject({ code: grpc.status.UNAVAILABLE });
  });
});
