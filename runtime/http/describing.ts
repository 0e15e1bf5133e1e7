/** What a peer says of its pipelines: the list, one of them, and all as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html). */
import { formatType, type Schemas } from "../interface/caps.ts";
import type { PipelineCalls } from "../interface/calls.ts";
import type { ParameterDescription, PipelineDescription, PortDescription } from "../interface/description.ts";
import type { JsonValue } from "../interface/frame.ts";
import { schemasOf } from "../interface/schemas-of.ts";
import { definitionOf, jsonSchema, schemaKey, type JsonSchema } from "./json-schema.ts";
import { maxItems } from "../calls/items.ts";
import { httpLimits } from "./limits.ts";

export const pipelinesPath = "/v1/pipelines";

export function pathOf(pipeline: string, verb?: "execute" | "stream"): string {
  return `${pipelinesPath}/${encodeURIComponent(pipeline)}${verb === undefined ? "" : `:${verb}`}`;
}

export function listOf(calls: PipelineCalls): JsonSchema {
  const pipelines = calls.names().map((name) => {
    const { batch, inputs, outputs } = calls.describe(name);
    return { name, batch, inputs: typesOf(inputs), outputs: typesOf(outputs) };
  });
  return { pipelines };
}

type Ports = Readonly<Record<string, PortDescription>>;

function typesOf(ports: Ports): Record<string, string> {
  return Object.fromEntries(
    Object.entries(ports).map(([name, { type, optional }]) => [name, `${formatType(type)}${optional ? "?" : ""}`]),
  );
}

export function descriptionOf(pipeline: string, description: PipelineDescription): JsonSchema {
  const { batch, idempotent, inputs, outputs, params = {} } = description;
  const side = (ports: Ports): JsonSchema =>
    Object.fromEntries(
      Object.entries(ports).map(([name, { type, optional }]) => [
        name,
        { type: formatType(type), optional, schema: jsonSchema(type, "#/$defs/") },
      ]),
    );
  return {
    name: pipeline,
    batch,
    idempotent: idempotent === true,
    ...(batch && { execute: pathOf(pipeline, "execute") }),
    stream: pathOf(pipeline, "stream"),
    inputs: side(inputs),
    outputs: side(outputs),
    params: Object.fromEntries(
      Object.entries(params).map(([name, param]) => [
        name,
        { type: formatType(param.type), required: param.required, schema: parameter(param, "#/$defs/") },
      ]),
    ),
    $defs: definitionsOf(description, "#/$defs/"),
  };
}

type Parameters = Readonly<Record<string, ParameterDescription>>;

function parameter({ type, default: fallback }: ParameterDescription, definitions: string): JsonSchema {
  return { ...jsonSchema(type, definitions), ...(fallback !== undefined && { default: fallback }) };
}

