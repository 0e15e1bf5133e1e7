import type { Span } from "../../grammar/syntax.ts";
import { formatType, type FlowType, type Schemas } from "../../runtime/interface/caps.ts";
import {
  audioPayload,
  parameterOf,
  payloadOf,
  type WasmParameter,
  type WasmPayload,
  type WasmShape,
} from "../../runtime/interface/wasm-abi.ts";
import type { PortInfo, Signature } from "./signature.ts";

/** Why a signature is none that a WebAssembly module can have. */
export interface ShapeProblem {
  readonly span: Span;
  readonly message: string;
  readonly hint: string;
}

/** What a node asks of the module behind it, or what keeps any module from being its code. */
export type ShapeResult = { readonly shape: WasmShape } | { readonly problems: readonly ShapeProblem[] };

const inTypeScript = "write its code in TypeScript";

/** True for the path of a module rather than of a TypeScript file. */
export function isWasmPath(path: string): boolean {
  return path.endsWith(".wasm");
}

/** @returns no problems where only mistakes stand in the way that have been told already */
export function wasmShapeOf(signature: Signature, schemas: Schemas): ShapeResult {
  const problems: ShapeProblem[] = [];
  const input = carried("input", signature, problems);
  const output = carried("output", signature, problems);
  const params = new Map<string, WasmParameter>();
  for (const { name, type, span } of signature.params.values()) {
    if (type === undefined) continue;
    const found = parameterOf(type, (key) => Object.hasOwn(schemas, key) && schemas[key]?.kind === "enum");
    if (found === undefined) {
      problems.push({
        span,
        message: `The code of \`${signature.symbol.name}\` is WebAssembly, which takes no parameter of type \`${formatType(type)}\`.`,
        hint: `Parameters of modules are numbers, quantities, bool, text and enums; for others, ${inTypeScript}.`,
      });
    } else params.set(name, found);
  }
  if (input === undefined || output === undefined || problems.length > 0) return { problems };
  return { shape: { input, output, params } };
}

/** What the only port of a side carries. */
function carried(side: "input" | "output", signature: Signature, problems: ShapeProblem[]): WasmPayload | undefined {
  const { name } = signature.symbol;
  const all = [...(side === "input" ? signature.inputs : signature.outputs).values()];
  const [only, second] = all;
  if (only === undefined) {
    problems.push({
      span: signature.symbol.syntax.name.span,
      message: `The code of \`${name}\` is WebAssembly, which has one input and one output, and it declares no ${side}.`,
      hint: `Declare the ${side}, or ${inTypeScript}.`,
    });
    return undefined;
  }
  if (second !== undefined) {
    problems.push({
      span: second.span,
      message: `The code of \`${name}\` is WebAssembly, which has one input and one output; this is another ${side}.`,
      hint: `Remove it, or ${inTypeScript}.`,
    });
    return undefined;
  }
  return payloadAt(only, name, problems);
}

function payloadAt(port: PortInfo, node: string, problems: ShapeProblem[]): WasmPayload | undefined {
  const { type, span } = port;
  if (type.kind === "unknown") return undefined;
  if (type.kind === "media" && type.media === "audio") {
    const codec = type.dims["codec"];
    const codecs = codec?.kind === "values" ? codec.values : [];
    const kinds = new Set(codecs.map((one) => audioPayload(String(one))));
    const [kind] = kinds;
    if (kind !== undefined && kinds.size === 1) return kind;
    problems.push({
      span,
      message: `The code of \`${node}\` is WebAssembly, which has to know what samples are in memory; this port leaves that open.`,
      hint: "Name the codec: `audio<pcm_f32, …>` is f32, `audio<pcm_s16, …>` is i16, others are bytes.",
    });
    return undefined;
  }
  const flow: FlowType = type.kind === "media" ? { kind: type.media, dims: {} } : type.type;
  const found = port.optional ? undefined : payloadOf(flow);
  if (found !== undefined) return found;
  problems.push({
    span,
    message: `The code of \`${node}\` is WebAssembly, which takes and gives no \`${formatType(flow)}\`${port.optional ? " that may be missing" : ""}.`,
    hint: `Modules carry sound, video, tensors, bytes, text and numbers; for others, ${inTypeScript}.`,
  });
  return undefined;
}
