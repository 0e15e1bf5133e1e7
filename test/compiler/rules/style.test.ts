import { describe, it } from "vitest";
import { expectOnly } from "../support/marked.ts";

const program = (one: string, two: string): string => `
interface Talks { in t: text
 out u: text }
node N { in text
 out text
 from "./x.ts" }
pipeline P { in t: text
 out u: text
 let ${one} = N()
 remote ${two}: Talks { at "webrtc://far/x" }
 t -> ${one.replace(/[«»]/g, "")} -> ${two.replace(/[«»]/g, "")} -> u }`;

describe("names of declarations", () => {
  it.each([
    ["a node", 'node «work» { in text\n from "./x.ts" }'],
    ["a pipeline", "pipeline «my_pipe» { in t: text }"],
    ["an interface", "interface «talks» { in text }"],
    ["a record", "record «small_one» { text: text }"],
    ["an enum", "enum «lang» { en, de }"],
    ["an underscore inside", "record «Small_One» { text: text }"],
  ])("lints %s", (_, text) => {
    expectOnly("MESH9001", text);
  });

  it.each([
    ["UpperCamel", "record SmallOne { text: text }"],
    ["one letter", 'node N { in text\n from "./x.ts" }'],
    ["digits", "record H264 { text: text }"],
    ["peers and policies in small letters", "peer edge_one { }\npolicy patient { retry 2 times }"],
    ["peers and policies with a capital letter", "peer Edge { }\npolicy Patient { retry 2 times }"],
  ])("takes %s", (_, text) => {
    expectOnly(undefined, text);
  });
});

describe("names of members", () => {
  it.each([
    ["a field", "record R { «Text»: text }"],
    ["a field in capitals", "record R { «ID»: text }"],
    ["a mixed field", "record R { «some_Text»: text }"],
    ["a parameter", 'node N(«Level»: int) { in text\n from "./x.ts" }'],
    ["an input", 'node N { in «Speech»: text\n from "./x.ts" }'],
    ["an output", 'node N { in text\n out «Out_Put»: text\n from "./x.ts" }'],
    ["a port of an interface", "interface I { in «Speech»: text }"],
  ])("lints %s", (_, text) => {
    expectOnly("MESH9002", text);
  });

  it("lints a let and a remote", () => {
    expectOnly("MESH9002", program("«Work»", "far"));
    expectOnly("MESH9002", program("work", "«Far»"));
    expectOnly(undefined, program("my_work", "farAway"));
  });

  it.each([
    ["snake_case", "record R { some_text: text, a1: int }"],
    ["camelCase", "record R { someText: text, x: int }"],
    ["type variables", 'node N<R: rate> { in audio<pcm_f32, R>\n from "./x.ts" }'],
    ["values of enums", "enum Lang { EN, De, fr_FR }"],
  ])("takes %s", (_, text) => {
    expectOnly(undefined, text);
  });
});
