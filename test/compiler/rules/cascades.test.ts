import { describe, it } from "vitest";
import { expectOnly } from "../support/marked.ts";

const program = (parts: {
  readonly remote?: string;
  readonly peer?: string;
  readonly body?: string;
  readonly requires?: string;
  readonly contract?: string;
  readonly policy?: string;
  readonly scenario?: string;
}): string => `
interface Talks { in t: text
 out u: text
 ${parts.contract ?? ""} }
node Work { in text
 out text
 ${parts.requires ?? ""} }
policy patient { ${parts.policy ?? ""} }
pipeline Far: Talks { in t: text
 out u: text
 t -> u }
pipeline Main { in t: text
 out u: text
 remote far: Talks with patient {
  ${parts.remote ?? "at edge.Far"}
 }
 t -> far -> Work() -> u
 ${parts.body ?? ""} }
peer edge { runs Far
 ${parts.peer ?? ""}
}
scenario "s" for Main {
 ${parts.scenario ?? ""}
}`;

describe("a mistake of syntax is told alone", () => {
  it.each([
    [
      "in what a peer provides, not what it lacks then",
      "MESH1005",
      { requires: "requires gpu", peer: "provides gpu(memory: 3GiB «»\n runs Main" },
    ],
    ["where a peer listens, not that it is open", "MESH1016", { peer: 'listens «"webrtc://0.0.0.0:7443»' }],
    [
      "in whom a peer allows, not that it allows nobody",
      "MESH1016",
      { peer: 'listens "webrtc://0.0.0.0:7443"\n allows «"spiffe://a.b/c»' },
    ],
    ["in the only target, not that there is none", "MESH1016", { remote: 'at «"webrtc://far/x»' }],
    [
      "in a filter, not that nobody provides it",
      "MESH1001",
      { remote: 'at service "x" where gpu.memory >= 8GiB, «»', peer: "provides cpu" },
    ],
    ["in a policy", "MESH1001", { policy: "breaker 5 «in» 30s" }],
    ["in a requirement", "MESH1004", { requires: "requires memory >= «»", peer: "provides cpu" }],
    ["in a budget, not that no way is found", "MESH1002", { body: "budget 1s t -> «»" }],
    ["in a step of a scenario", "MESH1002", { scenario: "at 1s kill «»" }],
  ])("%s", (_, code, parts) => {
    const text = program(parts);
    // An empty mark stands where something is missing; where exactly is for the parser to say.
    if (text.includes("«»")) expectOnly(code, text, {}, { anywhere: true });
    else expectOnly(code, text);
  });
});

describe("a mistake in one place is not told again in another", () => {
  it.each([
    [
      "an unknown target, though a scenario expects it",
      "MESH2001",
      { remote: "at edge.«Farr»\n  else Far()", scenario: "expect far uses Far" },
    ],
    ["an unknown node, though a budget leads over it", "MESH2001", { body: "t -> «Wrok»() \n budget 1s t -> u" }],
    [
      "an unknown condition, though a peer runs it",
      "MESH2001",
      { requires: "requires memory >= «need»", peer: "runs Main" },
    ],
    ["a target that fits nowhere, though it is the only one", "MESH2007", { remote: "at «Talks»()" }],
    [
      "a wrong value of a policy, though a call may time out",
      "MESH3003",
      { policy: "retry «5s» times, backoff 1s..5s\n timeout call 1s" },
    ],
  ])("%s", (_, code, parts) => {
    expectOnly(code, program(parts));
  });

  it("a link that does not fit is told alone, not also at the target behind it", () => {
    expectOnly(
      "MESH3001",
      `node Mic { out audio<pcm_s16, 48kHz, mono> }
node Same { in audio<pcm_f32, 48kHz, mono>
 out audio<pcm_f32, 48kHz, mono> }
interface Far { in a: audio<opus | pcm_f32, 48kHz, mono>
 out b: audio<pcm_f32, 48kHz, mono> }
pipeline Near { in a: audio<pcm_f32, 48kHz, mono>
 out b: audio<pcm_f32, 48kHz, mono>
 a -> Same() -> b }
pipeline Main { out b: audio<pcm_f32, 48kHz, mono>
 remote far: Far { at Near() }
 Mic() «->» far -> b }`,
    );
  });
});
