import { describe, expect, it } from "vitest";
import { Workspace } from "../../../compiler/check/workspace.ts";
import { codesOfAll } from "../../../compiler/check/rules/index.ts";
import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.ts";
import { memoryHost } from "../../../compiler/host/memory.ts";
import { LanguageService } from "../../../compiler/language-service/service.ts";
import { envNumber } from "../../support/env-number.ts";
import { randomEdit, randomNumbers } from "../../support/random-edit.ts";
import { standard } from "../support/marked.ts";
import { program } from "./support/program.ts";

const edits = envNumber("MESH_EDITS", 120);
const seed = envNumber("MESH_SEED", 1);

function opened(text: string): LanguageService {
  const service = new LanguageService(memoryHost({ "main.mesh": text }, standard));
  service.setSources(["main.mesh"]);
  service.hold("main.mesh", text, 1);
  service.diagnostics();
  return service;
}

/** What comes of work that is done a step at a time. */
function all<T>(work: Generator<undefined, T, undefined>): T {
  let step = work.next();
  while (step.done !== true) step = work.next();
  return step.value;
}

const shown = ({ code, message, place: { source, span } }: Diagnostic): string =>
  `${code} ${source.text.slice(span.start, span.end)}: ${message}`;

describe("an edit, before everything is checked again", () => {
  it("tells what is wrong in the declaration, and keeps what is known of others where it stands now", () => {
    const wrong = program.replace("scenario", "pipeline Odd {\n  in a: txt\n  out b: text\n}\n\nscenario");
    const service = opened(wrong);
    const before = service.diagnostics().get("main.mesh")?.diagnostics.map(shown) ?? [];
    expect(before.some((one) => one.startsWith("MESH2001 txt"))).toBe(true);
    service.hold("main.mesh", wrong.replace("Hear() -> words", "Heart() -> words"), 2);
    const near = all(service.near("main.mesh"));
    expect(near?.version).toBe(2);
    const found = near?.diagnostics.map(shown) ?? [];
    expect(found.filter((one) => !before.includes(one))).toEqual([
      "MESH2001 Heart: Nothing named `Heart` is in sight; a node or pipeline is needed here.",
    ]);
    expect(found.filter((one) => before.includes(one))).toEqual(before);
  });

  it("takes back what is mended", () => {
    const service = opened(program.replace("Hear() -> words", "Heart() -> words"));
    service.hold("main.mesh", program, 2);
    expect(all(service.near("main.mesh"))?.diagnostics).toEqual([]);
  });

  it("tells what the rules say of it", () => {
    const service = opened(program);
    service.hold("main.mesh", program.replace("budget 1s", "budget 10ms"), 2);
    const full = opened(program.replace("budget 1s", "budget 10ms")).diagnostics().get("main.mesh")?.diagnostics ?? [];
    expect(full.length).toBeGreaterThan(0);
    expect(all(service.near("main.mesh"))?.diagnostics.map(shown)).toEqual(full.map(shown));
  });

  it("forgets edits that were taken back, however many there are", () => {
    const records = Array.from({ length: 20 }, (_, number) => `record R${number} {\n  word: text\n}\n`);
    const text = records.join("\n");
    const service = opened(text);
    for (let number = 0, version = 2; number < records.length; number += 1, version += 2) {
      service.hold("main.mesh", text.replace(`R${number} {\n  word: text`, `R${number} {\n  word: txt`), version);
      expect(all(service.near("main.mesh"))?.diagnostics.map(({ code }) => code)).toEqual(["MESH2001"]);
      service.hold("main.mesh", text, version + 1);
      expect(all(service.near("main.mesh"))).toEqual({ version: version + 1, diagnostics: [] });
    }
  });

  it("says nothing where an edit cannot be told from the rest", () => {
    const service = opened(program);
    service.hold("main.mesh", `${program}pipeline P {`, 2);
    expect(all(service.near("main.mesh"))).toBeUndefined();
  });

  it(`says of ${edits} edits of one declaration what the check of everything says of it`, () => {
    const random = randomNumbers(seed);
    let compared = 0;
    for (let count = 0; count < edits; count += 1) {
      const { text } = randomEdit(program, random);
      const workspace = new Workspace(memoryHost({ "main.mesh": program }, standard));
      workspace.add("main.mesh");
      workspace.diagnostics();
      workspace.update("main.mesh", text);
      const near = all(workspace.near("main.mesh"));
      if (near === undefined) continue;
      compared += 1;
      const whole = workspace.diagnostics("main.mesh").filter(({ code }) => !codesOfAll.has(code));
      expect(whole.map(shown), text).toEqual(expect.arrayContaining(near.diagnostics.map(shown)));
    }
    expect(compared).toBeGreaterThan(edits / 4);
  });
});

