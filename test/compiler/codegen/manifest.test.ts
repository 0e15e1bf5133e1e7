import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { compile } from "../../../compiler/compile.ts";
import { manifestOf } from "../../../compiler/codegen/manifest-of.ts";
import { manifest, manifestJsonSchema, type Manifest } from "../../../compiler/codegen/manifest.ts";
import { memoryHost } from "../../../compiler/host/memory.ts";

const published = fileURLToPath(new URL("../../../docs/manifest.schema.json", import.meta.url));

const program = `
interface Hears { in speech: audio<opus, 48kHz, mono>
 out words: text
 requires gpu.memory >= 8GiB }
node Listen { in audio<opus, 48kHz, mono>
 out text
 from "./listen.ts" }
policy patient { retry 5 times, backoff 100ms..5s
 via webrtc }
pipeline Hearing: Hears { in speech: audio<opus, 48kHz, mono>
 out words: text
 speech -> Listen() -> words }
pipeline Tiny: Hears { in speech: audio<opus, 48kHz, mono>
 out words: text
 speech -> Listen() -> words }
pipeline Client(where: text = "w") { in mic: audio<opus, 48kHz, mono>
 out words: text
 remote stt: Hears with patient {
   at   gpu.transcriber
   else service "transcriber" where gpu.memory >= 16GiB, prefer fastest
   else env("STT", "webrtc://stt.example.com:7443/hearing")
   else Tiny()
 }
 mic -> stt -> words }
peer edge { runs Client
 registers "wss://signal.example.com"
 provides gpu(memory: 8GiB) }
peer gpu { runs Hearing as "transcriber"
 listens env("GPU", "webrtc://127.0.0.1:7443"), "grpc://127.0.0.1:7444"
 provides gpu(memory: 24GiB), codecs(opus), cuda(12.4)
 registers "wss://signal.example.com" }
`;

function manifestOfText(text: string): Manifest {
  const { plan, diagnostics } = compile("main.mesh", memoryHost({ "main.mesh": text }), { compilerVersion: "1.2.3" });
  if (plan === undefined) throw new Error(diagnostics.map((one) => `${one.code} ${one.message}`).join("\n"));
  return manifestOf(plan);
}

describe("the manifest", () => {
  const made = manifestOfText(program);
  const remote = made.pipelines["Client"]?.remotes["stt"];

  it("R5.1 R11.1 says of each remote its type, target, signaling endpoint, capabilities, formats and policy", () => {
    expect(remote?.targets.map(({ type, target }) => [type, target])).toEqual([
      ["webrtc", "gpu.transcriber"],
      ["webrtc", 'service "transcriber" where gpu.memory >= 16GiB, prefer fastest'],
      ["webrtc", "env STT"],
      ["local", "Tiny()"],
    ]);
    const [peer, service, uri, local] = remote?.targets ?? [];
    expect(peer).toMatchObject({
      pipeline: "transcriber",
      addresses: [{ env: "GPU", default: "webrtc://127.0.0.1:7443" }, { literal: "grpc://127.0.0.1:7444" }],
      signaling: [{ env: "GPU", default: "webrtc://127.0.0.1:7443" }],
    });
    expect(peer?.capabilities.map((one) => one.name)).toEqual(["gpu", "codecs", "cuda"]);
    expect(service).toMatchObject({
      signaling: [{ literal: "wss://signal.example.com" }],
      prefer: "fastest",
      where: [{ text: "gpu.memory >= 16GiB" }],
    });
    expect(uri?.signaling).toEqual([{ env: "STT", default: "webrtc://stt.example.com:7443/hearing" }]);
    expect(local).toMatchObject({ addresses: [], signaling: [], pipeline: "Tiny" });
    expect(remote?.formats.inputs["speech"]?.format).toBe("audio<opus, 48kHz, mono>");
    expect(remote?.formats.outputs["words"]).toEqual({ format: "text", type: { kind: "scalar", name: "text" } });
    expect(remote?.requires?.map((one) => one.text)).toEqual(["gpu.memory >= 8GiB"]);
    expect(remote?.policy).toMatchObject({ retryTimes: 5, backoffMinMs: 100, backoffMaxMs: 5000, via: "webrtc" });
  });

  it("says where each peer listens, registers and what it provides", () => {
    expect(made.peers["gpu"]).toMatchObject({
      runs: [{ pipeline: "Hearing", as: "transcriber" }],
      listens: [{ env: "GPU" }, { literal: "grpc://127.0.0.1:7444" }],
      signaling: [{ literal: "wss://signal.example.com" }],
    });
  });

  it("is what its schema says, as Zod and as the published JSON Schema", () => {
    const data: unknown = JSON.parse(JSON.stringify(made));
    expect(manifest.parse(data)).toEqual(made);
    const schema = z.fromJSONSchema(
      JSON.parse(readFileSync(published, "utf8")) as Parameters<typeof z.fromJSONSchema>[0],
    );
    expect(schema.safeParse(data).error).toBeUndefined();
    const broken = {
      ...made,
      pipelines: { Client: { ...made.pipelines["Client"], remotes: { stt: { targets: [] } } } },
    };
    expect(schema.safeParse(broken).success).toBe(false);
    expect(manifest.safeParse(broken).success).toBe(false);
  });

  // `npx vitest run test/compiler/codegen -u` publishes it anew.
  it("has a published JSON Schema that is current", async () => {
    await expect(`${JSON.stringify(manifestJsonSchema(), undefined, 2)}\n`).toMatchFileSnapshot(published);
  });
});
