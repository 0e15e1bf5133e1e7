import { describe, expect, it } from "vitest";
import { expectOnly } from "../support/marked.ts";

const nodes = `
node Slow { in text
 out text
 latency 300ms
 from "./x.ts" }
node Quick { in text
 out text
 latency 20ms
 from "./x.ts" }
node Silent { in text
 out text
 from "./x.ts" }
node Two { in text
 out left: text
 out right: text
 latency 10ms
 from "./x.ts" }
interface Talks { in t: text
 out u: text }
`;
const pipeline = (body: string, more = ""): string => `${nodes}${more}
pipeline P { in t: text
 out u: text
 ${body} }`;

const behind = (far: string, at: string, contract = ""): string => `${nodes}
interface Hears { in t: text
 out u: text
 ${contract} }
pipeline Far { in t: text
 out u: text
 ${far} }
peer gpu { runs Far }
pipeline P { in t: text
 out u: text
 remote r: Hears { ${at} }
 t -> r -> u
 budget «200ms» t -> u }`;

const remote = (port: string, body: string, at = 'at "webrtc://far/x"', own = port): string => `
interface Hears { in sound: ${port}
 out words: text }
node Local { in sound: ${port}
 out words: text
 from "./x.ts" }
pipeline P { in a: ${own}
 out w: text
 remote r: Hears { ${at} }
 ${body} }`;

const program = (type: string, options: string, latency = "latency 120ms"): string =>
  `
node Work { in ${type}
 out text
 ${latency}
 from "./x.ts" }
pipeline P { in a: ${type}
 out w: text
 a -> Work() with { ${options} }
 }`.replace("a -> Work() with", "let k = Work()\n k -> w\n a -> k with");

describe("latency budgets", () => {
  it.each([
    ["one node", "t -> Slow() -> u\n budget «200ms» t -> u"],
    ["several nodes", "t -> Slow() -> Quick() -> Slow() -> u\n budget «600ms» t -> u"],
    [
      "the slower of two ways",
      "let two = Two()\n t -> two\n [two.left -> Slow(), two.right -> Quick()] -> u\n budget «300ms» t -> u",
    ],
    ["a part of the way", "let a = Slow()\n let b = Slow()\n t -> Quick() -> a -> b -> u\n budget «250ms» a -> u"],
    ["a way that ends at a box", "let a = Slow()\n let b = Quick()\n t -> a -> b -> u\n budget «250ms» t -> b"],
    ["a named output", "let two = Two()\n t -> two\n two.left -> Slow() -> u\n budget «299ms» two.left -> u"],
    ["only one of two budgets", "t -> Slow() -> u\n budget 1s t -> u\n budget «200ms» t -> u"],
  ])("is exceeded by %s", (_, body) => {
    expectOnly("MESH8001", pipeline(body));
  });

  it.each([
    ["exactly as much", "t -> Slow() -> Quick() -> u\n budget 320ms t -> u"],
    ["what declares nothing", "t -> Silent() -> u\n budget 1ms t -> u"],
    [
      "the faster of two ways between other ports",
      "let two = Two()\n t -> two\n two.left -> Slow() -> u\n two.right -> Quick()\n budget 1ms t -> two",
    ],
    ["the way behind a box", "let a = Slow()\n t -> a -> Quick() -> u\n budget 30ms a -> u"],
  ])("holds for %s", (_, body) => {
    expectOnly(undefined, pipeline(body));
  });

  it("shows the way, and who declares nothing", () => {
    const found = expectOnly("MESH8001", pipeline("let s = Slow()\n t -> s -> Silent() -> u\n budget «200ms» t -> u"));
    expect(found.message).toBe("From `t` to `u` it takes 300ms by what is declared, 100ms more than the budget.");
    expect(found.notes).toEqual(["The way is t → s 300ms → Silent → u.", "`Silent` declares no latency and counts 0."]);
    expect(found.related.map((one) => one.message)).toEqual(["`s` takes 300ms"]);
  });

  it.each([
    ["the interface of a remote declares", "t -> u", "at gpu.Far", "latency 250ms"],
    ["the target of a remote declares", "latency 250ms\n t -> u", "at gpu.Far", ""],
    ["is inside the target of a remote", "t -> Slow() -> u", "at gpu.Far", ""],
    ["is inside a local target", "t -> Slow() -> u", "at Far()", ""],
    ["is behind the first target", "t -> Slow() -> u", "at gpu.Far else Silent()", ""],
  ])("counts what %s", (_, far, at, contract) => {
    expectOnly("MESH8001", behind(far, at, contract));
  });

  it("does not count what only a fallback takes", () => {
    const text = behind("t -> Slow() -> u", "at Quick2()").replace("at Quick2()", 'at "webrtc://far/x" else gpu.Far');
    expectOnly(undefined, text.replace("«", "").replace("»", ""));
  });

  it("counts converters that declare something", () => {
    const text = `
node ToText { in int
 out text
 latency 90ms
 converts at cost 1
 from "./x.ts" }
pipeline P { in n: int
 out u: text
 n ~> u
 budget «50ms» n -> u }`;
    expectOnly("MESH8001", text);
  });

  it.each([
    ["an unknown port", "MESH2001", "t -> Slow() -> u\n budget 1s «tt» -> u"],
    ["an unknown box", "MESH2001", "t -> Slow() -> u\n budget 1s t -> «slow»"],
    ["an unknown port of a box", "MESH2002", "let a = Slow()\n t -> a -> u\n budget 1s t -> a.«inn»"],
    ["a port of a port", "MESH2002", "t -> Slow() -> u\n budget 1s t.«x» -> u"],
    ["no limit", "MESH1002", "t -> Slow() -> u\n budget t «->» u"],
    ["a limit of another kind", "MESH3003", "t -> Slow() -> u\n budget «8kHz» t -> u"],
    ["swapped ends", "MESH5006", "t -> Slow() -> u\n budget 1s «u» -> t"],
    [
      "two boxes that no stream joins",
      "MESH8004",
      "let a = Slow()\n let b = Quick()\n t -> [a -> u, b]\n budget 1s «b -> a»",
    ],
  ])("refuses %s", (_, code, body) => {
    expectOnly(code, pipeline(body.replace("budget 1s «u» -> t", "budget 1s «u» -> u")));
  });
});

