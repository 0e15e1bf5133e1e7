import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import type { PipelinePlan } from "../../../runtime/interface/plan.ts";
import { describePipeline } from "../../../runtime/pipeline/description.ts";
import { planOf } from "../../support/pipeline-run.ts";
import { called, jsonOf, request } from "./support/called.ts";
import { nodes, program } from "./support/program.ts";

const wide = `
enum Mood { happy, sad }
record Point { x: int in 0..9, y: float = 0.5, note: text?, next: Point? }
record Everything {
  mood: Mood
  points: [Point]
  names: map<text>
  size: resolution in 16x16..1920x1080
  took: duration in 0ms..5s
  code: text matches "[A-Z]{3}"
  raw: bytes
  any: json
  yes: bool
  version: version
}
batch node Think {
  in all: Everything
  in pulse: signal?
  out thought: Everything
  from "./x.ts"
}
batch pipeline Deep {
  in all: Everything
  in pulse: signal?
  out same: Everything
  let think = Think()
  all -> think.all
  pulse -> think.pulse
  think.thought -> same
}
`;

interface Document {
  readonly paths: object;
  readonly components: { readonly schemas: object };
}

async function documentOf(source: string): Promise<Document & Record<string, unknown>> {
  const { service } = called(planOf(source), nodes());
  return jsonOf(await service.answer(request("GET", "/openapi.json"))) as Document & Record<string, unknown>;
}

describe("the description of a peer for users of HTTP", () => {
  it.each([
    ["streams and batch pipelines", program],
    ["types of every kind", wide],
    ["no pipelines", "record Nothing { here: text }"],
  ])("is OpenAPI 3.1, of %s", async (_, source) => {
    const document = await documentOf(source);
    const validator = new Validator();
    const { valid, errors } = await validator.validate(document);
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    expect(validator.version).toBe("3.1");
    // Every reference leads somewhere.
    const names = Object.keys(document.components.schemas);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target);
    expect(references.filter((one) => !names.some((name) => one === `#/components/schemas/${name}`))).toEqual([]);
  });

  it("has a way to ask for each pipeline", async () => {
    const { paths } = await documentOf(program);
    expect(Object.keys(paths)).toEqual([
      "/v1/pipelines",
      "/v1/pipelines/{name}",
      "/v1/pipelines/Ask:execute",
      "/v1/pipelines/Ask:stream",
      "/v1/pipelines/Mirror:execute",
      "/v1/pipelines/Mirror:stream",
      "/v1/pipelines/Wait:execute",
      "/v1/pipelines/Wait:stream",
      "/v1/pipelines/Shout:stream",
      "/v1/pipelines/Quieter:stream",
      "/v1/pipelines/Counting:stream",
    ]);
  });

  it("lists the pipelines, and describes each with schemas of its values", async () => {
    const { service } = called(planOf(wide), nodes());
    const list = await service.answer(request("GET", "/v1/pipelines"));
    expect(jsonOf(list)).toEqual({
      pipelines: [
        { name: "Deep", batch: true, inputs: { all: "Everything", pulse: "signal?" }, outputs: { same: "Everything" } },
      ],
    });
    const deep = jsonOf(await service.answer(request("GET", "/v1/pipelines/Deep")));
    expect(deep).toMatchObject({
      name: "Deep",
      batch: true,
      execute: "/v1/pipelines/Deep:execute",
      inputs: { all: { type: "Everything", optional: false, schema: { $ref: "#/$defs/Everything" } } },
      $defs: {
        Mood: { type: "string", enum: ["happy", "sad"] },
        Point: {
          type: "object",
          required: ["x"],
          properties: {
            x: { type: "integer", minimum: 0, maximum: 9 },
            y: { anyOf: [{ type: "number" }, { type: "null" }], default: 0.5 },
          },
        },
        Everything: {
          properties: {
            points: { type: "array", items: { $ref: "#/$defs/Point" } },
            names: { type: "object", additionalProperties: { type: "string" } },
            took: { type: "number", minimum: 0, maximum: 5_000_000, description: "duration; 1 is 1us" },
            code: { type: "string", pattern: "^(?:[A-Z]{3})$" },
            raw: { type: "string", contentEncoding: "base64" },
            any: {},
          },
        },
      },
    });
  });

  it("tells the parameters that a caller may set, with their defaults, but not what a peer has set or has in its environment", async () => {
    const source = `
enum Mood { happy, sad }
batch pipeline Ask(tries: int in 1..9, mood: Mood = happy, hint: text?, secret: text = env("SECRET", "s3cret")) {
  in question: text
  out same: text
  question -> same
}
`;
    const plan = planOf(source);
    const { service } = called(plan, nodes());
    const { params } = jsonOf(await service.answer(request("GET", "/v1/pipelines/Ask"))) as { params: object };
    expect(params).toEqual({
      tries: { type: "int in 1..9", required: true, schema: { type: "integer", minimum: 1, maximum: 9 } },
      mood: { type: "Mood", required: false, schema: { $ref: "#/$defs/Mood", default: "happy" } },
      hint: { type: "text?", required: false, schema: { anyOf: [{ type: "string" }, { type: "null" }] } },
      secret: { type: "text", required: false, schema: { type: "string" } },
    });
    const document = await documentOf(source);
    expect((await new Validator().validate(document)).valid).toBe(true);
    expect(document.paths).toHaveProperty(
      ["/v1/pipelines/Ask:execute", "post", "requestBody", "content", "application/json", "schema", "oneOf", 0],
      expect.objectContaining({
        required: ["inputs", "params"],
        properties: expect.objectContaining({
          params: expect.objectContaining({
            required: ["tries"],
            properties: expect.objectContaining({ mood: { $ref: "#/components/schemas/Mood", default: "happy" } }),
            additionalProperties: false,
          }),
        }),
      }),
    );
    expect(JSON.stringify(document)).not.toContain("s3cret");
    const { pipelines, schemas } = plan;
    const own = { tries: 2, mood: "sad" };
    const set = describePipeline("Ask", pipelines["Ask"] as PipelinePlan, schemas, own, () => "told to nobody");
    expect(Object.keys(set.params ?? {})).toEqual(["hint", "secret"]);
    expect(JSON.stringify(set)).not.toContain("told to nobody");
  });
});
