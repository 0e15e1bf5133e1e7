import { describe, expect, it } from "vitest";
import { complete } from "../../../compiler/language-service/completion/complete.ts";
import { plainText, type CompletionItem } from "../../../compiler/language-service/completion/item.ts";
import { edited, marked } from "./support/marked.ts";
import { program } from "./support/program.ts";

/** What is offered at `|` in a file, the best first. */
function offered(source: string, files: Readonly<Record<string, string>> = {}): readonly CompletionItem[] {
  const { service, at } = marked({ "main.mesh": source.replace("┆", "/*|*/"), ...files });
  service.diagnostics();
  const { path, offset } = at();
  const found = complete(service, path, offset, service.lastProgram(path));
  return (found?.items ?? []).toSorted((a, b) => a.rank - b.rank);
}

/** In a pipeline of the program that all tables share. */
const inMain = (line: string): string => program.replace("  budget 1s mic -> heard\n", `${line}\n`);
const labels = (items: readonly CompletionItem[]): string[] => items.map((one) => one.label);

describe("completion of what has been typed in part", () => {
  const half = (line: string): { readonly all: string[]; readonly isPart: boolean } => {
    const { service, at } = marked({ "main.mesh": inMain(line).replace("┆", "/*|*/"), "other.mesh": "node Other {}" });
    service.diagnostics();
    const { path, offset } = at();
    const found = complete(service, path, offset, service.lastProgram(path));
    return { all: labels(found?.items ?? []), isPart: found?.isPart ?? false };
  };

  it("offers the declarations that have its letters in their order, and says that there are more", () => {
    const { all, isPart } = half("  mic ~> OEnc┆");
    expect(all).toContain("OpusEncode");
    expect(all).not.toContain("Other");
    expect(isPart).toBe(true);
    expect(half("  mic ~> oth┆").all).toContain("Other");
  });

  it("offers all of them where nothing has been typed", () => {
    const { all, isPart } = half("  mic ~> ┆");
    expect(all).toEqual(expect.arrayContaining(["OpusEncode", "Other", "Loud"]));
    expect(isPart).toBe(false);
  });

  it("offers all that is in sight and some of what is not, of which there may be thousands", () => {
    const nodes = Array.from({ length: 500 }, (_, number) => `node Far${number} { in text\n out text }`).join("\n");
    const list = (typed: string): string[] => labels(offered(inMain(`  mic ~> ${typed}┆`), { "far.mesh": nodes }));
    expect(list("")).toEqual(expect.arrayContaining(["Loud", "OpusEncode", "Far1"]));
    expect(list("").length).toBeLessThan(200);
    expect(list("")).not.toContain("Far499");
    expect(list("r499")).toContain("Far499");
  });

  it("offers of very many that are in sight those that fit best", () => {
    const texts = Array.from({ length: 300 }, (_, number) => `node Text${number} { in text\n out text }`);
    const fitting = "node Fitting { in audio\n out audio }";
    const source = `${inMain("  loud ~> ┆")}\n${[...texts, fitting].join("\n")}\n`;
    const all = labels(offered(source));
    expect(all).toEqual(expect.arrayContaining(["far", "Fitting", "OpusEncode"]));
    expect(all.filter((one) => one.startsWith("Text")).length).toBeLessThan(100);
    expect(labels(offered(source.replace("~> ┆", "~> t299┆")))).toContain("Text299");
  });

  it("offers what peers run by the name of either", () => {
    const target = (typed: string): string[] => half(`  remote x: Hears {\n    at   ${typed}┆\n  }`).all;
    expect(target("Nea")).toContain("box.Near");
    expect(target("bo")).toContain("box.Near");
    expect(target("Lo")).not.toContain("box.Near");
  });

  it("imports the peer of another file from where it is", () => {
    const lib = 'pipeline P { in a: text\n out b: text\n a -> b }\npeer far { listens "webrtc://far"\n runs P }\n';
    const items = offered(inMain("  remote x: Hears {\n    at   fa┆\n  }"), { "lib/far.mesh": lib });
    const edits = items.find((one) => one.label === "far.P")?.edits?.();
    expect(edits?.map((one) => one.newText.trim())).toEqual(['import { far } from "./lib/far.mesh"']);
  });
});