describe("raw media over a network", () => {
  it.each([
    ["floating point", "audio<pcm_f32, 48kHz, stereo>", "3.07Mbps"],
    ["integers", "audio<pcm_s16, 16kHz, mono>", "256kbps"],
    ["pictures", "video<i420, 1280x720, 30fps>", "331.78Mbps"],
    ["a choice of raw formats", "audio<pcm_f32 | pcm_s16, 48kHz, mono>", "1.54Mbps"],
  ])("warns of %s", (_, port, rate) => {
    const found = expectOnly("MESH8002", remote(port, "a «->» r -> w"));
    expect(found.message).toContain(rate);
    expect(found.fixes[0]?.applicability).toBe("suggested");
  });

  it.each([
    ["compressed sound", remote("audio<opus, 48kHz, mono>", "a -> r -> w")],
    ["a telephone's sound", remote("audio<pcmu, 8kHz, mono>", "a -> r -> w")],
    ["a choice that holds a compressed one", remote("audio<opus | pcm_f32, 48kHz, mono>", "a -> r -> w")],
    ["a remote that is local", remote("audio<pcm_f32, 48kHz, mono>", "a -> r -> w", "at Local()")],
    ["text", remote("text", "a -> r -> w")],
  ])("is silent for %s", (_, text) => {
    expectOnly(undefined, text);
  });

  it("offers to ask for a compressed format", () => {
    const found = expectOnly("MESH8002", remote("audio<pcm_f32, 16kHz, mono>", "a «->» r -> w"));
    expect(found.fixes[0]?.edits.map((one) => one.newText)).toEqual(["opus", "48kHz", "~>"]);
  });

  it("says it once for each port", () => {
    const text = `
interface Echo { in x: audio<pcm_f32, 48kHz, mono>
 out y: text }
pipeline P { in a: audio<pcm_f32, 48kHz, mono>
 in b: audio<pcm_f32, 48kHz, mono>
 out w: text
 remote r: Echo { at "webrtc://far/x" }
 [a, b] «->» r -> w }`;
    expectOnly("MESH8002", text);
  });
});

describe("a buffer smaller than the latency", () => {
  it.each([
    ["sound", "audio<opus, 48kHz, mono>", "buffer: «4»"],
    ["pictures", "video<vp8, 640x360, 30fps>", "buffer: «2»"],
  ])("is told for %s", (_, type, options) => {
    expectOnly("MESH8003", program(type, options));
  });

  it.each([
    ["enough room", program("audio<opus, 48kHz, mono>", "buffer: 6")],
    ["the usual room", program("audio<opus, 48kHz, mono>", "overflow: drop_oldest")],
    ["data", program("text", "buffer: 1")],
    ["a node that declares nothing", program("audio<opus, 48kHz, mono>", "buffer: 1", "")],
  ])("is silent for %s", (_, text) => {
    expectOnly(undefined, text);
  });

  it("offers the size that is enough", () => {
    const found = expectOnly("MESH8003", program("audio<opus, 48kHz, mono>", "buffer: «4»"));
    expect(found.fixes[0]?.edits[0]?.newText).toBe("6");
  });
});
