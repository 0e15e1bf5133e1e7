import { describe, expect, it } from "vitest";
import { expectOnly } from "../support/marked.ts";

const flow = (lines: string, more = ""): string => `
node T { in text
 out text }
node Sum { in a: text
 in b: text
 out text }
node Later { in text
 out text
 delays }
node Gate { in text
 in open: signal
 out text
 out ready: signal }
interface Talks { in t: text
 out u: text }
interface Slow { in t: text
 out u: text
 delays }
pipeline Through { in a: text
 in b: text
 out x: text
 out y: text
 a -> T() -> x
 b -> T() -> y }
pipeline Held { in a: text
 out x: text
 a -> T() -> Later() -> T() -> x }
pipeline P { in t: text
 out u: text
 ${lines} }
${more}`;

describe("loops of streams", () => {
  it.each([
    ["through a node that delays", "let s = Sum()\n t -> s.a\n s -> [Later() -> s.b, u]"],
    ["through a node that delays, in a merge", "let d = Later()\n let x = T()\n [t, d] -> x -> d\n x -> u"],
    ["through a signal", "let a = Gate()\n let b = Gate()\n t -> a -> b -> u\n b.ready -> a.open"],
    [
      "through an interface that delays",
      'remote r: Slow { at "webrtc://far/x" }\n let x = T()\n [t, r] -> x -> r\n x -> u',
    ],
    ["through a pipeline in which something delays", "let h = Held()\n let x = T()\n [t, h] -> x -> h\n x -> u"],
    ["only seemingly, through two ways of one pipeline", "let w = Through()\n t -> w.a\n w.x -> T() -> w.b\n w.y -> u"],
  ])("are taken %s", (_, lines) => {
    expectOnly(undefined, flow(lines));
  });

  it.each([
    ["of a node with itself", "let a = T()\n [t, a] «->» a\n a -> u"],
    ["of two nodes", "let a = T()\n let b = T()\n [t, b] -> a\n a -> u\n a «->» b"],
    ["in one statement", "let a = T()\n let b = T()\n [t, b] -> a «->» b\n a -> u"],
    ["of three nodes", "let a = Sum()\n let b = T()\n t -> a.a\n a -> b -> u\n b -> T() «->» a.b"],
    [
      "through a remote",
      'let a = Sum()\n remote r: Talks { at "webrtc://far/x" }\n t -> a.a\n a -> r -> u\n r «->» a.b',
    ],
    ["through a pipeline", "let w = Through()\n let s = Sum()\n t -> [w.a, s.a]\n w.x -> u\n s -> w.b\n w.y «->» s.b"],
  ])("are refused %s", (_, lines) => {
    expectOnly("MESH5003", flow(lines));
  });

  it("shows the way of the circle", () => {
    const found = expectOnly("MESH5003", flow("let a = T()\n let b = T()\n [t, b] -> a\n a -> u\n a «->» b"));
    expect(found.message).toContain("`b` → `a` → `b`");
    expect(found.related.map((one) => one.message)).toEqual(["`b` goes to `a`"]);
  });

  it("says it once for each circle", () => {
    const text = flow("let a = T()\n let b = T()\n let c = T()\n [t, b, c] -> a\n a -> u\n a -> b\n a «->» c");
    expectOnly("MESH5003", text);
  });

  it("warns of a loop that nothing enters", () => {
    expectOnly("MESH5013", flow("let a = T()\n let d = Later()\n t -> T() -> u\n d -> «a»\n a -> d"));
  });
});

describe("pipelines that stand in each other", () => {
  it("may not stand in themselves", () => {
    expectOnly("MESH5008", "pipeline P { in a: text\n out b: text\n a -> «P»() -> b }");
  });

  it("may not stand in each other in a circle", () => {
    const text = `pipeline A { in a: text
 out b: text
 a -> B() -> b }
pipeline B { in a: text
 out b: text
 a -> C() -> b }
pipeline C { in a: text
 out b: text
 let again = «A»()
 a -> again -> b }`;
    expect(expectOnly("MESH5008", text).message).toContain("`A` → `B` → `C` → `A`");
  });

  it("may not grow without bounds", () => {
    const one = (index: number): string =>
      `pipeline P${index} { in a: text\n out b: text\n a -> ${index === 0 ? "T" : `P${index - 1}`}() -> ${index === 0 ? "T" : index === 13 ? "«P12»" : `P${index - 1}`}() -> b }`;
    const text = `node T { in text\n out text }\n${Array.from({ length: 14 }, (_, index) => one(index)).join("\n")}`;
    expectOnly("MESH5014", text);
  });

  it("may not stand in each other without end", () => {
    const count = 100;
    const lines = Array.from(
      { length: count },
      (_, index) =>
        `pipeline P${index} { in a: text\n out b: text\n a -> ${index === count - 1 ? "T" : `P${index + 1}`}() -> b }`,
    );
    const text = `node T { in text\n out text }\n${lines.join("\n")}`;
    expectOnly("MESH5014", text.replace("P64()", "«P64»()"));
  });
});
