import { fixedValue, type FlowType } from "../interface/caps.ts";
import { loadOnce } from "../interface/load-once.ts";
import { MeshError } from "../interface/errors.ts";
import type { JsonValue } from "../interface/frame.ts";
import type { NodeContext, NodeDefinition, NodeInstance, Params } from "../interface/node.ts";
import {
  audioPayload,
  misfits,
  payloadOf,
  setterOf,
  type WasmParameter,
  type WasmPayload,
  type WasmShape,
} from "../interface/wasm-abi.ts";
import { pageBytes, readWasm, WasmFormatError, withMemoryLimit, type WasmModule } from "../interface/wasm-module.ts";
import { importsOf } from "./imports.ts";
import { WasmInstance } from "./instance.ts";

/** What the memory of one instance may grow to. */
export const maxMemoryBytes = 512 * 1024 * 1024;

/** A module that is ready to run. */
interface Compiled {
  readonly module: WebAssembly.Module;
  readonly parts: WasmModule;
}

/**
 * The code of a node that is a WebAssembly module. The module is read and compiled once, when the first instance opens; each
 * session has an instance of its own.
 *
 * @param name of the file, for messages
 * @param read gives its bytes; asked again after it has failed
 */
export function wasmDefinition(name: string, read: () => Promise<Uint8Array>): NodeDefinition {
  const compiled = loadOnce(async () => compile(name, await read()));
  return {
    sync: true,
    // What goes in and what comes out is copied.
    borrows: true,
    open: async (params, context) => openInstance(name, await compiled(), params, context),
  };
}

async function compile(name: string, bytes: Uint8Array): Promise<Compiled> {
  try {
    const parts = readWasm(bytes);
    const minBytes = (parts.memory?.minPages ?? 0) * pageBytes;
    if (minBytes > maxMemoryBytes) {
      throw new WasmFormatError(`asks for ${minBytes / 1024 / 1024} MiB of memory, more than a node may have`);
    }
    const limited = withMemoryLimit(bytes, parts, maxMemoryBytes / pageBytes);
    return { module: await WebAssembly.compile(limited as Uint8Array<ArrayBuffer>), parts };
  } catch (error) {
    const why = error instanceof WasmFormatError ? error.message : `is not valid: ${String((error as Error).message)}`;
    throw new MeshError("node-failed", `\`${name}\` ${why}.`, { cause: error });
  }
}

async function openInstance(
  name: string,
  { module, parts }: Compiled,
  params: Params,
  { formats, clock, random, log, id, emit, buffers }: NodeContext,
): Promise<NodeInstance> {
  const [, inputType] = sole("input", formats.inputs);
  const [output, outputType] = sole("output", formats.outputs);
  const shape: WasmShape = {
    input: carried("input", inputType),
    output: carried("output", outputType),
    params: new Map(Object.entries(params).map(([param, value]) => [param, kindOf(param, value)])),
  };
  const [misfit] = misfits(parts, shape);
  if (misfit !== undefined) throw new MeshError("node-failed", `\`${name}\` is no code for it: ${misfit}.`);

  const held: { memory?: WebAssembly.Memory } = {};
  const world = {
    clock,
    random,
    log: (level: Parameters<typeof log>[0], message: string): void => log(level, message, { node: id }),
    memory: () => held.memory,
  };
  let exports: WebAssembly.Exports;
  try {
    ({ exports } = await WebAssembly.instantiate(module, importsOf(parts, world)));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new MeshError("node-failed", `\`${name}\` cannot be started: ${message}`, { cause: error });
  }
  held.memory = exports["memory"] as WebAssembly.Memory;
  const instance = new WasmInstance(name, exports, shape, isWhole(outputType), buffers);
  const inFormat = pairOf(inputType);
  const outFormat = pairOf(outputType);
  if (inFormat !== undefined) instance.inFormat(...inFormat);
  if (outFormat !== undefined) instance.outFormat(...outFormat);
  for (const [param, value] of Object.entries(params)) {
    if (value !== null) instance.set(param, value, takesInteger(parts, param));
  }

  return {
    map: (payload) => instance.work(payload),
    // For where a frame has to be known as one: batch calls, and branches that are tried.
    process: ({ payload }) => instance.work(payload),
    end() {
      for (const payload of instance.end()) void emit(output, payload);
    },
    flush: () => instance.flush(),
  };
}

/** The only port of a side. The compiler has seen to that, but a plan may come from elsewhere. */
function sole(side: "input" | "output", formats: Readonly<Record<string, FlowType>>): [name: string, type: FlowType] {
  const [only, ...more] = Object.entries(formats);
  if (only !== undefined && more.length === 0) return only;
  throw new MeshError(
    "invalid-argument",
    `its code is WebAssembly, which has one ${side}, not ${more.length + (only === undefined ? 0 : 1)}.`,
  );
}

function carried(side: "input" | "output", type: FlowType): WasmPayload {
  const found = type.kind === "audio" ? audioPayload(String(fixedValue(type, "codec"))) : payloadOf(type);
  if (found !== undefined) return found;
  throw new MeshError("invalid-argument", `its code is WebAssembly, which has no ${side} of this type.`);
}

function kindOf(param: string, value: JsonValue): WasmParameter {
  if (typeof value === "string") return "text";
  if (typeof value === "boolean") return "integer";
  // What was declared is not known here; the build has held the module against it.
  if (typeof value === "number" || value === null) return Number.isInteger(value ?? 0) ? "integer" : "number";
  throw new MeshError("invalid-argument", `its code is WebAssembly, which takes no parameter like \`${param}\`.`);
}

function takesInteger({ exports }: WasmModule, param: string): boolean {
  const setter = exports.get(setterOf(param));
  return setter?.kind === "function" && setter.type.params[0] === "i32";
}

function isWhole(type: FlowType): boolean {
  return type.kind === "scalar" && (type.name === "int" || type.name === "channels");
}

/** What a format is told as: rate in hertz and channels, or width and height in pixels. */
function pairOf(type: FlowType): [first: number, second: number] | undefined {
  if (type.kind === "audio") return [Number(fixedValue(type, "rate")), Number(fixedValue(type, "channels"))];
  const size = type.kind === "video" ? fixedValue(type, "size") : undefined;
  return typeof size === "object" ? [size.width, size.height] : undefined;
}
