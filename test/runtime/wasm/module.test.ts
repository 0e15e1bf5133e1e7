import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatFunctionType,
  readWasm,
  WasmFormatError,
  withMemoryLimit,
} from "../../../runtime/interface/wasm-module.ts";
import { echoModule, gainModule, head, section, text, unsigned, vector } from "../../support/wasm-module.ts";

const module = (...sections: (readonly number[])[]): Uint8Array => Uint8Array.from([...head, ...sections.flat()]);

describe("a WebAssembly module", () => {
  it("is read as to what the ABI speaks of", () => {
    const bytes = echoModule(
      { set_gain: { params: ["f64", "i64"], results: ["f32", "i32"] } },
      { imports: [{ module: "env", name: "abort", params: ["i32"] }], memory: { min: 2, max: 300 } },
    );
    const { exports, imports, memory } = readWasm(bytes);
    expect([...exports.keys()]).toEqual(["in_ptr", "process", "set_gain", "memory"]);
    const setter = exports.get("set_gain");
    expect(setter?.kind === "function" && formatFunctionType(setter.type)).toBe("(f64, i64) -> (f32, i32)");
    expect(imports).toEqual([{ module: "env", name: "abort", kind: "function" }]);
    expect(memory).toMatchObject({ minPages: 2, maxPages: 300 });
  });

  it("may have sections that are not known here, and names as in any language", () => {
    const bytes = module(
      section(0, [...text("name"), 1, 2, 3]),
      section(1, vector([[0x60, 0, 0]])),
      section(3, vector([unsigned(0)])),
      section(7, vector([[...text("größe"), 0, 0]])),
      section(10, vector([[2, 0, 0x0b]])),
      section(0, text("producers")),
    );
    expect(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)).toBe(true);
    expect([...readWasm(bytes).exports.keys()]).toEqual(["größe"]);
  });

  it("tells imports of all kinds apart", () => {
    const bytes = module(
      section(
        2,
        vector([
          [...text("env"), ...text("table"), 1, 0x70, 0, 1],
          [...text("env"), ...text("memory"), 2, 1, 1, 2],
          [...text("env"), ...text("global"), 3, 0x7f, 0],
        ]),
      ),
    );
    expect(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)).toBe(true);
    expect(readWasm(bytes).imports.map(({ kind }) => kind)).toEqual(["table", "memory", "global"]);
  });

  it.each<readonly [string, Uint8Array, string]>([
    ["sections beyond its end", module([1, 0x80, 0x80, 0x04]), "is cut short"],
    ["counts beyond its end", module(section(7, unsigned(0xffff_fff))), "is cut short"],
    ["names beyond its end", module(section(7, [1, 0x7f, 0x61])), "is cut short"],
    ["numbers of more than 32 bits", module([1, 0xff, 0xff, 0xff, 0xff, 0x7f]), "holds a number that is too large"],
    ["numbers that do not end", module([1, 0x80, 0x80, 0x80, 0x80, 0x80, 0]), "holds a number that is too large"],
    ["names that are not UTF-8", module(section(7, [1, 1, 0xff, 2, 0])), "holds a name that is not UTF-8"],
    [
      "functions it does not have",
      module(section(7, vector([[...text("f"), 0, 0]]))),
      "exports `f`, a function that it does not have",
    ],
    ["types of later versions", module(section(1, vector([[0x5f, 0]]))), "uses types beyond those of functions"],
    [
      "values of later versions",
      module(section(1, vector([[0x60, 1, 0x64, 0]]))),
      "uses types of values that are not known",
    ],
    ["a memory of 64 bits", module(section(5, vector([[4, 1]]))), "has a memory of 64 bits; build it for wasm32"],
    [
      "several memories",
      module(
        section(
          5,
          vector([
            [0, 1],
            [0, 1],
          ]),
        ),
      ),
      "has several memories",
    ],
    [
      "exports of no kind",
      module(section(7, vector([[...text("f"), 9, 0]]))),
      "has an import or export of a kind that is not known",
    ],
    [
      "another version",
      Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0),
      "is WebAssembly of a version that is not known",
    ],
    ["half a head", Uint8Array.from(head.slice(0, 6)), "is cut short"],
  ])("with %s is refused", (_, bytes, message) => {
    expect(() => readWasm(bytes)).toThrow(new WasmFormatError(message));
  });

  it("whatever its bytes are, is read or refused with a reason", () => {
    const valid = [...gainModule()];
    const damaged = fc
      .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map((changes) => Uint8Array.from(valid).map((byte, at) => changes.findLast(([one]) => one === at)?.[1] ?? byte));
    const cut = fc.nat(valid.length - 1).map((length) => Uint8Array.from(valid.slice(0, length)));
    const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => module([...bytes]));
    fc.assert(
      fc.property(fc.oneof(damaged, cut, noise), (bytes) => {
        try {
          const read = readWasm(bytes);
          // What the engine takes stays valid when its memory is limited.
          if (!WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)) return;
          if ((read.memory?.minPages ?? 0) > 2) return;
          expect(WebAssembly.validate(withMemoryLimit(bytes, read, 2) as Uint8Array<ArrayBuffer>)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(WasmFormatError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["that says none", { min: 1 }, 3],
    ["that says more", { min: 1, max: 60_000 }, 3],
    ["that says less", { min: 1, max: 2 }, 2],
  ])("gets a limit of memory %s", async (_, memory, expected) => {
    const bytes = echoModule({}, { memory });
    const limited = withMemoryLimit(bytes, readWasm(bytes), 3);
    const { instance } = await WebAssembly.instantiate(limited as Uint8Array<ArrayBuffer>);
    const { grow } = { grow: (pages: number) => (instance.exports["memory"] as WebAssembly.Memory).grow(pages) };
    expect(grow(expected - 1)).toBe(1);
    expect(() => grow(1)).toThrow(RangeError);
    expect(readWasm(limited).memory?.maxPages).toBe(expected);
  });
});
