import * as z from "zod";
import { serviceLimits } from "../runtime/signaling/limits.ts";
import { serviceHelloResult, serviceParams, serviceResults } from "../runtime/signaling/methods.ts";
import { methodParams } from "../runtime/signaling/protocol.ts";

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly enum?: readonly string[];
}

const schemaOf = (schema: z.core.$ZodType): JsonSchema =>
  z.toJSONSchema(schema, { target: "draft-2020-12", io: "input" }) as JsonSchema;

/** All messages of the signaling as one JSON Schema: parameters by method, results by method and `Result`. */
export function signalingSchema(): string {
  const results = Object.entries({ ...serviceResults, hello: serviceHelloResult });
  const all: Record<string, z.core.$ZodType> = {
    ...methodParams,
    ...serviceParams,
    ...Object.fromEntries(results.map(([name, schema]) => [`${name}Result`, schema])),
  };
  const { $schema, ...schema } = z.toJSONSchema(z.object(all), {
    target: "draft-2020-12",
    io: "input",
    reused: "ref",
  });
  const description =
    "What is said over the subprotocol mesh.v1+json: the params of each method of JSON-RPC 2.0, and the results of requests.";
  return `${JSON.stringify({ $schema, description, ...schema }, null, 2)}\n`;
}

const begin = "<!-- written by scripts/signaling-docs.mjs: methods of a service -->";
const end = "<!-- end -->";

/** The page with its table as the schemas have it. */
export function withTables(page: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error(`docs/protocol.md has no \`${begin}\` … \`${end}\`.`);
  return `${page.slice(0, from)}${begin}\n\n${tables()}\n${page.slice(to)}`;
}

/** Who says it, and whether it is answered. */
const ways: Readonly<Record<keyof typeof serviceParams, readonly [from: string, kind: string]>> = {
  register: ["peer", "request"],
  renew: ["peer", "request"],
  unregister: ["peer", "request"],
  report: ["peer", "request"],
  discover: ["anyone", "request"],
  watch: ["anyone", "request"],
  connect: ["anyone", "request"],
  relay: ["both", "notification"],
  changed: ["service", "notification"],
};

function tables(): string {
  const results: Readonly<Record<string, z.core.$ZodType>> = serviceResults;
  const rows = Object.entries(serviceParams).map(([name, schema]) => {
    const [from, kind] = ways[name as keyof typeof ways];
    const result = results[name];
    return `| \`${name}\` | ${from} | ${kind} | ${members(schemaOf(schema))} | ${result === undefined ? "" : members(schemaOf(result)) || "an empty object"} |`;
  });
  const limits = Object.entries(serviceLimits).map(
    ([name, value]) => `| \`${name}\` | ${value.toLocaleString("en")} |`,
  );
  return [
    "| method | from | kind | parameters | result |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    "| limit of a service | |",
    "| --- | --- |",
    ...limits,
    "",
  ].join("\n");
}

function members({ properties = {}, required = [] }: JsonSchema): string {
  return Object.entries(properties)
    .map(([name, schema]) => `\`${name}\`${required.includes(name) ? "" : "?"}${typeText(schema)}`)
    .join(", ");
}

function typeText({ type, items, enum: choices }: JsonSchema): string {
  if (choices !== undefined) return `: ${choices.map((one) => `\`${one}\``).join(" or ")}`;
  if (type === "array")
    return `: list${items?.type === undefined || items.type === "object" ? "" : ` of ${items.type}s`}`;
  return type === undefined || type === "object" ? "" : `: ${type}`;
}