describe("completion", () => {
  it.each([
    ["at the top", "┆", ["import", "record", "pipeline", "peer", "batch"], ["let"]],
    ["at the top, half typed", "pip┆", ["pipeline"], ["let"]],
    ["of a contract", "interface I { in text }\npipeline P: ┆", ["I"], ["P", "text"]],
    ["of a scenario", 'pipeline P { in a: text }\nscenario "x" for ┆', ["P"], []],
    ["of what a module declares", 'import { ┆ } from "std/speech"', ["Vad", "Recognise"], ["Resample"]],
    ["of modules", 'import { A } from "┆"', ["std/audio", "std/speech", "./other.mesh"], ["./main.mesh"]],
    ["of a type of a field", "record R { a: ┆ }", ["text", "duration", "R"], ["audio", "signal"]],
    ["of a type of a port", "node N {\n  in  a: ┆\n}", ["audio", "text", "signal"], ["N"]],
    ["of a port without a name", "node N {\n  in ┆\n}", ["audio", "text"], []],
    ["of codecs", "node N {\n  in audio<┆>\n}", ["opus", "48kHz", "mono"], ["vp8", "30fps", "f32"]],
    ["of the dimensions that are left", "node N {\n  in video<vp8, ┆>\n}", ["1280x720", "30fps"], ["h264", "opus"]],
    ["of alternatives", "node N {\n  in audio<opus | ┆>\n}", ["pcmu"], []],
    ["of variables in a format", "node N<R: rate> {\n  in audio<┆>\n}", ["R", "opus"], []],
    ["of dimensions of a variable", "node N<R: ┆", ["rate", "channels", "codec"], ["text"]],
    ["of members of a node", "node N {\n  ┆\n}", ["in", "out", "latency", "converts", "from"], ["let", "remote"]],
    ["of capabilities", "node N {\n  requires ┆\n}", ["gpu", "memory", "codecs"], []],
    ["of properties", "node N {\n  requires gpu.┆\n}", ["memory"], []],
    ["of joins", "node N {\n  join ┆\n}", ["time", "index", "latest"], []],
    [
      "of members of a pipeline",
      inMain("  ┆"),
      ["let", "remote", "budget", "mic", "loud", "far", "Loud"],
      ["heard", "Main"],
    ],
    ["of members of a peer", "peer p {\n  ┆\n}", ["runs", "listens", "provides"], ["let"]],
    ["of what a peer runs", `${program}peer p {\n  runs ┆\n}`, ["Main", "Near"], ["Loud"]],
    ["of a let", inMain("  let x = ┆"), ["Loud", "Near", "Vad"], ["far", "Hears"]],
    ["of parameters", inMain("  let x = Loud(┆)"), ["gain", "mood"], ["mic"]],
    ["of parameters that are left", inMain("  let x = Loud(gain: 3dB, ┆"), ["mood"], ["gain"]],
    ["of an enum", inMain("  let x = Loud(mood: ┆)"), ["calm", "excited", "level"], ["gain"]],
    ["of units", inMain("  let x = Loud(gain: ┆)"), ["-6dB", "level"], ["48kHz"]],
    ["of a remote", inMain("  remote x: ┆"), ["Hears"], ["Loud"]],
    ["of a policy", inMain("  remote x: Hears with ┆"), ["patient"], ["Loud"]],
    ["of targets", inMain("  remote x: Hears {\n    at   ┆\n  }"), ["box.Near", "Near", "service"], []],
    ["of clauses", inMain("  remote x: Hears {\n    ┆\n  }"), ["at", "else", "retry", "via"], ["let"]],
    ["of transports", "policy p {\n  via ┆\n}", ["auto", "webrtc", "grpc"], []],
    ["of services", inMain('  remote x: Hears {\n    at service "┆"\n  }'), ["Near"], []],
    ["behind a service", inMain('  remote x: Hears {\n    at service "Near" ┆\n  }'), ["where", "prefer"], []],
    [
      "of preferences",
      inMain('  remote x: Hears {\n    at service "Near", prefer ┆\n  }'),
      ["fastest", "adaptive"],
      [],
    ],
    ["of steps", inMain("  mic ~> ┆"), ["loud", "far", "heard", "Loud", "any", "route", "flush"], ["mic"]],
    ["of steps, half typed", inMain("  mic ~> lo┆"), ["loud"], []],
    ["of branches", inMain("  mic ~> [loud, ┆"), ["far", "Loud"], []],
    ["of output ports", inMain("  loud.┆ ~> far"), ["louder", "sound"], []],
    ["of fields", inMain("  far.words -> route ┆"), ["mood", "text"], []],
    ["of values of a field", inMain("  far.words -> route mood {\n    ┆\n  }"), ['"calm"', '"excited"', "else"], []],
    ["of what can be flushed", inMain("  mic -> flush ┆"), ["loud", "far"], []],
    ["of options of a link", inMain("  mic ~> loud with { ┆ }"), ["buffer", "overflow"], ["worker"]],
    ["of options of a node", inMain("  let x = Loud() with { ┆ }"), ["worker", "restart"], ["buffer"]],
    ["of values of an option", inMain("  mic ~> loud with { overflow: ┆ }"), ["drop_oldest", "block"], []],
    ["of balancing", inMain("  mic ~> any(┆) [loud]"), ["round_robin", "hash"], []],
    ["of ports of a budget", inMain("  budget 1s ┆"), ["mic"], []],
    ["of steps of a scenario", 'scenario "x" for Main {\n  ┆\n}', ["at", "feed", "expect gap"], []],
    ["of ports of a scenario", `${program}scenario "x" for Main {\n  expect gap ┆\n}`, ["mic", "heard"], ["loud"]],
    ["of peers of a scenario", `${program}scenario "x" for Main {\n  at 2s kill ┆\n}`, ["box"], []],
    ["of code", 'node N {\n  in text\n  from "┆"\n}', ["./code.ts"], ["./main.mesh"]],
  ])("%s", (_, source, wanted, unwanted) => {
    const found = labels(offered(source, { "other.mesh": "record Other { a: text }\n", "code.ts": "" }));
    expect(found).toEqual(expect.arrayContaining(wanted));
    for (const one of unwanted) expect(found).not.toContain(one);
  });

  it("offers first what takes the format that flows, then what comes near", () => {
    const found = labels(offered(inMain("  loud ~> ┆")));
    const order = ["loud", "far", "Loud", "heard", "Hear"].map((one) => found.indexOf(one));
    expect(order[0]).toBe(0);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it("adds the import of what is not in sight, to one that is there or as a line of its own", () => {
    const put = (source: string): string => {
      const { service, at, textOf } = marked(source.replace("┆", "/*|*/"));
      const found = complete(service, "main.mesh", at().offset, service.lastProgram("main.mesh"));
      const item = found?.items.find((one) => one.label === "Vad");
      if (found === undefined || item === undefined) throw new Error("no Vad");
      const newText = plainText(item.snippet ?? item.label);
      return edited(textOf("main.mesh"), [...(item.edits?.() ?? []), { ...found.span, newText }]);
    };
    expect(put("pipeline P {\n  let v = ┆\n}\n")).toBe(
      'import { Vad } from "std/speech"\n\npipeline P {\n  let v = Vad()\n}\n',
    );
    expect(put('import { Recognise } from "std/speech"\npipeline P {\n  let v = Va┆\n}\n')).toBe(
      'import { Recognise, Vad } from "std/speech"\npipeline P {\n  let v = Vad()\n}\n',
    );
    expect(put('import { Gain } from "std/audio"\npipeline P {\n  let v = V┆\n}\n')).toBe(
      'import { Gain } from "std/audio"\nimport { Vad } from "std/speech"\npipeline P {\n  let v = Vad()\n}\n',
    );
  });

  it("asks for the parameters that have no default", () => {
    const found = offered(
      "node N(a: text, b: int = 1, c: bool?) { in text\n  out text }\npipeline P {\n  let n = ┆\n}\n",
    );
    expect(found.find((one) => one.label === "N")?.snippet).toBe("N(a: ${1:text})");
  });

  it("offers nothing in comments, and behind numbers", () => {
    for (const source of ["// a ┆", "/* a ┆ */", "/// doc ┆", "policy p { retry 5┆ }"]) {
      expect(labels(offered(source))).toEqual([]);
    }
  });

  it("answers at every offset of a program and of each of its beginnings", () => {
    const { service } = marked(program);
    for (let offset = 0; offset <= program.length; offset += 3) {
      expect(() => complete(service, "main.mesh", offset, service.lastProgram("main.mesh"))).not.toThrow();
    }
    for (let end = 0; end <= program.length; end += 41) {
      service.hold("main.mesh", program.slice(0, end), end + 2);
      expect(() => complete(service, "main.mesh", end, service.lastProgram("main.mesh"))).not.toThrow();
    }
  });
});
