/**
 * Reads of a WebAssembly module what the ABI of nodes speaks of: its exports with their types, its imports, its memory.
 *
 * The JavaScript API tells names and kinds, but no types of functions. Whether a module is valid throughout is for the
 * engine to say (`WebAssembly.validate`); this reader only has to get through the sections that it needs, whatever it is
 * given. Sections and encodings are those of the core specification, version 2.0, chapter 5.
 */

/** Larger modules are refused. */
export const maxModuleBytes = 64 * 1024 * 1024;

/** A page of linear memory. */
export const pageBytes = 64 * 1024;

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128" | "funcref" | "externref";

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

type ExternKind = "function" | "table" | "memory" | "global" | "tag";

export type WasmExport =
  | { readonly kind: "function"; readonly type: FunctionType }
  | { readonly kind: Exclude<ExternKind, "function"> };

export interface WasmImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKind;
}

export interface WasmModule {
  readonly exports: ReadonlyMap<string, WasmExport>;
  readonly imports: readonly WasmImport[];
  /** Its own memory; undefined where it has none. */
  readonly memory: MemoryLimits | undefined;
}

export interface MemoryLimits {
  readonly minPages: number;
  readonly maxPages: number | undefined;
  /** Where the memory section stands in the file, with its head: from the first byte to behind the last. */
  readonly section: readonly [start: number, end: number];
}

/** Why a file is no module that can be used; the message is the rest of a sentence that begins with the name of the file. */
export class WasmFormatError extends Error {
  override readonly name = "WasmFormatError";
}

const valueTypes: Readonly<Record<number, ValueType>> = {
  0x7f: "i32",
  0x7e: "i64",
  0x7d: "f32",
  0x7c: "f64",
  0x7b: "v128",
  0x70: "funcref",
  0x6f: "externref",
};

const externKinds: readonly ExternKind[] = ["function", "table", "memory", "global", "tag"];

const sectionId = { type: 1, import: 2, function: 3, memory: 5, export: 7 } as const;

/**
 * @throws {WasmFormatError}
 */
export function readWasm(bytes: Uint8Array): WasmModule {
  if (bytes.length > maxModuleBytes) {
    const size = (bytes.length / 1024 / 1024).toFixed(1);
    throw new WasmFormatError(`is ${size} MiB large; a module may have ${maxModuleBytes / 1024 / 1024} MiB at most`);
  }
  checkHead(bytes);
  const reader = new Reader(bytes, 8, bytes.length);
  const module = new ModuleParts();
  while (!reader.done) {
    const start = reader.at;
    const id = reader.byte();
    const size = reader.size();
    const section = reader.part(size);
    if (id === sectionId.type) module.types(section);
    else if (id === sectionId.import) module.readImports(section);
    else if (id === sectionId.function) module.functions(section);
    else if (id === sectionId.memory) module.readMemory(section, [start, reader.at]);
    else if (id === sectionId.export) module.readExports(section);
  }
  return module;
}

/**
 * The same module with a memory that cannot grow beyond so many pages. A module's own memory is limited by nothing but what
 * the module itself says, so that is where the limit has to be written.
 */
export function withMemoryLimit(bytes: Uint8Array, { memory }: WasmModule, maxPages: number): Uint8Array {
  if (memory === undefined || (memory.maxPages !== undefined && memory.maxPages <= maxPages)) return bytes;
  const content = [1, 1, ...unsigned(memory.minPages), ...unsigned(maxPages)];
  const section = [sectionId.memory, ...unsigned(content.length), ...content];
  const [start, end] = memory.section;
  const limited = new Uint8Array(bytes.length - (end - start) + section.length);
  limited.set(bytes.subarray(0, start));
  limited.set(section, start);
  limited.set(bytes.subarray(end), start + section.length);
  return limited;
}

/** `(i32, f64) -> i32` */
export function formatFunctionType({ params, results }: FunctionType): string {
  const given = results.length === 1 ? (results[0] ?? "") : `(${results.join(", ")})`;
  return `(${params.join(", ")}) -> ${given}`;
}

function checkHead(bytes: Uint8Array): void {
  const magic = [0x00, 0x61, 0x73, 0x6d];
  if (!magic.every((one, index) => bytes[index] === one)) {
    throw new WasmFormatError(bytes.length === 0 ? "is empty" : "is no WebAssembly");
  }
  if (bytes.length < 8) throw cutShort();
  if (bytes[4] === 0x0d && bytes[6] === 1) {
    throw new WasmFormatError("is a component, and a node takes a core module");
  }
  if (bytes[4] !== 1 || bytes[5] !== 0 || bytes[6] !== 0 || bytes[7] !== 0) {
    throw new WasmFormatError("is WebAssembly of a version that is not known");
  }
}

