import { describe, expect, it } from "vitest";
import type { ConnectionState } from "../../../runtime/interface/connection.ts";
import { otherSide } from "../../../runtime/remote/other-side.ts";

const called: ConnectionState = {
  transport: "webrtc",
  state: "connected",
  address: "webrtc://127.0.0.1:7461/Talk",
  role: "answerer",
};
const end = (address: string, port: number) => ({ address, port, type: "host", protocol: "udp" }) as const;

describe("who has gone silent", () => {
  it("is the peer at the address, for whom has called it", () => {
    expect(otherSide({ ...called, role: "offerer" })).toBe("The peer at webrtc://127.0.0.1:7461/Talk");
  });

  it("is a caller, for whom was called: the address is its own", () => {
    expect(otherSide(called)).toBe("The caller of webrtc://127.0.0.1:7461/Talk");
    const selectedPair = { local: end("192.0.2.1", 7), remote: end("192.0.2.2", 40_001) };
    expect(otherSide({ ...called, selectedPair })).toBe("The caller of webrtc://127.0.0.1:7461/Talk (192.0.2.2:40001)");
    const six = { local: end("2001:db8::1", 7), remote: end("2001:db8::2", 9) };
    expect(otherSide({ ...called, selectedPair: six })).toBe(
      "The caller of webrtc://127.0.0.1:7461/Talk ([2001:db8::2]:9)",
    );
  });
});
