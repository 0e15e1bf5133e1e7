import type { WasmPayload } from "../interface/wasm-abi.ts";

/** What frames of each kind look like as arrays over linear memory. */
export type Elements =
  | Float32Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** The memory of one instance, seen as the elements of its input and of its output. */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  /** All of it, as elements of the input. */
  input: Elements;
  /** All of it, as elements of the output. */
  output: Elements;
  readonly #inputKind: WasmPayload;
  readonly #outputKind: WasmPayload;

  constructor(memory: WebAssembly.Memory, inputKind: WasmPayload, outputKind: WasmPayload) {
    this.memory = memory;
    this.#inputKind = inputKind;
    this.#outputKind = outputKind;
    this.input = elementsOf(inputKind, memory.buffer);
    this.output = elementsOf(outputKind, memory.buffer);
  }

  /** After any call into the module: a memory that has grown is another buffer, and the old one is empty. */
  refresh(): void {
    if (this.input.length > 0) return;
    const { buffer } = this.memory;
    this.input = elementsOf(this.#inputKind, buffer);
    this.output = elementsOf(this.#outputKind, buffer);
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.memory.buffer);
  }
}

function elementsOf(kind: WasmPayload, buffer: ArrayBuffer): Elements {
  switch (kind) {
    case "floats":
      return new Float32Array(buffer);
    case "integers":
      return new Int16Array(buffer);
    case "number":
      return new Float64Array(buffer);
    default:
      return new Uint8Array(buffer);
  }
}