function cutShort(): WasmFormatError {
  return new WasmFormatError("is cut short");
}

/** What has been read so far; sections come in the order in which they build on each other. */
class ModuleParts implements WasmModule {
  readonly exports = new Map<string, WasmExport>();
  readonly imports: WasmImport[] = [];
  memory: MemoryLimits | undefined;
  readonly #types: FunctionType[] = [];
  /** By index of the function: the index of its type. Those that are imported come first. */
  readonly #functions: number[] = [];

  types(reader: Reader): void {
    for (let count = reader.size(); count > 0; count -= 1) {
      if (reader.byte() !== 0x60) throw new WasmFormatError("uses types beyond those of functions");
      this.#types.push({ params: reader.valueTypes(), results: reader.valueTypes() });
    }
  }

  readImports(reader: Reader): void {
    for (let count = reader.size(); count > 0; count -= 1) {
      const module = reader.name();
      const name = reader.name();
      const kind = reader.externKind();
      this.imports.push({ module, name, kind });
      if (kind === "function") this.#functions.push(reader.size());
      else reader.skipDescription(kind);
    }
  }

  functions(reader: Reader): void {
    for (let count = reader.size(); count > 0; count -= 1) this.#functions.push(reader.size());
  }

  readMemory(reader: Reader, section: readonly [number, number]): void {
    const count = reader.size();
    if (count === 0) return;
    if (count > 1) throw new WasmFormatError("has several memories");
    const { min, max } = reader.limits();
    this.memory = { minPages: min, maxPages: max, section };
  }

  readExports(reader: Reader): void {
    for (let count = reader.size(); count > 0; count -= 1) {
      const name = reader.name();
      const kind = reader.externKind();
      const index = reader.size();
      if (kind !== "function") {
        this.exports.set(name, { kind });
        continue;
      }
      const type = this.#types[this.#functions[index] ?? -1];
      if (type === undefined) throw new WasmFormatError(`exports \`${name}\`, a function that it does not have`);
      this.exports.set(name, { kind, type });
    }
  }
}

/** Goes through bytes and never beyond their end. */
class Reader {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.at >= this.#end;
  }

  byte(): number {
    if (this.at >= this.#end) throw cutShort();
    const value = this.#bytes[this.at] ?? 0;
    this.at += 1;
    return value;
  }

  /** An unsigned LEB128 number of at most 32 bits. */
  size(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw new WasmFormatError("holds a number that is too large");
  }

  /** A part of what follows, as a reader of its own. */
  part(size: number): Reader {
    if (size > this.#end - this.at) throw cutShort();
    const start = this.at;
    this.at += size;
    return new Reader(this.#bytes, start, this.at);
  }

  name(): string {
    const size = this.size();
    if (size > this.#end - this.at) throw cutShort();
    const text = this.#bytes.subarray(this.at, this.at + size);
    this.at += size;
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(text);
    } catch {
      throw new WasmFormatError("holds a name that is not UTF-8");
    }
  }

  valueType(): ValueType {
    const byte = this.byte();
    const type = valueTypes[byte];
    if (type === undefined) throw new WasmFormatError("uses types of values that are not known");
    return type;
  }

  valueTypes(): ValueType[] {
    const types: ValueType[] = [];
    for (let count = this.size(); count > 0; count -= 1) types.push(this.valueType());
    return types;
  }

  externKind(): ExternKind {
    const kind = externKinds[this.byte()];
    if (kind === undefined) throw new WasmFormatError("has an import or export of a kind that is not known");
    return kind;
  }

  limits(): { readonly min: number; readonly max: number | undefined } {
    const flags = this.byte();
    if ((flags & 0x02) !== 0) throw new WasmFormatError("has a shared memory; build it without threads");
    if ((flags & 0x04) !== 0) throw new WasmFormatError("has a memory of 64 bits; build it for wasm32");
    if (flags > 1) throw new WasmFormatError("has a memory of a kind that is not known");
    const min = this.size();
    return { min, max: flags === 1 ? this.size() : undefined };
  }

  /** What an import that is no function says of itself. */
  skipDescription(kind: Exclude<ExternKind, "function">): void {
    if (kind === "table") this.valueType();
    if (kind === "table" || kind === "memory") this.limits();
    if (kind === "global") this.valueType();
    if (kind === "global" || kind === "tag") this.byte();
    if (kind === "tag") this.size();
  }
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const more = rest > 0x7f;
    bytes.push((rest % 128) | (more ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}