describe("the first check of a project", () => {
  it("begins with the files that are open: names and formats, then what the rules say, then the other files", () => {
    const main = 'import { R, S } from "./lib.mesh"\nnode N { in R\n out txt }\n';
    const files = { "main.mesh": main, "lib.mesh": "record R { a: txt }\nrecord S { a: text }\n" };
    const service = new LanguageService(memoryHost(files, standard));
    service.hold("main.mesh", main, 1);
    const codesOf = (path: string): string[] => all(service.early(path))?.diagnostics.map(({ code }) => code) ?? [];
    const known: unknown[] = [];
    for (const path of service.check()) {
      if (path !== undefined) known.push([path, codesOf("main.mesh"), codesOf("lib.mesh")]);
    }
    expect(known.slice(0, 3)).toEqual([
      ["main.mesh", ["MESH2001"], []],
      ["main.mesh", ["MESH2006", "MESH2001"], []],
      expect.arrayContaining([["MESH2006", "MESH2001"]]),
    ]);
    expect(known.at(-1)).toEqual([expect.any(String), ["MESH2006", "MESH2001"], ["MESH2001"]]);
  });

  const pipelines = (words: readonly string[]): string =>
    words.map((word, number) => `pipeline P${number} {\n  in a: ${word}\n  out b: text\n  a -> b\n}\n`).join("\n");

  it("tells the first name that is wrong as soon as it is known", () => {
    const texts = Array.from({ length: 8 }, () => "text");
    const main = `${pipelines(texts)}\n${pipelines(["text"]).replace("P0", "Q").replace("->", "-> Lost() ->")}`.replace(
      "a -> b",
      "a -> Gone() -> b",
    );
    const service = new LanguageService(memoryHost({ "main.mesh": main }, standard));
    service.hold("main.mesh", main, 1);
    const known: (readonly string[])[] = [];
    for (const path of service.check()) {
      if (path === "main.mesh") known.push(all(service.early(path))?.diagnostics.map(shown) ?? []);
    }
    const [first, second] = service.diagnostics().get("main.mesh")?.diagnostics.map(shown) ?? [];
    expect(known.map((one) => one.slice(0, 2))).toEqual([[first], [first, second], [first, second]]);
  });

  it("goes on while somebody types, and then tells what has been typed", () => {
    const words = Array.from({ length: 20 }, () => "text");
    const textOf = (round: number): string => pipelines(words.with(round % words.length, `w${round}`));
    const service = new LanguageService(memoryHost({ "main.mesh": "" }, standard));
    service.hold("main.mesh", pipelines(words), 1);
    let version = 1;
    let told: readonly string[] = [];
    for (const path of service.check()) {
      told = path === undefined ? [] : (all(service.early(path))?.diagnostics.map(shown) ?? []);
      if (told.length > 0) break;
      // As fast as anybody could, so that a check that began again with each letter would never be done.
      version += 1;
      if (version > 1_000) break;
      service.hold("main.mesh", textOf(version), version);
    }
    expect(told).toEqual([expect.stringMatching(new RegExp(`^MESH2001 w${version}: `)) as unknown]);
    const fresh = opened(textOf(version)).diagnostics().get("main.mesh")?.diagnostics.map(shown);
    expect(service.diagnostics().get("main.mesh")?.diagnostics.map(shown)).toEqual(fresh);
  });
});
