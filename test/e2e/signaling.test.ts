import { describe, expect, it } from "vitest";
import { meshc } from "./support/meshc.ts";

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
