import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium, noChromium } from "../../e2e/support/chromium.ts";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import type { MeshEvent } from "../../../runtime/interface/events.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { launchPlan, type Mesh } from "../../../runtime/mesh/launch.ts";
import { nodejsPlatform } from "../../../runtime/platform/nodejs.ts";
import { pageWeight } from "../../support/page-weight.ts";
import { PipelineBuilder, text } from "../../support/pipeline-plan-builder.ts";
import { marking, peerOf, planOfPeers, stepOf, uriTarget } from "./fixtures/plans.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const bundled = (contents: string, minify: boolean) =>
  build({
    stdin: { contents, resolveDir: at("."), loader: "ts" },
    bundle: true,
    write: false,
    minify,
    metafile: true,
    format: "iife",
    platform: "browser",
    // The page is all side effects, which the package as such has none of.
    ignoreAnnotations: !minify,
  });

const samples: FlowType = { kind: "audio", dims: { codec: ["pcm_s16"], rate: [16_000], channels: [1] } };

/** Adds 1 to each sample. */
const adding: NodeDefinition = defineNode({
  sync: true,
  open: (_, { emit }) => ({
    process: (frame) =>
      void emit(
        "out",
        (frame.payload as Int16Array).map((sample) => sample + 1),
      ),
  }),
});

/** What a page may load at most for the runtime before it does anything, as bytes with gzip. */
const budgetBytes = 60 * 1024;

it("the runtime for browsers reaches nothing of Node, and stays within its budget", async () => {
  const names = "connect, launch, launchPipeline, launchPeers, defineNode, inputPort, outputPort";
  const { metafile } = await bundled(
    `import { ${names} } from "../../../runtime/platform/browser.ts"; globalThis.use = { ${names} }`,
    true,
  );
  const { inputs } = metafile as Metafile;
  const isOwn = (path: string): boolean => !path.includes("node_modules/");
  const own = Object.keys(inputs).filter((path) => isOwn(path) && path !== "<stdin>");
  expect(own.filter((path) => path.includes("nodejs") || !path.startsWith("runtime/"))).toEqual([]);
  const packages = Object.keys(inputs).flatMap((path) => /node_modules\/([^/]+)/.exec(path)?.[1] ?? []);
  expect([...new Set(packages)]).toEqual(["zod"]);
  const door = at("../../../runtime/platform/browser.ts");
  const { gzip } = await pageWeight(`import { ${names} } from "${door}"; globalThis.use = { ${names} }`, at("."));
  expect(gzip).toBeLessThanOrEqual(budgetBytes);
});

describe.skipIf(noChromium !== undefined)("a page in Chromium", () => {
  const events: MeshEvent[] = [];
  let server: Server;
  let mesh: Mesh;
  let browser: Browser;
  let page: Page;
  let address: string;

  beforeAll(async () => {
    const { outputFiles } = await bundled(`import "./fixtures/page.ts"`, false);
    const script = outputFiles[0]?.text.replaceAll("</script", "<\\/script");
    server = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<!doctype html><script>${script}</script>`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const add = new PipelineBuilder("Add", { in: samples }, { out: samples })
      .node("Add", { in: samples }, { out: samples })
      .link("in", "Add.in")
      .link("Add.out", "out");
    const peer = peerOf("gpu", "Far");
    const runs = [...peer.runs, { pipeline: "Add", as: "Add", params: {} }];
    mesh = await launchPlan(planOfPeers([add, stepOf("Far")], [{ ...peer, runs }]), nodejsPlatform(), {
      registry: ({ node }) => (node === "Add" ? adding : marking("-gpu")),
      onEvent: (event) => events.push(event),
    });
    address = mesh.peers[0]?.addresses[0] ?? "";
    browser = await launchChromium();
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);
  });

  afterAll(async () => {
    await browser?.close();
    await mesh?.close();
    server?.close();
  });

  const evaluate = (call: string, ...args: unknown[]): Promise<unknown> =>
    page.evaluate(`${call}(${args.map((arg) => JSON.stringify(arg)).join(", ")})`);

  it("R3.1 R1.3 streams to a pipeline of a peer in Node and back, at the same time, by the protocol of all peers", async () => {
    const result = await evaluate("callPeer", `${address}/Add`, 500);
    expect(result).toMatchObject({
      count: 500,
      inOrder: true,
      whole: true,
      error: undefined,
      transport: "webrtc",
      nodes: ["WebRTCStreamSink", "WebRTCStreamSource"],
    });
    const { firstBackAtFrame } = result as { firstBackAtFrame: number };
    expect(firstBackAtFrame).toBeGreaterThanOrEqual(0);
    expect(firstBackAtFrame).toBeLessThan(499);
    await expect
      .poll(() => events.findLast((event) => event.kind === "session-closed"))
      .toMatchObject({
        pipeline: "Add",
        error: undefined,
        description: {
          streams: [
            { frames: 500, dropped: 0 },
            { frames: 500, dropped: 0 },
          ],
        },
      });
  });

  it("R3.1 R2.2 runs a pipeline of its own, with a node of its own, in front of a remote on that peer", async () => {
    const client = new PipelineBuilder("Client", { a: text }, { b: text })
      .node("Shout")
      .remote("next", [uriTarget(`${address}/Far`)])
      .link("a", "Shout.in")
      .link("Shout.out", "next.in")
      .link("next.out", "b");
    const page = { ...peerOf("page", "Client"), listens: [] };
    const texts = Array.from({ length: 300 }, (_, index) => `line ${index}`);
    expect(await evaluate("runProgram", planOfPeers([client], [page]), texts)).toEqual({
      texts: texts.map((one) => `${one.toUpperCase()}-gpu`),
      events: ["remote-connecting", "remote-connected", "session-opened", "session-closed"],
    });
  });

  it("is told what is wrong, as a peer in Node is", async () => {
    expect(await evaluate("refused", `${address}/Nope`)).toMatchObject({
      code: "pipeline-not-found",
      message: /this peer runs: Far, Add/,
    });
    expect(await evaluate("refused", `${address}/Far`)).toMatchObject({ code: "invalid-argument", message: /`in`/ });
    expect(await evaluate("refused", "grpc://127.0.0.1:1/Far")).toMatchObject({
      code: "invalid-argument",
      message: "There is no transport for grpc://127.0.0.1:1/Far; there are: webrtc.",
    });
    expect(await evaluate("listens", planOfPeers([stepOf("Far")], [peerOf("page", "Far")]))).toMatchObject({
      code: "invalid-argument",
      message: /a browser takes no incoming connections/,
    });
  });

  it("of an origin that is not allowed gets no call through", async () => {
    // The name leads here, as that of a stranger's page may; the page is then of another origin than this machine.
    const { port } = server.address() as { port: number };
    const strange = await launchChromium("--host-resolver-rules=MAP stranger.test 127.0.0.1");
    const other = await strange.newPage();
    await other.goto(`http://stranger.test:${port}/`);
    expect(await other.evaluate(`refused(${JSON.stringify(`${address}/Far`)})`)).toMatchObject({
      code: "peer-unreachable",
    });
    await strange.close();
  });
});
