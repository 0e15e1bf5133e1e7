import { describe, expect, test } from "vitest";
import {
  formatHostPort,
  formatMeshUri,
  parseMeshUri,
  parsePeerUri,
  parseTargetUri,
} from "../../../runtime/interface/uri.ts";

describe("R10.1 addresses of pipelines", () => {
  test.for([
    ["webrtc://host:7000/Hearing", { scheme: "webrtc", host: "host", port: 7000, pipeline: "Hearing" }],
    ["webrtc://host/Hearing", { scheme: "webrtc", host: "host", port: 7443, pipeline: "Hearing" }],
    ["WebRTC://GPU.Example.com:1/x", { scheme: "webrtc", host: "gpu.example.com", port: 1, pipeline: "x" }],
    ["webrtc://127.0.0.1:0", { scheme: "webrtc", host: "127.0.0.1", port: 0, pipeline: undefined }],
    ["webrtc://127.0.0.1:0/", { scheme: "webrtc", host: "127.0.0.1", port: 0, pipeline: undefined }],
    ["webrtc://[::1]:7000/Hearing", { scheme: "webrtc", host: "::1", port: 7000, pipeline: "Hearing" }],
    ["webrtc://[2001:DB8::192.0.2.1]/H", { scheme: "webrtc", host: "2001:db8::192.0.2.1", port: 7443, pipeline: "H" }],
    ["grpc://h/Weather%20Report", { scheme: "grpc", host: "h", port: 7443, pipeline: "Weather Report" }],
    ["webrtc://h/%E8%81%9E%E3%81%8F", { scheme: "webrtc", host: "h", port: 7443, pipeline: "聞く" }],
    ["webrtc://gpu-1@h:1/x", { scheme: "webrtc", peer: "gpu-1", host: "h", port: 1, pipeline: "x" }],
    ["webrtc+wss://gpu-1@h/x", { scheme: "webrtc", secure: true, peer: "gpu-1", host: "h", port: 7443, pipeline: "x" }],
    ["webrtc+ws://h/x", { scheme: "webrtc", host: "h", port: 7443, pipeline: "x" }],
    ["wss://h", { scheme: "ws", secure: true, host: "h", port: 7443, pipeline: undefined }],
    ["webrtc://h/a%2Fb", { scheme: "webrtc", host: "h", port: 7443, pipeline: "a/b" }],
  ] as const)("%s", ([text, expected]) => {
    const uri = parseMeshUri(text);
    expect(uri).toEqual(expected);
    expect(parseMeshUri(formatMeshUri(uri))).toEqual(uri);
  });

  test.for([
    ["Hearing", /no scheme/],
    ["webrtc:host", /no scheme/],
    ["webrtc:///Hearing", /host is missing/],
    ["webrtc://host:port/Hearing", /"port" is not a port/],
    ["webrtc://host:70000/Hearing", /"70000" is not a port/],
    ["webrtc://host:/Hearing", /"" is not a port/],
    ["webrtc://::1:7443/Hearing", /brackets/],
    ["webrtc://[::zz]/Hearing", /"::zz" is not an IPv6 address/],
    ["webrtc://[1:2:3]/Hearing", /not an IPv6 address/],
    ["webrtc://[fe80::1%25eth0]/Hearing", /not an IPv6 address/],
    ["webrtc://me:secret@host/Hearing", /passwords/],
    ["webrtc://a b@host/Hearing", /id of a peer/],
    ["webrtc://host/Hearing?x=1", /query/],
    ["webrtc://host/Hearing#x", /query or fragment/],
    ["webrtc://host/a/b", /one pipeline name/],
    ["webrtc://host/%zz", /percent escape/],
    ["webrtc://host/a%0Ab", /control character/],
    ["webrtc://ho st/a", /not a host name/],
    [`webrtc://host/${"a".repeat(129)}`, /longer than 128/],
    ["", /no scheme/],
  ] as const)("refuses %s and says why", ([text, why]) => {
    expect(() => parseMeshUri(text)).toThrow(why);
    expect(() => parseMeshUri(text)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });

  test("says when a pipeline is missing or the scheme is another", () => {
    expect(() => parseTargetUri("webrtc://host", "webrtc")).toThrow(
      /names no pipeline; add one, as in webrtc:\/\/host:7443\/Name/,
    );
    expect(() => parsePeerUri("grpc://host", "webrtc")).toThrow(/scheme is "grpc", "webrtc" is wanted/);
  });

  test("writes hosts and ports as they are dialled", () => {
    expect(formatHostPort({ host: "::1", port: 1 })).toBe("[::1]:1");
    expect(formatHostPort({ host: "h", port: 1 })).toBe("h:1");
  });
});
