import { MeshError } from "../interface/errors.ts";
import type { JsonValue, Payload } from "../interface/frame.ts";
import type { PayloadBuffers } from "../interface/node.ts";
import { elementBytes, setterOf, type WasmPayload, type WasmShape } from "../interface/wasm-abi.ts";
import { LinearMemory, type Elements } from "./linear-memory.ts";

/** The functions of the ABI that a module has; what they take and give has been held against it. */
interface Functions {
  readonly in_ptr: (bytes: number) => number;
  readonly in_capacity?: () => number;
  readonly process: (count: number) => number | undefined;
  readonly out_ptr?: () => number;
  readonly end?: () => number;
  readonly flush?: () => void;
  readonly in_format?: (first: number, second: number) => void;
  readonly out_format?: (first: number, second: number) => void;
}

type Setter = (value: number) => void;

/** Calls of `end` that give something; a module that never ends would hold up everything else. */
const maxLastFrames = 4096;

/** One running module: puts payloads into its memory, calls it, takes out what it has made. */
export class WasmInstance {
  readonly #name: string;
  readonly #exports: WebAssembly.Exports;
  readonly #functions: Functions;
  readonly #memory: LinearMemory;
  readonly #shape: WasmShape;
  readonly #encode: (payload: Payload) => Elements;
  readonly #decode: (elements: Elements) => Payload;
  readonly #capacityBytes: number;
  readonly #inputBytes: number;
  readonly #outputBytes: number;
  /** The address that the input was last written to. */
  #inputAt = 0;

  /**
   * @param name of the file, for messages
   * @param whole the number that comes out has to be an integer
   * @param buffers for what comes out, which is copied out of its memory
   */
  constructor(name: string, exports: WebAssembly.Exports, shape: WasmShape, whole: boolean, buffers: PayloadBuffers) {
    this.#name = name;
    this.#exports = exports;
    this.#functions = exports as unknown as Functions;
    this.#shape = shape;
    this.#memory = new LinearMemory(exports["memory"] as WebAssembly.Memory, shape.input, shape.output);
    this.#encode = encoderOf(shape.input);
    this.#decode = decoderOf(shape.output, whole, buffers);
    this.#inputBytes = elementBytes[shape.input];
    this.#outputBytes = elementBytes[shape.output];
    this.#initialize();
    this.#capacityBytes = this.#capacity();
  }

  // ---- before the first frame -----------------------------------------------------------------------------------

  inFormat(first: number, second: number): void {
    this.#call("in_format", () => this.#functions.in_format?.(first, second));
  }

  outFormat(first: number, second: number): void {
    this.#call("out_format", () => this.#functions.out_format?.(first, second));
  }

  /** @throws {MeshError} `invalid-argument` for a number that the type of the export cannot hold */
  set(param: string, value: JsonValue, takesInteger: boolean): void {
    const name = setterOf(param);
    const setter = this.#exports[name] as Setter;
    let given: number;
    if (typeof value === "string" || this.#shape.params.get(param) === "text") {
      given = this.#putText(String(value));
    } else {
      given = Number(value);
      if (takesInteger && (given | 0) !== given) {
        throw new MeshError("invalid-argument", `\`${name}\` takes 32 bits, too few for ${given}.`);
      }
    }
    this.#call(name, () => setter(given));
  }

