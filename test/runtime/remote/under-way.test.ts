import { expect, it } from "vitest";
import { defineNode } from "../../../runtime/interface/node.ts";
import { meshRun } from "../../support/mesh-run.ts";

const program = `
node Slow { in text
 out text
 from "./x.ts" }
interface Saying { in say: text
 out said: text }
pipeline Far: Saying { in say: text
 out said: text
 let slow = Slow()
 say -> slow with { buffer: 4 }
 slow -> said }
pipeline Near { in say: text
 out said: text
 remote far: Saying { at host.Far }
 say -> far.say
 far.said -> said }
peer host { runs Far
 listens "webrtc://127.0.0.1:1" }
`;

it("a session tells how many frames of an input the other peer has not taken", async () => {
  let goOn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const slow = defineNode({
    open: (_, { emit }) => ({
      process: async ({ payload }) => {
        await held;
        await emit("out", payload);
      },
    }),
  });
  const { open, clock } = await meshRun(program, { Slow: slow });
  const { session, send, outputs } = await open("Near");
  expect(session.underWay?.("say")).toBe(0);
  await clock.until(send("say", ...Array.from({ length: 20 }, (_, index) => String(index))));
  await clock.run(100);
  // Its node is at one, and four wait for it there.
  expect(session.underWay?.("say")).toBe(15);
  goOn();
  await clock.run(100);
  expect(session.underWay?.("say")).toBe(0);
  expect(outputs["said"]?.frames).toHaveLength(20);
  await clock.until(session.close());
});
