/**
 * The parts of the SARIF 2.1.0 schema that `meshc` uses, transcribed: what must be there, and no member that the standard
 * does not know.
 */
import { z } from "zod";

const message = z.strictObject({ text: z.string().min(1) });
const markdown = z.strictObject({ text: z.string().min(1), markdown: z.string().optional() });
const reference = z.string().regex(/^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]*$/);
const artifact = z.strictObject({ uri: reference, uriBaseId: z.string().optional() });
const region = z
  .strictObject({
    startLine: z.int().min(1),
    startColumn: z.int().min(1),
    endLine: z.int().min(1),
    endColumn: z.int().min(1),
  })
  .refine((one) => one.endLine > one.startLine || (one.endLine === one.startLine && one.endColumn >= one.startColumn));
const physical = z.strictObject({ artifactLocation: artifact, region });
const level = z.enum(["none", "note", "warning", "error"]);

const rule = z.strictObject({
  id: z.string().min(1),
  name: z.string().regex(/^[A-Za-z0-9]+$/),
  shortDescription: message,
  help: markdown.optional(),
});

const fix = z.strictObject({
  description: message,
  artifactChanges: z
    .array(
      z.strictObject({
        artifactLocation: artifact,
        replacements: z.array(z.strictObject({ deletedRegion: region, insertedContent: message.optional() })).min(1),
      }),
    )
    .min(1),
  properties: z.record(z.string(), z.unknown()),
});

const result = z.strictObject({
  ruleId: z.string(),
  ruleIndex: z.int().min(0),
  level,
  message,
  locations: z.array(z.strictObject({ physicalLocation: physical })).length(1),
  relatedLocations: z.array(z.strictObject({ id: z.int().min(0), physicalLocation: physical, message })).optional(),
  fixes: z.array(fix).min(1).optional(),
});

const run = z.strictObject({
  tool: z.strictObject({
    driver: z.strictObject({
      name: z.string(),
      version: z.string(),
      semanticVersion: z.string(),
      rules: z.array(rule),
    }),
  }),
  originalUriBaseIds: z.record(z.string(), z.strictObject({ uri: z.url().endsWith("/") })),
  columnKind: z.enum(["utf16CodeUnits", "unicodeCodePoints"]),
  results: z.array(result),
});

export const sarifSchema = z
  .strictObject({ $schema: z.url(), version: z.literal("2.1.0"), runs: z.array(run).length(1) })
  .refine(({ runs }) =>
    runs.every(({ results, tool }) => results.every((one) => tool.driver.rules[one.ruleIndex]?.id === one.ruleId)),
  );
