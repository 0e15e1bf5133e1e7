import { describe, expect, it } from "vitest";
import { definition, implementation, typeDefinition } from "../../../compiler/language-service/definition.ts";
import { highlights, references } from "../../../compiler/language-service/references.ts";
import { markedAt, program } from "./support/program.ts";
import { marked } from "./support/marked.ts";

describe("the definition", () => {
  it("is looked for in a program that is right", () => {
    const { service } = marked(program);
    expect([...service.diagnostics().values()].flatMap((one) => one.diagnostics.map((d) => d.message))).toEqual([]);
  });

  it.each([
    ["of a record", "Word\n}", 1, "Word {"],
    ["of an enum in a field", "Mood = calm, next", 1, "Mood {"],
    ["of a value of an enum as a default", "calm, next", 1, "calm, excited }"],
    ["of a value of an enum as an argument", "excited)", 1, "excited }"],
    ["of a type variable in a format", "R, mono>\n  out", 1, "R: rate"],
    ["of a node", "Loud(gain: level", 1, "Loud<"],
    ["of a parameter that is given", "gain: level", 1, "gain: decibel"],
    ["of a parameter that is used", "level, mood: excited", 1, "level: decibel"],
    ["of an interface", "Hears with", 1, "Hears {"],
    ["of a contract", "Hears {\n  in  speech", 2, "Hears {"],
    ["of a policy", "patient {\n    at", 1, "patient { retry"],
    ["of a peer in a target", "box.Near", 1, "box {\n  runs"],
    ["of a pipeline of a peer", "Near\n    else", 1, "Near: Hears"],
    ["of a port in a flow", "mic ~>", 1, "mic: audio"],
    ["of a let in a flow", "loud ~>", 1, "loud = Loud"],
    ["of a remote in a flow", "far.words", 1, "far: Hears"],
    ["of a port of a box", "words -> route", 1, "words: Word"],
    ["of a field of what flows", 'mood { "calm"', 1, "mood: Mood = calm, next"],
    ["of a port in a budget", "heard\n}\n\npipeline", 1, "heard: Word"],
    ["of a peer in a scenario", "box\n  expect", 1, "box {\n  runs"],
    ["of a remote in a scenario", "far uses", 1, "far: Hears"],
    ["of a target in a scenario", "Near within", 1, "Near: Hears"],
    ["of a port in a scenario", "heard <=", 1, "heard: Word"],
    ["of the pipeline of a scenario", "Main {\n  at", 1, "Main(level"],
    ["of what is declared, itself", "Hear {", 1, "Hear { in"],
    ["of a value of an enum in quotes", 'calm" ->', 1, "calm, excited }"],
  ])("%s", (_, text, nth, wanted) => {
    const { service, at, textOf } = marked(markedAt(text, nth));
    const { path, offset } = at();
    const found = definition(service, path, offset);
    expect(found).toHaveLength(1);
    const name = /^\w+/.exec(wanted)?.[0];
    const { start = -1, end = -1 } = found[0] ?? {};
    expect(textOf(path).slice(start, end)).toBe(name);
    expect(textOf(path).slice(start, start + wanted.length)).toBe(wanted);
  });

  it.each([
    ["of a name that an import changes", 'import { Vad as Ga/*|*/te } from "std/speech"\n', "std/speech", "Vad"],
    ["behind an import", 'import { Vad } from "std/sp/*|*/eech"\n', "std/speech", ""],
  ])("%s", (_, source, module, text) => {
    const { service, at, textOf } = marked(source);
    const [found] = definition(service, at().path, at().offset);
    expect(found?.path).toBe(module);
    expect(textOf(module).slice(found?.start, found?.end)).toBe(text);
  });

  it("of code, and of whoever runs a service", () => {
    const source = `node N { in text
  out text
  from "./n/*code*/.ts" }
interface I { in text
  out text }
pipeline P { in a: text
  out b: text
  remote r: I { at service "ti/*service*/ny" }
  a -> r -> b }
peer p { runs P as "tiny" }
`;
    const { service, at, shown } = marked({ "deep/main.mesh": source, "deep/n.ts": "" });
    expect(definition(service, "deep/main.mesh", at("code").offset)).toMatchObject([{ path: "deep/n.ts" }]);
    expect(definition(service, "deep/main.mesh", at("service").offset).map(shown)).toEqual([
      'deep/main.mesh 10: "tiny"',
    ]);
  });

  it("of the type and of what makes it true", () => {
    const one = marked(markedAt("loud ~>"));
    expect(typeDefinition(one.service, one.path, one.at().offset).map(one.shown)).toEqual(["main.mesh 12: Loud"]);
    const two = marked(markedAt("heard: Word"));
    expect(typeDefinition(two.service, two.path, two.at().offset).map(two.shown)).toEqual(["main.mesh 2: Word"]);
    const three = marked(markedAt("Hears {"));
    expect(implementation(three.service, three.path, three.at().offset).map(three.shown)).toEqual([
      "main.mesh 37: Near",
    ]);
  });
});

describe("references", () => {
  const files = {
    "a.mesh": 'import { Say } from "./b.mesh"\npipeline P { in t: text\n  out u: text\n  t -> Sa/*|*/y() -> u }\n',
    "b.mesh": "node Say { in text\n  out text }\npipeline Q { in t: text\n  out u: text\n  t -> Say() -> u }\n",
    "c.mesh": 'import { Say as Tell } from "./b.mesh"\npipeline R { in t: text\n  out u: text\n  t -> Tell() -> u }\n',
    "d.mesh": "node Say { in text\n  out text }\n",
  };

  it("are found in all files, under whatever name, and nowhere else", () => {
    const { service, at, shown } = marked(files);
    const { path, offset } = at();
    expect(references(service, path, offset, { includeDeclaration: true }).map(shown).toSorted()).toEqual([
      "a.mesh 1: Say",
      "a.mesh 4: Say",
      "b.mesh 1: Say",
      "b.mesh 5: Say",
      "c.mesh 1: Say",
      "c.mesh 1: Tell",
      "c.mesh 4: Tell",
    ]);
    expect(references(service, path, offset, { includeDeclaration: false })).toHaveLength(6);
  });

  it("light up in one file", () => {
    const { service, at, path, shown } = marked(markedAt("far.words"));
    const found = highlights(service, path, at().offset);
    expect(found.map(({ span, isWrite }) => `${shown({ path, ...span })}${isWrite ? " *" : ""}`)).toEqual([
      "main.mesh 28: far *",
      "main.mesh 32: far",
      "main.mesh 33: far",
      "main.mesh 50: far",
    ]);
  });

  it.each(["retry 2", "  latency 100", '"it goes"', "// nothing", "{ at"])("are none at %j", (text) => {
    const source = `${program}// nothing here\n`;
    const offset = source.indexOf(text);
    const { service, path } = marked(source);
    expect(references(service, path, Math.max(0, offset), { includeDeclaration: true })).toEqual([]);
  });
});
