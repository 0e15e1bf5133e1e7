import { describe, expect, it } from "vitest";
import { compileText, expectOnly } from "../support/marked.ts";

/** The nodes of pipeline P in the order of its links, with the parameters of what was inserted. */
function path(text: string): string[] {
  const { plan, diagnostics } = compileText(text);
  expect(diagnostics.map((one) => one.message)).toEqual([]);
  const pipeline = plan?.pipelines["P"];
  return (pipeline?.nodes ?? []).flatMap((node) => {
    if (node.inserted !== true) return [];
    const values = Object.values(node.params).map((value) =>
      "literal" in value ? JSON.stringify(value.literal) : "?",
    );
    return [`${node.id}(${values.join(", ")})`];
  });
}

const nodes = `
node Opus { out audio<opus, 48kHz, stereo> }
node Raw { out audio<pcm_s16, 8kHz, mono> }
node Take16 { in audio<pcm_f32, 16kHz, mono> }
node Take48 { in audio<pcm_f32, 48kHz, mono> }
node TakeOpus { in audio<opus, 48kHz, mono> }
node TakeFlac { in audio<flac, 48kHz, mono> }
node Text { out text }
`;

describe("~>", () => {
  it("inserts nothing where the formats agree already", () => {
    expect(
      path(`${nodes}node Give { out audio<pcm_f32, 16kHz..48kHz, mono> }\npipeline P { Give() ~> Take16() }`),
    ).toEqual([]);
  });

  it("inserts the cheapest chain, with the parameters that make it fit", () => {
    expect(path(`${nodes}pipeline P { Opus() ~> Take16() }`)).toEqual(["OpusDecode()", "Resample(16000)", "Remix(1)"]);
    expect(path(`${nodes}pipeline P { Raw() ~> TakeOpus() }`)).toEqual([
      "ToFloat()",
      "Resample(48000)",
      "OpusEncode(32000, true, 0, false)",
    ]);
  });

  it("inserts a chain of its own for each branch, named one after another", () => {
    expect(path(`${nodes}pipeline P { Opus() ~> [Take16(), Take48()] }`)).toEqual([
      "OpusDecode()",
      "Resample(16000)",
      "Remix(1)",
      "OpusDecode#2()",
      "Remix#2(1)",
    ]);
  });

  it("solves all `->` first, and then each `~>` in order of text", () => {
    // The strict link narrows what the other one has to convert to, though it stands behind it.
    expect(
      path(`${nodes}node Pass<R: rate> { in audio<pcm_f32, R, mono>
 out audio<pcm_f32, R, mono> }
pipeline P { let pass = Pass()
 Raw() ~> pass
 pass -> Take48() }`),
    ).toEqual(["ToFloat()", "Resample(48000)"]);
    // The first `~>` that finds an open port settles it; later ones convert.
    expect(path(`${nodes}pipeline P { in mic: audio<pcm_f32, mono>\n mic ~> Take16()\n mic ~> Take48() }`)).toEqual([
      "Resample(48000)",
    ]);
  });

  const convert = (name: string, from: string, to: string, cost: number | string): string =>
    `node ${name} { in ${from}\n out ${to}\n converts at cost ${cost} }`;
  const ends =
    "record A { a: int }\nrecord B { b: int }\nrecord C { c: int }\nrecord D { d: int }\nnode Start { out A }\nnode Goal { in C }";
  const chain = (...converters: string[]): string[] =>
    path(`${ends}\n${converters.join("\n")}\npipeline P { Start() ~> Goal() }`);

  it("takes the cheaper of two ways, then that of fewer nodes, then the one declared first", () => {
    expect(chain(convert("Direct", "A", "C", 5), convert("One", "A", "B", 2), convert("Two", "B", "C", 2))).toEqual([
      "One()",
      "Two()",
    ]);
    expect(chain(convert("One", "A", "B", 2), convert("Two", "B", "C", 2), convert("Direct", "A", "C", 4))).toEqual([
      "Direct()",
    ]);
    expect(chain(convert("Second", "A", "C", 4), convert("First", "A", "C", 4))).toEqual(["Second()"]);
    expect(chain(convert("Late", "A", "B", 1), convert("Early", "A", "B", 1), convert("Last", "B", "C", 1))).toEqual([
      "Late()",
      "Last()",
    ]);
    // The chain declared first counts, not the one whose first node is cheaper.
    expect(
      chain(
        convert("Dear", "A", "B", 2),
        convert("Cheap", "A", "D", 1),
        convert("FromB", "B", "C", 1),
        convert("FromD", "D", "C", 2),
      ),
    ).toEqual(["Dear()", "FromB()"]);
    expect(chain(convert("Free", "A", "C", 0.5), convert("Costly", "A", "C", 1))).toEqual(["Free()"]);
    expect(chain("node Usual { in A\n out C\n converts }")).toEqual(["Usual()"]);
  });

  it("inserts each converter at most once", () => {
    const step =
      "record S { n: int }\nnode Up<N: side> { in tensor<f32, [N]>\n out tensor<f32, [N]>\n converts at cost 1 }";
    const found = expectOnly(
      "MESH3002",
      `${step}\nnode Give { out tensor<f32, [1]> }\nnode Take { in tensor<f32, [2]> }\npipeline P { Give() «~>» Take() }`,
    );
    expect(found.notes).toEqual(["No converter in sight changes side 1 of the shape, 1 instead of 2."]);
  });

  it("takes converters that are imported, and not others", () => {
    const files = {
      "far.mesh": convert("Fit", "A", "C", 1).replace("node", "record A { a: int }\nrecord C { c: int }\nnode"),
    };
    const text = `${ends}\npipeline P { Start() ~> Goal() }`;
    expectOnly("MESH3002", text.replace("~>", "«~>»"), files);
    expectOnly(undefined, `import { Fit } from "./far.mesh"\n${text}`, files);
  });

  it("takes the defaults of parameters that are no part of a format, and needs them", () => {
    const fit = (parameter: string): string =>
      `${ends}\nnode Fit(${parameter}) { in A\n out C\n converts at cost 1 }\npipeline P { Start() ~> Goal() }`;
    expect(path(fit("level: int = 3"))).toEqual(["Fit(3)"]);
    expect(path(fit("level: int?"))).toEqual(["Fit()"]);
    const found = expectOnly("MESH3002", fit("level: int").replace("~>", "«~>»"));
    expect(found.notes.join(" ")).toContain("`Fit` would do, but its parameter `level` has no default");
  });

  it("solves for a parameter in a format even where it has a default", () => {
    const text = `${nodes}node Give { out audio<flac, 8kHz, mono> }
node Rate<R: rate>(to: frequency in 8kHz..48kHz = 48kHz) { in audio<flac, R, mono>
 out audio<pcm_f32, to, mono>
 converts at cost 1 }
node Open { in audio<pcm_f32, mono> }
pipeline P { Give() ~> Take16()
 Give() ~> Open() }`;
    expect(path(text)).toEqual(["Rate(16000)", "Rate#2(48000)"]);
  });

  it("keeps within the range of a parameter", () => {
    const text = `${nodes}node Give { out audio<flac, 8kHz, mono> }
node Rate<R: rate>(to: frequency in 32kHz..48kHz) { in audio<flac, R, mono>
 out audio<pcm_f32, to, mono>
 converts at cost 1 }
pipeline P { Give() ~> Take16() }`;
    expect(path(text)).toEqual(["Rate(48000)", "Resample(16000)"]);
  });

  it("leaves a parameter open that is settled with a remote", () => {
    const { plan } = compileText(`${nodes}interface Far { in sound: audio<pcm_f32, 8kHz..48kHz, mono> }
pipeline P { remote r: Far { at "webrtc://far/x" }
 Opus() ~> r }`);
    const pipeline = plan?.pipelines["P"];
    expect(pipeline?.cells).toEqual([]);
    const other = compileText(`${nodes}node Give { out audio<flac, 8kHz, mono> }
interface Far { in sound: audio<pcm_f32, 16kHz..48kHz, mono> }
node Rate<R: rate>(to: frequency) { in audio<flac, R, mono>
 out audio<pcm_f32, to, mono>
 converts at cost 1 }
pipeline P { remote r: Far { at "webrtc://far/x" }
 Give() ~> r }`).plan?.pipelines["P"];
    expect(other?.cells).toEqual([{ dimension: "rate", allowed: [{ min: 16_000, max: 48_000 }] }]);
    expect(other?.nodes.find((node) => node.id === "Rate")?.params).toEqual({ to: { cell: 0 } });
  });

  it.each([
    ["a codec that nothing makes", "Opus() «~>» TakeFlac()"],
    ["data from sound", "Opus() «~>» Words()"],
    ["sound from data", "Text() «~>» Take16()"],
  ])("is refused for %s", (_, lines) => {
    expectOnly("MESH3002", `${nodes}node Words { in text }\npipeline P { ${lines} }`);
  });

  it("names the nearest that can be reached", () => {
    const found = expectOnly("MESH3002", `${nodes}pipeline P { Opus() «~>» TakeFlac() }`);
    expect(found.notes[0]).toMatch(
      /^The nearest that can be reached is audio<.*>, by `OpusDecode`.*codec pcm_f32 instead of flac\.$/,
    );
    expect(found.related.map((one) => one.message)).toEqual(["`Opus` gives opus", "`TakeFlac` takes flac"]);
  });

  it("offers itself where `->` does not fit", () => {
    const found = expectOnly("MESH3001", `${nodes}pipeline P { Opus() «->» Take16() }`);
    expect(found.hint).toBe("Use `~>`, which puts `OpusDecode`, `Resample`, `Remix` between them.");
    expect(found.fixes[0]?.edits[0]?.newText).toBe("~>");
  });

  it("changes nothing where a chain only seems to fit", () => {
    // Both ends are one stream: what the chain does to one end it does to the other.
    const text = `node Loop<C: codec> { in audio<C, 48kHz, mono>
 in start: audio<C, 48kHz, mono>
 out x: audio<C, 48kHz, mono>
 out y: audio<C, 48kHz, mono>
 delays }
node Flac { in audio<flac> }
pipeline P { in mic: audio
 let l = Loop()
 mic -> l.start
 l.x ~> l.in
 l.y -> Flac() }`;
    expect(path(text)).toEqual([]);
  });

  it.each([
    ["a cost that is a time", "MESH3003", "node N { in text\n out bytes\n converts at cost «3s» }"],
    ["a cost that is negative", "MESH3003", "node N { in text\n out bytes\n converts at cost «-1» }"],
    ["two outputs", "MESH5005", "node N { in text\n out a: text\n out b: bytes\n «converts» }"],
    ["two inputs", "MESH5005", "node N { in a: text\n in b: text\n out bytes\n «converts at cost 1» }"],
    ["no output", "MESH5005", "node N { in a: text\n «converts» }"],
    ["converters that are interfaces", "MESH2010", "interface N { in text\n out bytes\n «converts» }"],
    ["converting twice", "MESH2003", "node N { in text\n out bytes\n converts\n «converts at cost 3» }"],
  ])("refuses %s", (_, code, text) => {
    expectOnly(code, text);
  });
});
