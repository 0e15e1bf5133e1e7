import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:https";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { selfMadeCertificate } from "./support/certificate.ts";
import { meshc, RunningMeshc, type MeshcOptions } from "./support/meshc.ts";

const program = fileURLToPath(new URL("fixtures/secure/main.mesh", import.meta.url));

function folderOfTest(): string {
  const folder = mkdtempSync(join(tmpdir(), "mesh-tls-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function start(args: readonly string[], options: MeshcOptions = {}): RunningMeshc {
  const running = new RunningMeshc(["run", program, ...args, "--format", "json"], options);
  onTestFinished(() => running.end());
  return running;
}

describe("R14 a peer that listens by TLS", () => {
  it("is called, examined and asked over HTTP by those who trust its certificate, and by nobody else", async () => {
    const own = selfMadeCertificate(folderOfTest(), "IP:127.0.0.1");
    const sayer = start(["--peer", "sayer", "--tls-cert", own.cert, "--tls-key", own.key]);
    await sayer.line((line) => line.includes('"ready"'));
    const address = sayer.said("ready")[0]?.peers[0]?.addresses[0] ?? "";
    expect(address).toMatch(/^webrtc\+wss:\/\/127\.0\.0\.1:\d+$/);

    const trusting = { env: { NODE_EXTRA_CA_CERTS: own.cert } };
    const [trusted, untrusted, plain] = await Promise.all([
      meshc(["doctor", `${address}/Saying`], trusting),
      meshc(["doctor", `${address}/Saying`]),
      meshc(["doctor", `${address.replace("+wss", "")}/Saying`]),
    ]);
    expect(trusted).toMatchObject({ code: 0, out: expect.stringMatching(/^✓ encryption .*\n✓ endpoint/m) });
    expect(untrusted).toMatchObject({ code: 3, out: expect.stringContaining("NODE_EXTRA_CA_CERTS") });
    expect(plain).toMatchObject({ code: 3, out: expect.stringContaining(`write ${address}/Saying`) });

    const asking = ["--peer", "asker", "--pipeline", "Asking"];
    const asker = start(asking, { env: { ...trusting.env, SAYER: `${address}/Saying` } });
    await asker.line((line) => line.includes('"output"') && line.includes(`"${sayer.pid} `));

    const request = get(`${address.replace("webrtc+wss", "https")}/openapi.json`, { ca: readFileSync(own.cert) });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(200);
  });

  it("has a certificate with its key, or says what is missing before it starts", async () => {
    const folder = folderOfTest();
    const [one, other] = ["one", "other"].map((name) => selfMadeCertificate(folder, "IP:127.0.0.1", name));
    const [cert = "", key = ""] = [one?.cert, one?.key];
    const plain = { env: { AT: "webrtc://127.0.0.1:0" } };
    const cases: readonly (readonly [string, readonly string[], MeshcOptions, number, RegExp])[] = [
      ["none", [], {}, 2, /a peer needs a certificate.*--tls-cert FILE/s],
      ["no key", ["--tls-cert", cert], {}, 2, /belong together/],
      ["nobody to show it", ["--tls-cert", cert, "--tls-key", key], plain, 2, /as in webrtc\+wss:/],
      ["no file", ["--tls-cert", "nowhere.pem", "--tls-key", key], {}, 3, /nowhere\.pem cannot be read/],
      ["the key of another", ["--tls-cert", cert, "--tls-key", other?.key ?? ""], {}, 3, /cannot be used/],
    ];
    const results = await Promise.all(
      cases.map(([, args, options]) => meshc(["run", program, "--peer", "sayer", ...args], options)),
    );
    results.forEach(({ code, err }, index) => {
      const [what, , , wanted, said] = cases[index] as (typeof cases)[number];
      expect([what, code, err]).toEqual([what, wanted, expect.stringMatching(said)]);
    });
  });

  it("shares the certificate with others in processes of their own, which have no use for it", async () => {
    const own = selfMadeCertificate(folderOfTest(), "IP:127.0.0.1");
    const run = start(["--processes", "--tls-cert", own.cert, "--tls-key", own.key]);
    await run.line((line) => line.includes('"ready"') && line.includes("webrtc+wss://"));
    const { err } = await run.groupEndedAfter("SIGINT");
    expect(err).toBe("");
  });
});
