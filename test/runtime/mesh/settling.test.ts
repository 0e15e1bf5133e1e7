import { describe, expect, it } from "vitest";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { meshRun } from "../../support/mesh-run.ts";

/** What the peers really do is known to their addresses alone: the interfaces leave it open. */
const program = (gives: string, takes: string): string => `
node Speak { in text
 out audio<pcm_s16, ${gives}, mono>
 from "./x.ts" }
node Greet { out audio<pcm_s16, ${gives}, mono>
 from "./x.ts" }
node Listen { in audio<pcm_s16, ${takes}, mono>
 out text
 from "./x.ts" }
pipeline Speaking { in line: text
 out voice: audio<pcm_s16, ${gives}, mono>
 let speak = Speak()
 line -> speak
 [Greet(), speak] -> voice }
pipeline Listening { in voice: audio<pcm_s16, ${takes}, mono>
 out line: text
 voice -> Listen() -> line }
interface Speaker { in line: text
 out voice: audio<pcm_s16, 8kHz..48kHz, mono> }
interface Listener { in voice: audio<pcm_s16, 8kHz..48kHz, mono>
 out line: text }
pipeline Talk { in line: text
 out heard: text
 remote speaker: Speaker { at "webrtc://127.0.0.1:1/Speaking" }
 remote listener: Listener { at "webrtc://127.0.0.1:2/Listening" }
 line -> speaker -> listener -> heard }
peer one { runs Speaking
 listens "webrtc://127.0.0.1:1" }
peer two { runs Listening
 listens "webrtc://127.0.0.1:2" }
peer here { runs Talk }
`;

/** Says its rate at once, before anybody could have asked for it. */
function greeting(): { readonly node: NodeDefinition; readonly opened: string[] } {
  const opened: string[] = [];
  const node = defineNode({
    open: (_, { emit, formats }) => {
      const rate = rateOf(formats.outputs["out"]);
      opened.push(rate);
      return { run: async () => void emit("out", Int16Array.of(Number(rate) / 1_000)) };
    },
  });
  return { node, opened };
}

const speaking = defineNode({
  sync: true,
  open: (_, { emit }) => ({ process: () => void emit("out", Int16Array.of(1)) }),
});

const rateOf = (type: FlowType | undefined): string => String(type && "dims" in type ? type.dims["rate"] : "");

const listening = defineNode({
  sync: true,
  open: (_, { emit }) => ({ process: ({ payload }) => void emit("out", String(payload)) }),
});

describe("formats of two remotes that have to be the same", () => {
  it("R5.3 are found in another order where the first choice of one leaves the other none", async () => {
    const { node, opened } = greeting();
    const run = await meshRun(program("16kHz | 48kHz", "48kHz"), { Greet: node, Speak: speaking, Listen: listening });
    const { session, outputs, send, end } = await run.open("Talk");
    await send("line", "hello");
    end("line");
    await run.clock.until(session.closed);
    // What the session that was given up had said already is not heard.
    expect(outputs["heard"]?.payloads).toEqual(["48", "1"]);
    expect(opened.at(-1)).toBe("48000");
    const failed = run.events.filter(({ kind }) => kind === "remote-failed");
    expect(failed).toHaveLength(opened.length - 1);
    await run.clock.until(run.mesh.close());
    expect(run.clock.pending).toBe(0);
  });

  it("open no session where there is none in any order, and say which remote was left without", async () => {
    const { node } = greeting();
    const run = await meshRun(program("16kHz", "48kHz"), { Greet: node, Speak: speaking, Listen: listening });
    await expect(run.open("Talk")).rejects.toMatchObject({ code: "format-mismatch", message: /48kHz/ });
    await run.clock.until(run.mesh.close());
    expect(run.clock.pending).toBe(0);
  });
});
