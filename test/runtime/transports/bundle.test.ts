import { RTCPeerConnection } from "werift";
import { afterEach, describe, expect, it } from "vitest";
import { askingSetup, overOneTransport } from "../../../runtime/transports/webrtc/bundle.ts";

const session = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
const data = "m=application 5000 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 192.0.2.1\r\na=mid:0\r\n";
const ice = "a=ice-ufrag:first\r\na=ice-pwd:of-the-first-section-xxx\r\n";
const candidate = "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\na=end-of-candidates\r\n";
const audio = "m=audio 6000 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 192.0.2.1\r\na=mid:1\r\n";
const own =
  "a=ice-ufrag:other\r\na=ice-pwd:of-the-other-section-xxx\r\na=candidate:1 1 udp 1 192.0.2.1 6000 typ host\r\n";

describe("the sections of a bundle", () => {
  it("are told as reached like the first of them, whatever they say themselves", () => {
    const sdp = `${session}a=group:BUNDLE 0 1\r\n${data}${candidate}${ice}${audio}a=sendonly\r\n${own}a=rtcp-mux\r\n`;
    expect(overOneTransport(sdp)).toBe(
      `${session}a=group:BUNDLE 0 1\r\n${data}${candidate}${ice}${audio}a=sendonly\r\na=rtcp-mux\r\n${ice}`,
    );
  });

  it("are those that the group names; others are left as they are", () => {
    for (const sdp of [
      `${session}a=group:BUNDLE 0\r\n${data}${ice}${audio}${own}`,
      `${session}${data}${ice}${audio}${own}`,
      `${session}a=group:BUNDLE 7\r\n${data}${ice}${audio}${own}`,
      "v=0",
      "",
    ]) {
      expect(overOneTransport(sdp)).toBe(sdp);
    }
  });

  it("are not made much longer by what the first one says", () => {
    const many = Array.from({ length: 64 }, (_, index) => audio.replace("a=mid:1", `a=mid:${index + 1}`)).join("");
    const group = `a=group:BUNDLE ${Array.from({ length: 65 }, (_, index) => index).join(" ")}\r\n`;
    const long = `${session}${group}${data}${ice.repeat(500)}a=ice-options:${"x".repeat(40_000)}\r\n${many}`;
    expect(overOneTransport(long).length).toBeLessThan(long.length + 64 * 600);
    const endless = `${session}${group}${data}a=ice-ufrag:${"x".repeat(40_000)}\r\n${many}`;
    expect(overOneTransport(endless)).toBe(endless);
  });

  it("may stand in any order: the first is the one that comes first in the description", () => {
    const sdp = overOneTransport(`${session}a=group:BUNDLE 1 0\r\n${data}${ice}${audio}${own}`);
    expect(sdp.match(/a=ice-ufrag:\w+/g)).toEqual(["a=ice-ufrag:first", "a=ice-ufrag:first"]);
  });
});

describe("an offer that is told", () => {
  it("leaves it to who answers which side begins DTLS, in all sections", () => {
    expect(askingSetup("a=setup:active\r\na=mid:0\r\na=setup:passive\r\n")).toBe(
      "a=setup:actpass\r\na=mid:0\r\na=setup:actpass\r\n",
    );
  });
});

describe("a peer that tells of a new section other ICE parameters", () => {
  const peers: RTCPeerConnection[] = [];
  afterEach(() => Promise.all(peers.splice(0).map((peer) => peer.close())));

  it("R4.3 keeps its connection with werift", async () => {
    const [one, other] = [new RTCPeerConnection({ iceServers: [] }), new RTCPeerConnection({ iceServers: [] })];
    peers.push(one, other);
    const [channel] = [one, other].map((peer) => peer.createDataChannel("control", { negotiated: true, id: 0 }));
    const exchange = async (change: (sdp: string) => string): Promise<void> => {
      await one.setLocalDescription(await one.createOffer());
      await other.setRemoteDescription({ type: "offer", sdp: change(one.localDescription?.sdp ?? "") });
      await other.setLocalDescription(await other.createAnswer());
      await one.setRemoteDescription({ type: "answer", sdp: overOneTransport(other.localDescription?.sdp ?? "") });
    };
    const open = new Promise<void>((resolve) =>
      channel?.stateChanged.subscribe((state) => state === "open" && resolve()),
    );
    await exchange((sdp) => sdp);
    await open;
    const states: string[] = [];
    other.iceConnectionStateChange.subscribe((state) => states.push(state));
    one.addTransceiver("audio", { direction: "sendonly" });
    const strange = (sdp: string): string =>
      sdp.replace(/(m=audio[^]*?a=ice-ufrag:)\S+([^]*?a=ice-pwd:)\S+/, "$1abcd$2abcdefghijklmnopqrstuvwx");
    await exchange((sdp) => {
      expect(strange(sdp)).not.toBe(sdp);
      return overOneTransport(strange(sdp));
    });
    expect(states).toEqual([]);
    expect(other.iceConnectionState).toBe("connected");
  });
});