/** Those of a pipeline as a member of a body. */
function parameters(params: Parameters = {}): JsonSchema {
  const entries = Object.entries(params);
  const required = entries.flatMap(([name, one]) => (one.required ? [name] : []));
  return {
    type: "object",
    description: "Parameters of the pipeline, by name.",
    properties: Object.fromEntries(entries.map(([name, one]) => [name, parameter(one, components)])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

function definitionsOf(
  { inputs, outputs, params = {}, schemas }: PipelineDescription,
  definitions: string,
): JsonSchema {
  const told = [...Object.values(inputs), ...Object.values(outputs), ...Object.values(params)];
  const types = told.map(({ type }) => type);
  const meant: Schemas = schemasOf(types, schemas);
  return Object.fromEntries(
    Object.entries(meant).map(([name, schema]) => [schemaKey(name), definitionOf(schema, definitions)]),
  );
}

const components = "#/components/schemas/";
/** A name that no record has: those of the language have no dots. */
const problemRef: JsonSchema = { $ref: `${components}http.Problem` };

const problem: JsonSchema = {
  type: "object",
  description: "Why there is no answer (RFC 9457).",
  required: ["title", "status", "detail", "code"],
  properties: {
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "What is wrong." },
    code: { type: "string", description: "Names the failure exactly, where a status stands for several." },
    hint: { type: "string", description: "What can be done about it." },
    retryAfterMs: { type: "integer", description: "When another attempt may help, in milliseconds." },
  },
};

const failed: JsonSchema = {
  description: "A failure.",
  content: { "application/problem+json": { schema: problemRef } },
};

/** The document of all pipelines that the peer runs. */
export function openApi(calls: PipelineCalls): JsonSchema {
  const all = calls.names().map((name) => ({ name, description: calls.describe(name) }));
  const paths: Record<string, JsonValue> = {
    [pipelinesPath]: get("listPipelines", "The pipelines that this peer runs."),
    [`${pipelinesPath}/{name}`]: {
      ...get("describePipeline", "What a pipeline takes and gives, with JSON Schemas."),
      parameters: [{ name: "name", in: "path", required: true, schema: { type: "string" } }],
    },
  };
  for (const { name, description } of all) {
    if (description.batch) paths[pathOf(name, "execute")] = { post: execute(name, description) };
    paths[pathOf(name, "stream")] = { post: stream(name, description) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Pipelines of a pipeline-mesh peer",
      version: "1",
      description: `Bodies are ${httpLimits.bodyBytes} bytes at most. Bytes and media are base64.`,
    },
    paths,
    components: {
      schemas: {
        ...Object.assign({}, ...all.map(({ description }) => definitionsOf(description, components))),
        "http.Problem": problem,
      },
    },
  };
}

function get(operationId: string, summary: string): JsonSchema {
  const ok = { description: summary, content: { "application/json": { schema: { type: "object" } } } };
  return { get: { operationId, summary, responses: { "200": ok, default: failed } } };
}

function execute(name: string, { inputs, outputs, params, idempotent }: PipelineDescription): JsonSchema {
  const taken = ports(inputs, (type) => type);
  const given = ports(outputs, (type) => type);
  return {
    operationId: `${name}.execute`,
    summary: `Asks \`${name}\` one question.${idempotent === true ? " It may be asked twice." : ""}`,
    requestBody: {
      required: true,
      content: { "application/json": { schema: { oneOf: [asked(taken, params), askedItems(taken, params)] } } },
    },
    responses: {
      "200": {
        description: "The answer.",
        content: {
          "application/json": { schema: { oneOf: [answered(given), answeredItems(given)] } },
        },
      },
      default: failed,
    },
  };
}

/** Several questions in one request. */
function askedItems(inputs: JsonSchema, params?: Parameters): JsonSchema {
  const item = { type: "object", properties: { inputs }, additionalProperties: false };
  return {
    type: "object",
    required: ["items", ...needed(params)],
    properties: { items: { type: "array", items: item, maxItems }, params: parameters(params) },
    additionalProperties: false,
  };
}

function answered(outputs: JsonSchema): JsonSchema {
  return { type: "object", required: ["outputs"], properties: { outputs } };
}

/** What became of each, in the same order. */
function answeredItems(outputs: JsonSchema): JsonSchema {
  const failedItem = { type: "object", required: ["problem"], properties: { problem: problemRef } };
  return {
    type: "object",
    required: ["items"],
    properties: { items: { type: "array", items: { oneOf: [answered(outputs), failedItem] } } },
  };
}

function stream(name: string, { inputs, outputs, params }: PipelineDescription): JsonSchema {
  const lists = ports(inputs, (items) => ({ type: "array", items }));
  const line =
    'A JSON value a line: first, if any, `{"params"}`, then `{"port", "value"}` with an optional `timestampUs`, and ' +
    '`{"port", "end": true}` where one input ends before the body does. Lines are read as they come.';
  const events = Object.entries(outputs).map(([port, { type }]) => `\`${port}\` (${formatType(type)})`);
  return {
    operationId: `${name}.stream`,
    summary: `Feeds \`${name}\`, and sends what it gives as it comes.`,
    requestBody: {
      required: Object.values(inputs).some(({ optional }) => !optional) || needed(params).length > 0,
      content: {
        "application/json": { schema: asked(lists, params) },
        "application/x-ndjson": { schema: { type: "string", description: line } },
      },
    },
    responses: {
      "200": {
        description:
          `Server-sent events: \`event\` is the port, of ${events.join(", ") || "none"}; \`id\` counts the frames of the port; ` +
          '`data` is `{"value", "timestampUs"}`. An event `error` without an `id` has a problem as its `data`, and is the last.',
        content: { "text/event-stream": { schema: { type: "string" } } },
      },
      default: failed,
    },
  };
}

/** Members of a body that have to be there for the parameters' sake. */
function needed(params: Parameters = {}): readonly string[] {
  return Object.values(params).some(({ required }) => required) ? ["params"] : [];
}

function asked(inputs: JsonSchema, params?: Parameters): JsonSchema {
  const required = [...(Object.hasOwn(inputs, "required") ? ["inputs"] : []), ...needed(params)];
  return {
    type: "object",
    ...(required.length > 0 && { required }),
    properties: { inputs, params: parameters(params) },
    additionalProperties: false,
  };
}

function ports(all: Ports, shape: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const entries = Object.entries(all);
  const required = entries.flatMap(([name, { optional }]) => (optional ? [] : [name]));
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, { type }]) => [name, shape(jsonSchema(type, components))])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}
