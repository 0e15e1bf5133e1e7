import { describe, expect, it } from "vitest";
import { prepareRename, rename } from "../../../compiler/language-service/rename.ts";
import { edited, marked } from "./support/marked.ts";
import { markedAt, program } from "./support/program.ts";

describe("renaming", () => {
  it.each([
    ["a record", "Word {", 1, "Term"],
    ["a value of an enum", "calm, excited", 1, "quiet"],
    ["a type variable", "R: rate", 1, "Rate"],
    ["a node", "Loud<", 1, "Strong"],
    ["a parameter", "gain:", 1, "level"],
    ["a parameter of a pipeline", "level: decibel", 1, "gain"],
    ["an interface", "Hears {", 1, "Listens"],
    ["a policy", "patient {", 1, "eager"],
    ["a port", "mic:", 1, "in"],
    ["a port of an interface, with those that stand for it", "words: Word", 1, "said"],
    ["a let", "loud =", 1, "at"],
    ["a remote", "far:", 1, "remote"],
    ["a field", "mood: Mood = calm, next", 1, "feeling"],
    ["a pipeline", "Near: Hears", 1, "Close"],
    ["a peer", "box {", 1, "cube"],
  ])("%s leaves a program that says the same", (_, text, nth, name) => {
    const { service, path, at, textOf } = marked(markedAt(text, nth));
    const { offset } = at();
    const prepared = prepareRename(service, path, offset);
    if (prepared === undefined || "refused" in prepared) throw new Error(JSON.stringify(prepared));
    expect(textOf(path).slice(prepared.span.start, prepared.span.end)).toBe(prepared.name);
    const renamed = rename(service, path, offset, name);
    if (renamed === undefined || "refused" in renamed) throw new Error(JSON.stringify(renamed));
    expect(renamed.edits.length).toBeGreaterThan(1);
    const after = edited(textOf(path), renamed.edits);
    expect(after).not.toBe(program);
    const again = marked(after);
    expect(
      again.service
        .diagnostics()
        .get("main.mesh")
        ?.diagnostics.map((one) => one.message),
    ).toEqual([]);
    // And back: every place was found.
    const back = rename(again.service, path, after.indexOf(name, offset), prepared.name);
    if (back === undefined || "refused" in back) throw new Error(JSON.stringify(back));
    expect(edited(after, back.edits)).toBe(program);
  });

  it("goes through all files, and leaves other names for it alone", () => {
    const { service, at, textOf } = marked({
      "a.mesh": 'import { Say } from "./b.mesh"\npipeline P { in t: text\n  out u: text\n  t -> Sa/*|*/y() -> u }\n',
      "b.mesh": "node Say { in text\n  out text }\n",
      "c.mesh":
        'import { Say as Tell } from "./b.mesh"\npipeline R { in t: text\n  out u: text\n  t -> Tell() -> u }\n',
    });
    const renamed = rename(service, "a.mesh", at().offset, "Speak");
    if (renamed === undefined || "refused" in renamed) throw new Error(JSON.stringify(renamed));
    const after = ["a.mesh", "b.mesh", "c.mesh"].map((path) =>
      edited(
        textOf(path),
        renamed.edits.filter((one) => one.path === path),
      ),
    );
    expect(after).toEqual([
      'import { Speak } from "./b.mesh"\npipeline P { in t: text\n  out u: text\n  t -> Speak() -> u }\n',
      "node Speak { in text\n  out text }\n",
      'import { Speak as Tell } from "./b.mesh"\npipeline R { in t: text\n  out u: text\n  t -> Tell() -> u }\n',
    ]);
  });

  it("changes the name that an import gives in its own file", () => {
    const source = 'import { Vad as Gate } from "std/speech"\npipeline P { in m: text\n  let g = Ga/*|*/te() }\n';
    const { service, at, textOf } = marked(source);
    const renamed = rename(service, "main.mesh", at().offset, "Door");
    if (renamed === undefined || "refused" in renamed) throw new Error(JSON.stringify(renamed));
    expect(edited(textOf("main.mesh"), renamed.edits)).toBe(
      'import { Vad as Door } from "std/speech"\npipeline P { in m: text\n  let g = Door() }\n',
    );
  });

  it.each([
    ["what another declaration has", "Loud<", "Hear", "`Hear` is a node in main.mesh already."],
    ["what another member has", "mic:", "far", "`Main` has a remote named `far` already."],
    ["a reserved word", "mic:", "map", "`map` is a word of the language, which nothing can be called."],
    [
      "a word that begins a step",
      "loud =",
      "flush",
      "`flush` begins a step of its own; nothing in a pipeline can be called that.",
    ],
    [
      "no name",
      "loud =",
      "two words",
      "`two words` is no name: letters, digits and _ make one, and it begins with no digit.",
    ],
  ])("refuses %s", (_, text, name, refused) => {
    const { service, path, at } = marked(markedAt(text));
    expect(rename(service, path, at().offset, name)).toEqual({ refused });
  });

  it("refuses what the standard library declares, and ports that have no name", () => {
    const { service, path, at } = marked(
      'import { Vad } from "std/speech"\nnode N { in text\n  out text }\npipeline P { let g = Va/*std*/d()\n  let n = N()\n  n.ou/*port*/t -> g }\n',
    );
    expect(prepareRename(service, path, at("std").offset)).toMatchObject({
      refused: expect.stringContaining("standard"),
    });
    expect(prepareRename(service, path, at("port").offset)).toMatchObject({
      refused: expect.stringContaining("no name"),
    });
  });

  it.each(["pipeline Main", "remote far", "in  mic", "latency 20ms", '"it goes"', "-> heard,"])(
    "offers nothing at the keyword or value %j",
    (text) => {
      const { service, path, at } = marked(markedAt(text));
      expect(prepareRename(service, path, at().offset)).toBeUndefined();
      expect(rename(service, path, at().offset, "x")).toBeUndefined();
    },
  );
});
