import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isOriginAllowed } from "../../../runtime/signaling/origin.ts";

const at = (origin: string | undefined, host = "192.0.2.5:7443", listenHost = "0.0.0.0", allowed: string[] = []) =>
  isOriginAllowed({ origin, host, listenHost, allowed });

describe("a page may call", () => {
  it.each([
    ["what is no page at all", undefined, undefined, undefined],
    ["one of this machine", "http://localhost:5173", undefined, undefined],
    ["one of this machine, under a name of its own", "https://app.localhost", undefined, undefined],
    ["one of this machine, by its address", "http://127.0.0.1:8080", undefined, undefined],
    ["one of this machine, by any loopback address", "http://127.8.9.1", undefined, undefined],
    ["one of this machine, by IPv6", "http://[::1]:3000", undefined, undefined],
    ["one of the called address", "https://192.0.2.5", undefined, undefined],
    ["one of the called address, by IPv6", "http://[2001:DB8::5]:80", "[2001:db8::5]:7443", undefined],
    ["one of the name that is listened at", "https://gpu.example.com", "GPU.example.com:7443", "gpu.example.com"],
  ])("%s", (_, origin, host, listenHost) => {
    expect(at(origin, host, listenHost)).toBe(true);
  });

  it.each([
    ["one from elsewhere", "https://evil.example", undefined, undefined],
    ["one whose name leads here by its own name server", "http://evil.example:7443", "evil.example:7443", "127.0.0.1"],
    ["one that only looks like this machine", "http://localhost.evil.example", undefined, undefined],
    ["one that begins like a loopback address", "http://127.0.0.1.evil.example", undefined, undefined],
    ["a sandbox or a file", "null", undefined, undefined],
    ["an extension", "chrome-extension://abcdef", undefined, undefined],
    ["what is no origin", "http://", undefined, undefined],
    ["one of another address", "http://192.0.2.6", undefined, undefined],
    ["one that is called by no host", "http://192.0.2.5", "", undefined],
  ])("but not %s", (_, origin, host, listenHost) => {
    expect(at(origin, host, listenHost)).toBe(false);
  });

  it("when its origin is allowed by name, and every page with a star", () => {
    const allowed = ["https://App.example.com"];
    expect(at("https://app.example.com", undefined, undefined, allowed)).toBe(true);
    expect(at("https://app.example.com:8443", undefined, undefined, allowed)).toBe(false);
    expect(at("http://app.example.com", undefined, undefined, allowed)).toBe(false);
    expect(at("null", undefined, undefined, ["null"])).toBe(true);
    expect(at("https://evil.example", undefined, undefined, ["*"])).toBe(true);
  });

  it("by the same answer for any text, without an error", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (origin, host) => {
        expect(typeof at(origin, host)).toBe("boolean");
      }),
    );
  });
});
