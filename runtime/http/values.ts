/** What ports carry as values of JSON, both ways: bytes and media are base64 (RFC 4648, section 4), all else is as it is. */
import { fixType, fixedValue, formatType, type FlowType, type Schemas } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import type { JsonValue, Payload } from "../interface/frame.ts";
import { fromBase64, isBase64, jsonText, toBase64 } from "../remote/bytes-in-json.ts";
import { PayloadCheck } from "../remote/payload-check.ts";
import { decodePayload, encodePayload, Encoding } from "../remote/payload-codec.ts";

/** The format in which a port is served over HTTP, which has no way to agree on one: every dimension has one value. */
export function servedType(type: FlowType): FlowType {
  return type.kind === "optional" ? { ...type, element: servedType(type.element) } : fixType(type);
}

/** How the bytes of a type are written; undefined for what is a value of JSON itself. */
export function binaryEncoding(type: FlowType): Encoding | undefined {
  switch (type.kind) {
    case "audio": {
      const codec = fixedValue(type, "codec");
      return codec === "pcm_f32" ? Encoding.f32le : codec === "pcm_s16" ? Encoding.s16le : Encoding.bytes;
    }
    case "video":
    case "tensor":
      return Encoding.bytes;
    case "scalar":
      return type.name === "bytes" ? Encoding.bytes : undefined;
    default:
      return undefined;
  }
}

/** Reads the values of one port. */
export class PortValues {
  readonly #port: string;
  readonly #type: FlowType;
  readonly #check: PayloadCheck;
  readonly #encoding: Encoding | undefined;

  constructor(port: string, type: FlowType, schemas: Schemas) {
    this.#port = port;
    this.#type = servedType(type);
    const inner = this.#type.kind === "optional" ? this.#type.element : this.#type;
    this.#check = new PayloadCheck(this.#type, schemas);
    this.#encoding = binaryEncoding(inner);
  }

  /** @throws {MeshError} `invalid-argument` that names the port and the field */
  payloadOf(value: JsonValue): Payload {
    if (this.#encoding === undefined) {
      const problem = this.#check.valueProblem(value);
      if (problem !== undefined) throw this.#wrong(problem);
      return this.#check.restored(value);
    }
    if (value === null && this.#type.kind === "optional") return null;
    if (typeof value !== "string" || !isBase64(value)) throw this.#wrong("its value is not base64");
    let payload: Payload;
    try {
      payload = decodePayload(this.#encoding, fromBase64(value), true);
    } catch (error) {
      throw this.#wrong(MeshError.from(error).message);
    }
    const problem = this.#check.valueProblem(payload);
    if (problem !== undefined) throw this.#wrong(problem);
    return payload;
  }

  #wrong(why: string): MeshError {
    return new MeshError("invalid-argument", `\`${this.#port}\` takes ${formatType(this.#type)}: ${why}.`);
  }
}

/** A payload as the text of a JSON value. */
export function valueText(payload: Payload): string {
  return ArrayBuffer.isView(payload) ? `"${toBase64(encodePayload(payload).body)}"` : jsonText(payload);
}
