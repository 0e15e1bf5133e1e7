/**
 * What a WebAssembly module has to export to be the code of a node; `docs/wasm.md` tells it to those who write one. Held
 * against modules when a program is built, and again when a session opens.
 */
import type { FlowType, ScalarName } from "./caps.ts";
import { formatFunctionType, type FunctionType, type WasmModule } from "./wasm-module.ts";

/** What frames are in linear memory: samples, bytes, UTF-8, one number. */
export type WasmPayload = "floats" | "integers" | "bytes" | "text" | "number";

/** How a parameter gets in: as a number, as one that may as well be an integer, as UTF-8. */
export type WasmParameter = "number" | "integer" | "text";

/** What a node asks of its module. */
export interface WasmShape {
  readonly input: WasmPayload;
  readonly output: WasmPayload;
  readonly params: ReadonlyMap<string, WasmParameter>;
}

/** Bytes of one element of a payload; the addresses that a module gives are multiples of it. */
export const elementBytes: Readonly<Record<WasmPayload, number>> = {
  floats: 4,
  integers: 2,
  bytes: 1,
  text: 1,
  number: 8,
};

/** The only module besides WASI that imports may name, and what it gives: what AssemblyScript calls where it gives up. */
export const assemblyScript = { module: "env", abort: "abort" } as const;
export const wasiModule = "wasi_snapshot_preview1";

const notNumbers: readonly ScalarName[] = ["text", "bytes", "json", "bool", "resolution", "version"];

/** What sound of a codec is in memory. */
export function audioPayload(codec: string): WasmPayload {
  return codec === "pcm_f32" ? "floats" : codec === "pcm_s16" ? "integers" : "bytes";
}

/** What frames of a type other than sound are in memory; undefined where no module takes or gives them. */
export function payloadOf(type: FlowType): WasmPayload | undefined {
  if (type.kind === "video" || type.kind === "tensor") return "bytes";
  if (type.kind !== "scalar") return undefined;
  if (type.name === "text" || type.name === "bytes") return type.name;
  return notNumbers.includes(type.name) ? undefined : "number";
}

/**
 * How a parameter of a type gets in; undefined where it cannot.
 * @param isEnum tells of a name whether it is that of an enum
 */
export function parameterOf(type: FlowType, isEnum: (name: string) => boolean): WasmParameter | undefined {
  if (type.kind === "optional") return parameterOf(type.element, isEnum);
  if (type.kind === "named") return isEnum(type.name) ? "text" : undefined;
  if (type.kind !== "scalar") return undefined;
  switch (type.name) {
    case "text":
      return "text";
    case "bool":
    case "int":
    case "channels":
      return "integer";
    case "bytes":
    case "json":
    case "resolution":
    case "version":
      return undefined;
    default:
      return "number";
  }
}

/** The export that takes a parameter. */
export function setterOf(param: string): string {
  return `set_${param}`;
}

/**
 * What keeps a module from being the code of a node, each as a sentence without its end that begins with `it`; empty where
 * it fits.
 */
export function misfits(module: WasmModule, shape: WasmShape): string[] {
  return [...exportMisfits(module, shape), ...importMisfits(module)];
}

function exportMisfits(module: WasmModule, shape: WasmShape): string[] {
  const found: string[] = [];
  const functionOf = (name: string): FunctionType | undefined => {
    const one = module.exports.get(name);
    if (one === undefined) return undefined;
    if (one.kind === "function") return one.type;
    found.push(`its \`${name}\` is a ${one.kind}, and has to be a function`);
    return undefined;
  };
  const lacks = (name: string): boolean => !module.exports.has(name);
  const check = (name: string, wanted: readonly string[]): string | undefined => {
    const type = functionOf(name);
    if (type === undefined) return undefined;
    const text = formatFunctionType(type);
    if (wanted.includes(text)) return text;
    found.push(`its \`${name}\` is \`${text}\`, and has to be ${wanted.map((one) => `\`${one}\``).join(" or ")}`);
    return undefined;
  };
  const need = (name: string, wanted: readonly string[]): string | undefined => {
    if (lacks(name)) found.push(`it exports no \`${name}\``);
    return check(name, wanted);
  };

  if (!lacks("_start") && lacks("_initialize")) {
    return ["it is a program with a `_start`, not a reactor: build it with `-mexec-model=reactor`"];
  }
  const memory = module.exports.get("memory");
  if (memory === undefined) found.push("it exports no `memory`");
  else if (memory.kind !== "memory") found.push(`its \`memory\` is a ${memory.kind}`);
  const inPtr = need("in_ptr", ["(i32) -> i32", "() -> i32"]);
  if (inPtr === "() -> i32") need("in_capacity", ["() -> i32"]);
  // What stays in place may stay as long as it was, but only where both are counted alike.
  const inPlace = shape.input === shape.output && lacks("out_ptr");
  need("process", inPlace ? ["(i32) -> i32", "(i32) -> ()"] : ["(i32) -> i32"]);
  check("out_ptr", ["() -> i32"]);
  if (!lacks("end") && lacks("out_ptr")) found.push("it exports `end` without an `out_ptr` to find what comes of it");
  check("end", ["() -> i32"]);
  check("flush", ["() -> ()"]);
  check("_initialize", ["() -> ()"]);
  check("in_format", ["(i32, i32) -> ()"]);
  check("out_format", ["(i32, i32) -> ()"]);
  for (const [name, kind] of shape.params) need(setterOf(name), setters[kind]);
  return found;
}

const setters: Readonly<Record<WasmParameter, readonly string[]>> = {
  number: ["(f64) -> ()", "(f32) -> ()"],
  integer: ["(i32) -> ()", "(f64) -> ()", "(f32) -> ()"],
  text: ["(i32) -> ()"],
};

function importMisfits({ imports }: WasmModule): string[] {
  const foreign = imports.filter(({ module, name, kind }) => {
    if (kind !== "function") return true;
    return module !== wasiModule && !(module === assemblyScript.module && name === assemblyScript.abort);
  });
  if (foreign.length === 0) return [];
  const shown = foreign.slice(0, 3).map(({ module, name }) => `\`${module}.${name}\``);
  const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : "";
  return [
    `it imports ${shown.join(", ")}${more}, which nobody gives it: only WASI preview 1 is there, and \`env.abort\``,
  ];
}