  #initialize(): void {
    const name = "_initialize";
    const initialize = this.#exports[name] as (() => void) | undefined;
    this.#call(name, () => initialize?.());
  }

  #capacity(): number {
    const { in_capacity: capacity } = this.#functions;
    return capacity === undefined ? Number.POSITIVE_INFINITY : this.#call("in_capacity", () => capacity() >>> 0);
  }

  // ---- frames ---------------------------------------------------------------------------------------------------

  /** One payload in, one out or, with `undefined`, none. */
  work(payload: Payload): Payload | undefined {
    const elements = this.#encode(payload);
    const count = elements.length;
    const at = this.#place(count * this.#inputBytes, this.#inputBytes);
    this.#memory.input.set(elements, at / this.#inputBytes);
    let made: number | undefined;
    try {
      made = this.#functions.process(count);
    } catch (error) {
      throw this.#fault("process", error);
    }
    this.#memory.refresh();
    return this.#take("process", made ?? count);
  }

  /** All inputs have ended: what is left, frame by frame. */
  *end(): Generator<Payload, void> {
    const { end } = this.#functions;
    if (end === undefined) return;
    for (let frames = 0; frames < maxLastFrames; frames += 1) {
      const made = this.#call("end", () => end());
      const payload = this.#take("end", made);
      if (payload === undefined) return;
      yield payload;
    }
    throw this.#broken(`its \`end\` has given ${maxLastFrames} frames and does not come to 0`);
  }

  flush(): void {
    this.#call("flush", () => this.#functions.flush?.());
  }

  // ---- memory ---------------------------------------------------------------------------------------------------

  /** Where so many bytes may be written. */
  #place(bytes: number, alignment: number): number {
    let at: number;
    try {
      at = this.#functions.in_ptr(bytes) >>> 0;
    } catch (error) {
      throw this.#fault("in_ptr", error);
    }
    this.#memory.refresh();
    if (bytes > this.#capacityBytes) {
      throw this.#broken(
        `a frame of ${bytes} bytes is more than the ${this.#capacityBytes} that its input has room for`,
      );
    }
    if (at === 0 && bytes > 0) throw this.#broken(`its \`in_ptr\` has no room for a frame of ${bytes} bytes`);
    this.#checkRange("in_ptr", at, bytes, alignment);
    this.#inputAt = at;
    return at;
  }

  #putText(text: string): number {
    const bytes = utf8(text);
    const at = this.#place(bytes.length, 1);
    this.#memory.bytes.set(bytes, at);
    return bytes.length;
  }

  #take(name: string, made: number): Payload | undefined {
    if (made <= 0) {
      if (made === 0) return undefined;
      throw this.#broken(`its \`${name}\` has returned ${made}, which says that it has failed`);
    }
    const { out_ptr: pointer } = this.#functions;
    let at = this.#inputAt;
    if (pointer !== undefined) {
      try {
        at = pointer() >>> 0;
      } catch (error) {
        throw this.#fault("out_ptr", error);
      }
      this.#memory.refresh();
    }
    const size = this.#outputBytes;
    this.#checkRange(pointer === undefined ? "in_ptr" : "out_ptr", at, made * size, size);
    const first = at / size;
    try {
      return this.#decode(this.#memory.output.subarray(first, first + made));
    } catch (error) {
      throw this.#broken(error instanceof Error ? error.message : String(error));
    }
  }

  #checkRange(name: string, at: number, bytes: number, alignment: number): void {
    const size = this.#memory.memory.buffer.byteLength;
    if (at + bytes > size) {
      throw this.#broken(`its \`${name}\` is ${at}, and ${bytes} bytes from there end outside its memory of ${size}`);
    }
    if (at % alignment !== 0) throw this.#broken(`its \`${name}\` is ${at}, which is no multiple of ${alignment}`);
  }

  // ---- what may go wrong ----------------------------------------------------------------------------------------

  #call<T>(name: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#fault(name, error);
    } finally {
      this.#memory.refresh();
    }
  }

  /** A trap, or what an import has thrown. */
  #fault(name: string, error: unknown): MeshError {
    if (error instanceof MeshError) {
      return new MeshError(error.code, `\`${this.#name}\` in \`${name}\`: ${error.message}`, { cause: error });
    }
    const reason = error instanceof Error ? error.message : String(error);
    return new MeshError("node-failed", `\`${this.#name}\` trapped in \`${name}\`: ${reason}`, { cause: error });
  }

  #broken(what: string): MeshError {
    return new MeshError("node-failed", `\`${this.#name}\` breaks the ABI of nodes: ${what}.`);
  }
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

function encoderOf(kind: WasmPayload): (payload: Payload) => Elements {
  if (kind === "text") return (payload) => utf8(String(payload));
  if (kind === "number") return (payload) => Float64Array.of(Number(payload));
  return (payload) => payload as Elements;
}

/** @returns what makes a payload of elements that stand in linear memory */
function decoderOf(kind: WasmPayload, whole: boolean, buffers: PayloadBuffers): (elements: Elements) => Payload {
  if (kind === "text") {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return (elements) => {
      try {
        return decoder.decode(elements);
      } catch {
        throw new TypeError("the text that it gives is not UTF-8");
      }
    };
  }
  if (kind === "number") {
    return (elements) => {
      const [value = Number.NaN] = elements;
      if (elements.length !== 1) throw new TypeError(`it gives ${elements.length} numbers for one`);
      if (!Number.isFinite(value) || (whole && !Number.isInteger(value))) {
        throw new TypeError(`it gives ${value} for ${whole ? "an integer" : "a number"}`);
      }
      return value;
    };
  }
  const make: (length: number) => Exclude<Elements, Float64Array> =
    kind === "floats"
      ? (length) => buffers.float32(length)
      : kind === "integers"
        ? (length) => buffers.int16(length)
        : (length) => buffers.uint8(length);
  return (elements) => {
    const payload = make(elements.length);
    payload.set(elements);
    return payload;
  };
}
