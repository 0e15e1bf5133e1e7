import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { meshc, RunningMeshc } from "./support/meshc.ts";
import { freeAddresses } from "./support/processes.ts";

const relay = fileURLToPath(new URL("./fixtures/relay/main.mesh", import.meta.url));

/** What a page of an origin comes to at an address: 101 when it may call. */
function statusFor(origin: string, address: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address.replace("webrtc:", "ws:"), "mesh.v1+json", { origin });
    socket.on("open", () => {
      socket.close();
      resolve(101);
    });
    socket.on("unexpected-response", (request, { statusCode }) => {
      request.destroy();
      resolve(statusCode);
    });
    socket.on("error", reject);
  });
}

it.each([["--peer", "gpu"], ["--processes"]])("lets in pages of the origins that are named: %s %s", async (...how) => {
  const env = await freeAddresses();
  const origins = ["--allow-origin", "https://app.example.com/", "--allow-origin", "http://other.example:8080"];
  const running = new RunningMeshc(["run", relay, ...how, ...origins, "--format", "json"], { env });
  onTestFinished(() => running.end());
  await running.line((line) => line.includes('"ready"') && line.includes('"gpu"'));
  expect(await statusFor("https://app.example.com", env.GPU_LISTENS)).toBe(101);
  expect(await statusFor("http://other.example:8080", env.GPU_LISTENS)).toBe(101);
  expect(await statusFor("http://app.example.com", env.GPU_LISTENS)).toBe(403);
});

it.each(["app.example.com", "https://app.example.com/page", "file:///tmp"])(
  "says that %s is no origin",
  async (one) => {
    for (const command of [["run", relay], ["signal"]]) {
      const { code, err } = await meshc([...command, "--allow-origin", one]);
      expect(code).toBe(2);
      expect(err).toContain(`error: \`--allow-origin ${one}\` is no origin.`);
      expect(err).toContain("as in `https://app.example.com`");
    }
  },
);
