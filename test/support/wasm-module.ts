/** Makes WebAssembly modules for tests, part by part, so that they can be wrong in one place. */
import type { ValueType } from "../../runtime/interface/wasm-module.ts";

export interface FunctionInit {
  readonly params?: readonly ValueType[];
  readonly results?: readonly ValueType[];
  /** Instructions without the `end`; see `op`. */
  readonly body?: readonly number[];
}

export interface ModuleInit {
  /** Pages; undefined for no memory. */
  readonly memory?: { readonly min: number; readonly max?: number } | undefined;
  /** Are exported by their names; called by their place, behind those that are imported. */
  readonly functions?: Readonly<Record<string, FunctionInit | undefined>>;
  readonly imports?: readonly (FunctionInit & { readonly module: string; readonly name: string })[];
  /** Exports the memory under this name; `memory` by default. */
  readonly memoryName?: string;
  /** A global of type f32 that can be set, with this value at first; number 0. */
  readonly global?: number;
  readonly data?: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

const valueBytes: Readonly<Partial<Record<ValueType, number>>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };

/** Instructions. */
export const op = {
  i32: (value: number): number[] => [0x41, ...signed(value)],
  local: (index: number): number[] => [0x20, index],
  call: (index: number): number[] => [0x10, ...unsigned(index)],
  unreachable: [0x00],
  drop: [0x1a],
  add: [0x6a],
  shiftLeft: [0x74],
  greater: [0x4a],
  grow: [0x40, 0x00],
  memorySize: [0x3f, 0x00],
  load32: [0x28, 2, 0],
  store32: [0x36, 2, 0],
  loadFloat: [0x2a, 2, 0],
  storeFloat: [0x38, 2, 0],
  storeDouble: [0x39, 3, 0],
  multiply: [0x94],
  demote: [0xb6],
  toDouble: [0xb7],
  getGlobal: [0x23, 0],
  setGlobal: [0x24, 0],
  branch: (depth: number): number[] => [0x0c, depth],
  branchIf: (depth: number): number[] => [0x0d, depth],
  loop: (...body: (readonly number[])[]): number[] => [0x03, 0x40, ...body.flat(), 0x0b],
  /** `condition`, then one of two numbers. */
  choose: (condition: readonly number[], then: readonly number[], other: readonly number[]): number[] => [
    ...condition,
    0x04,
    0x7f,
    ...then,
    0x05,
    ...other,
    0x0b,
  ],
} as const;

export function wasmModule(init: ModuleInit): Uint8Array {
  const functions = Object.entries(init.functions ?? {}).flatMap(([name, one]) =>
    one === undefined ? [] : [{ ...one, name }],
  );
  const imports = init.imports ?? [];
  const types = [...imports, ...functions].map(({ params = [], results = [] }) => [
    0x60,
    ...values(params),
    ...values(results),
  ]);
  const memoryName = init.memoryName ?? "memory";
  const exports = [
    ...functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(imports.length + index)]),
    ...(init.memory === undefined ? [] : [[...text(memoryName), 0x02, 0x00]]),
  ];
  return Uint8Array.from([
    ...head,
    ...section(1, vector(types)),
    ...section(
      2,
      vector(imports.map(({ module, name }, index) => [...text(module), ...text(name), 0x00, ...unsigned(index)])),
    ),
    ...section(3, vector(functions.map((_, index) => unsigned(imports.length + index)))),
    ...(init.memory === undefined ? [] : section(5, vector([limits(init.memory)]))),
    ...(init.global === undefined ? [] : section(6, vector([[0x7d, 0x01, 0x43, ...floatBytes(init.global), 0x0b]]))),
    ...section(7, vector(exports)),
    ...section(10, vector(functions.map(({ body = [] }) => sized([0x00, ...body, 0x0b])))),
    ...(init.data === undefined
      ? []
      : section(11, vector(init.data.map(({ at, bytes }) => [0x00, ...op.i32(at), 0x0b, ...sized([...bytes])])))),
  ]);
}

/** What every module begins with. */
export const head: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

export function section(id: number, content: readonly number[]): number[] {
  return [id, ...sized(content)];
}

export function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

/** LEB128. */
export function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

export function text(value: string): number[] {
  return sized([...new TextEncoder().encode(value)]);
}

function signed(value: number): number[] {
  const rest = value >> 7;
  const last = (rest === 0 && (value & 0x40) === 0) || (rest === -1 && (value & 0x40) !== 0);
  return last ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(rest)];
}

function sized(content: readonly number[]): number[] {
  return [...unsigned(content.length), ...content];
}

function values(types: readonly ValueType[]): number[] {
  return vector(types.map((type) => [valueBytes[type] ?? 0x7f]));
}

function limits({ min, max }: { readonly min: number; readonly max?: number }): number[] {
  return max === undefined ? [0, ...unsigned(min)] : [1, ...unsigned(min), ...unsigned(max)];
}

function floatBytes(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}

const i32: readonly ValueType[] = ["i32"];

/** Where the modules below have their frame. */
export const frameAt = 1024;

/** The three functions of a node that gives back what it is given. */
export const echo = {
  in_ptr: { params: i32, results: i32, body: op.i32(frameAt) },
  process: { params: i32, results: i32, body: op.local(0) },
} satisfies Readonly<Record<string, FunctionInit>>;

/** A node that gives back what it is given, with parts of it exchanged. */
export function echoModule(
  functions: Readonly<Record<string, FunctionInit | undefined>> = {},
  init: Omit<ModuleInit, "functions"> = {},
): Uint8Array {
  return wasmModule({ memory: { min: 1 }, ...init, functions: { ...echo, ...functions } });
}

/** Multiplies f32 samples in place by what `set_gain` was given, 1 at first. */
export function gainModule(): Uint8Array {
  // The counter is parameter 0, which goes down to 0.
  const address = [...op.local(0), ...op.i32(2), ...op.shiftLeft, ...op.i32(frameAt), ...op.add];
  const body = [
    ...op.loop(
      [...op.local(0), ...op.i32(-1), ...op.add, 0x22, 0],
      [...op.i32(-1), ...op.greater],
      [0x04, 0x40],
      [...address, ...address, ...op.loadFloat, ...op.getGlobal, ...op.multiply, ...op.storeFloat],
      op.branch(1),
      [0x0b],
    ),
  ];
  return wasmModule({
    memory: { min: 1 },
    global: 1,
    functions: {
      in_ptr: echo.in_ptr,
      process: { params: i32, body },
      set_gain: { params: ["f64"], body: [...op.local(0), ...op.demote, ...op.setGlobal] },
    },
  });
}
