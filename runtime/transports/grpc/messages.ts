/** Requests and responses of `mesh.v1.Pipeline` as the rest of the runtime has them. */
import type { CallPayload, ExecuteResponse } from "../../interface/calls.ts";
import { formatType } from "../../interface/caps.ts";
import type { PipelineDescription, PortDescription } from "../../interface/description.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Params } from "../../interface/node.ts";
import type { CborReader } from "../../remote/cbor/reader.ts";
import { cborEncoding } from "../../remote/cbor/choose.ts";
import type { CborWriter } from "../../remote/cbor/writer.ts";
import { decodePayload, encodePayload, Encoding, parseJson } from "../../remote/payload-codec.ts";
import { schemasOf } from "../../interface/schemas-of.ts";
import { grpcLimits } from "./limits.ts";
import { toStatus } from "./status.ts";

/** Fields as protobufjs gives them; `oneof` is told by `kind`. */
export interface PayloadMessage {
  readonly kind?: string;
  readonly text?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array | undefined;
  readonly samples_s16?: Uint8Array | undefined;
  readonly samples_f32?: Uint8Array | undefined;
  readonly none?: boolean;
  readonly cbor?: Uint8Array | undefined;
  readonly timestamp_us?: number;
}

type Payloads = Readonly<Record<string, PayloadMessage>>;

export interface FailureMessage {
  readonly status: number;
  readonly message: string;
  readonly code: string;
  readonly hint: string;
  readonly retry_after_ms: number;
}

export interface ExecuteRequestMessage {
  readonly pipeline: string;
  readonly inputs: Payloads;
  readonly params_json: Readonly<Record<string, string>>;
  readonly items: readonly { readonly inputs: Payloads }[];
  readonly encodings: readonly string[];
}

/** Answers to items, as the library writes them. */
export interface ItemResultsMessage {
  readonly items: readonly { readonly outputs?: Payloads; readonly failure?: FailureMessage }[];
}

export interface PortMessage {
  readonly name: string;
  readonly type: string;
  readonly type_json: string;
  readonly optional: boolean;
}

export interface ParameterMessage {
  readonly name: string;
  readonly type: string;
  readonly type_json: string;
  readonly required: boolean;
  readonly default_json: string;
}

export interface DescribeResponseMessage {
  readonly pipeline: string;
  readonly batch: boolean;
  readonly idempotent: boolean;
  readonly inputs: readonly PortMessage[];
  readonly outputs: readonly PortMessage[];
  readonly max_request_bytes: number;
  readonly schemas_json: string;
  readonly encodings: readonly string[];
  readonly params: readonly ParameterMessage[];
}

const decoder = new TextDecoder();

export function toPayloadMessage({ payload, timestampUs }: CallPayload, cbor?: CborWriter): PayloadMessage {
  const { encoding, body } = encodePayload(payload, cbor);
  const timestamp_us = timestampUs;
  switch (encoding) {
    case Encoding.null:
      return { none: true, timestamp_us };
    case Encoding.bytes:
      return { bytes: body, timestamp_us };
    case Encoding.s16le:
      return { samples_s16: body, timestamp_us };
    case Encoding.f32le:
      return { samples_f32: body, timestamp_us };
    case Encoding.utf8:
      return { text: decoder.decode(body), timestamp_us };
    case Encoding.json:
      return { json: decoder.decode(body), timestamp_us };
    case Encoding.cbor:
      return { cbor: body, timestamp_us };
    default:
      return encoding satisfies never;
  }
}

/** @throws {MeshError} `invalid-argument` that names the port */
export function fromPayloadMessage(port: string, message: PayloadMessage, cbor?: CborReader): CallPayload {
  const timestampUs = message.timestamp_us ?? 0;
  if (!Number.isFinite(timestampUs)) throw unreadable(port, "its media time is no number");
  try {
    return { payload: payloadOf(message, cbor), timestampUs };
  } catch (error) {
    throw unreadable(port, MeshError.from(error).message);
  }
}

function payloadOf(message: PayloadMessage, cbor: CborReader | undefined): CallPayload["payload"] {
  switch (message.kind) {
    case "text":
      return message.text ?? "";
    case "json":
      return parseJson(message.json ?? "");
    case "bytes":
      return samples(Encoding.bytes, message.bytes);
    case "samples_s16":
      return samples(Encoding.s16le, message.samples_s16);
    case "samples_f32":
      return samples(Encoding.f32le, message.samples_f32);
    case "cbor":
      return decodePayload(Encoding.cbor, message.cbor ?? new Uint8Array(0), true, cbor);
    default:
      return null;
  }
}

/** @param body in memory of its own, as it was read; the library gives a part of what it has read */
function samples(encoding: Encoding, body: Uint8Array = new Uint8Array(0)): CallPayload["payload"] {
  return decodePayload(encoding, Buffer.isBuffer(body) ? new Uint8Array(body) : body, true);
}

function unreadable(port: string, why: string): MeshError {
  return new MeshError("invalid-argument", `\`${port}\` cannot be read: ${why}`);
}

/** @throws {MeshError} `invalid-argument` */
export function fromPayloads(payloads: Payloads, cbor?: CborReader): Record<string, CallPayload> {
  return Object.fromEntries(Object.entries(payloads).map(([port, one]) => [port, fromPayloadMessage(port, one, cbor)]));
}

/** @param writers of the ports whose records do not go as JSON */
export function toPayloads(
  payloads: ExecuteResponse,
  writers: (port: string) => CborWriter | undefined,
): Record<string, PayloadMessage> {
  return Object.fromEntries(
    Object.entries(payloads).map(([port, one]) => [port, toPayloadMessage(one, writers(port))]),
  );
}

/** @throws {MeshError} `invalid-argument` that names the parameter */
export function fromParams(params: Readonly<Record<string, string>>): Params {
  return Object.fromEntries(
    Object.entries(params).map(([name, json]) => {
      try {
        return [name, parseJson(json) as Params[string]];
      } catch {
        throw new MeshError("invalid-argument", `Parameter \`${name}\` is not JSON.`, {
          hint: "A text is given in quotes.",
        });
      }
    }),
  );
}

export function toParams(params: Params): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, JSON.stringify(value)]));
}

export function toFailureMessage(error: MeshError): FailureMessage {
  const { code, details } = toStatus(error);
  return {
    status: code,
    message: details,
    code: error.code,
    hint: error.hint ?? "",
    retry_after_ms: Math.ceil(error.retryAfterMs ?? 0),
  };
}

export function toDescription(description: PipelineDescription): DescribeResponseMessage {
  const { pipeline, batch, inputs, outputs, params = {}, schemas } = description;
  const told = [...Object.values(inputs), ...Object.values(outputs), ...Object.values(params)];
  const all = told.map(({ type }) => type);
  return {
    pipeline,
    batch,
    idempotent: description.idempotent === true,
    inputs: toPorts(inputs),
    outputs: toPorts(outputs),
    max_request_bytes: grpcLimits.requestBytes,
    schemas_json: JSON.stringify(schemasOf(all, schemas)),
    encodings: [cborEncoding],
    params: Object.entries(params).map(([name, { type, required, default: fallback }]) => ({
      name,
      type: formatType(type),
      type_json: JSON.stringify(type),
      required,
      default_json: fallback === undefined ? "" : JSON.stringify(fallback),
    })),
  };
}

function toPorts(ports: Readonly<Record<string, PortDescription>>): PortMessage[] {
  return Object.entries(ports).map(([name, { type, optional }]) => ({
    name,
    type: formatType(type),
    type_json: JSON.stringify(type),
    optional,
  }));
}
