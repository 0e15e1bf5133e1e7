import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { selfMadeCertificate } from "./support/certificate.ts";
import { meshc, RunningMeshc } from "./support/meshc.ts";

function start(args: readonly string[]): RunningMeshc {
  const running = new RunningMeshc([...args, "--format", "json"], {});
  onTestFinished(() => running.end());
  return running;
}

async function addressOf(service: RunningMeshc): Promise<string> {
  return (JSON.parse(await service.line((line) => line.includes('"listening"'))) as { address: string }).address;
}

describe("R14 a signaling service that listens by TLS", () => {
  it("is asked by those who trust its certificate, and by nobody else", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mesh-tls-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const own = selfMadeCertificate(folder, "IP:127.0.0.1");
    const tls = ["--tls-cert", own.cert, "--tls-key", own.key];
    const service = start(["signal", "--listen", "wss://127.0.0.1:0", ...tls]);
    const address = await addressOf(service);
    expect(address).toMatch(/^wss:\/\/127\.0\.0\.1:\d+$/);
    const trusting = { env: { NODE_EXTRA_CA_CERTS: own.cert } };
    const [trusted, untrusted, plain, otherName] = await Promise.all([
      meshc(["discover", address], trusting),
      meshc(["discover", address]),
      meshc(["discover", address.replace("wss://", "ws://")]),
      meshc(["discover", address.replace("127.0.0.1", "localhost")], trusting),
    ]);
    expect(trusted).toMatchObject({ code: 0, err: "nothing that fits is registered there\n" });
    expect(untrusted.code).toBe(3);
    expect(untrusted.err).toMatch(
      /The certificate of 127\.0\.0\.1:\d+ is from nobody who is trusted here.*NODE_EXTRA_CA_CERTS/s,
    );
    expect(plain).toMatchObject({ code: 3, err: expect.stringMatching(/wss:\/\//) });
    expect(otherName).toMatchObject({ code: 3, err: expect.stringMatching(/localhost:\d+ is that of another host/) });
  });

  it("has a certificate with its key, or says what is missing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mesh-tls-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [one, other] = ["one", "other"].map((name) => selfMadeCertificate(folder, "IP:127.0.0.1", name));
    const wss = ["signal", "--listen", "wss://127.0.0.1:0"];
    const cases = [
      [wss, 2, /needs a certificate/],
      [[...wss, "--tls-cert", one?.cert ?? ""], 2, /belong together/],
      [["signal", "--listen", "ws://127.0.0.1:0", "--tls-cert", "a", "--tls-key", "b"], 2, /as in wss:/],
      [[...wss, "--tls-cert", "nowhere.pem", "--tls-key", one?.key ?? ""], 3, /nowhere\.pem cannot be read/],
      [[...wss, "--tls-cert", one?.cert ?? "", "--tls-key", other?.key ?? ""], 3, /cannot be used/],
    ] as const;
    const results = await Promise.all(cases.map(([args]) => meshc(args)));
    results.forEach(({ code, err }, index) => {
      expect([code, err]).toEqual([cases[index]?.[1], expect.stringMatching(cases[index]?.[2] ?? /./)]);
    });
  });

  it("says so where it is without, beyond its own machine", async () => {
    const [everywhere, here] = [
      start(["signal", "--listen", "ws://0.0.0.0:0"]),
      start(["signal", "--listen", "ws://127.0.0.1:0"]),
    ];
    await Promise.all([addressOf(everywhere), addressOf(here)]);
    const [warned, silent] = await Promise.all([everywhere.endedAfter("SIGINT"), here.endedAfter("SIGINT")]);
    expect(warned.err).toMatch(/warning: ws:\/\/0\.0\.0\.0:\d+ is without TLS/);
    expect(silent.err).toBe("");
  });
});

describe("commands that ask a signaling service", () => {
  it("say what is wrong with an address or a condition, and when nothing answers", async () => {
    const wrong = await meshc(["discover", "grpc://127.0.0.1:1"]);
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining("cannot be asked") });
    const condition = await meshc(["discover", "ws://127.0.0.1:1", "--where", "gpu memory"]);
    expect(condition).toMatchObject({ code: 2, err: expect.stringContaining("is no condition") });
    const nobody = await meshc(["discover", "ws://127.0.0.1:1"]);
    expect(nobody).toMatchObject({ code: 3, err: expect.stringContaining("Nothing listens at 127.0.0.1:1") });
    const pipeline = await meshc(["run", "x.mesh", "--register", "ws://h/P"]);
    expect(pipeline).toMatchObject({ code: 2, err: expect.stringContaining("signaling service alone") });
  });
});
