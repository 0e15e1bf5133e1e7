import { problemKinds, type ProblemCode } from "../../grammar/index.ts";
import type { Severity } from "./diagnostic.ts";

interface CatalogEntry {
  readonly severity: Severity;
  /** What the mistake is, in a few words; the heading of its page. */
  readonly title: string;
}

/**
 * Every diagnostic of the checker, by its stable code. Syntax problems (`MESH1xxx`) are listed in `grammar/problems.ts`.
 *
 * Families: 2 names and imports, 3 types, formats and codecs, 4 capabilities and placement, 5 graph shape,
 * 6 resilience, 7 security, 8 performance, 9 style. A code is never used again for something else.
 */
export const catalog = {
  MESH2001: { severity: "error", title: "Unknown name" },
  MESH2002: { severity: "error", title: "Unknown port" },
  MESH2003: { severity: "error", title: "Name declared twice" },
  MESH2004: { severity: "error", title: "Module not found" },
  MESH2005: { severity: "error", title: "Module has no such declaration" },
  MESH2006: { severity: "warning", title: "Unused name" },
  MESH2007: { severity: "error", title: "Name of the wrong kind" },
  MESH2008: { severity: "error", title: "Unknown parameter" },
  MESH2009: { severity: "error", title: "Missing argument" },
  MESH2010: { severity: "error", title: "Unknown option or clause" },
  MESH2011: { severity: "error", title: "Unknown field" },
  MESH2012: { severity: "error", title: "Word that may not name this" },
  MESH2020: { severity: "error", title: "Code of a node not found" },
  MESH2021: { severity: "error", title: "Code of a node not exported" },
  MESH2022: { severity: "error", title: "No WebAssembly module that can be used" },
  MESH3001: { severity: "error", title: "Formats do not match" },
  MESH3002: { severity: "error", title: "No converter" },
  MESH3003: { severity: "error", title: "Value of the wrong type" },
  MESH3004: { severity: "error", title: "Not a format" },
  MESH3005: { severity: "error", title: "Value out of range" },
  MESH3006: { severity: "error", title: "Does not conform to the interface" },
  MESH3007: { severity: "error", title: "Format not known at build time" },
  MESH3008: { severity: "error", title: "Nothing to choose by" },
  MESH3009: { severity: "error", title: "Record that holds itself" },
  MESH3020: { severity: "error", title: "Code of a node does not fit" },
  MESH3021: { severity: "error", title: "WebAssembly module does not fit" },
  MESH3022: { severity: "error", title: "Not for a WebAssembly module" },
  MESH3030: { severity: "error", title: "Live pipeline has changed" },
  MESH3031: { severity: "error", title: "Pulled interface was edited" },
  MESH4001: { severity: "error", title: "Peer lacks what a pipeline requires" },
  MESH4002: { severity: "warning", title: "No declared peer provides it" },
  MESH4003: { severity: "error", title: "Target lacks what the interface requires" },
  MESH5001: { severity: "error", title: "Input without a source" },
  MESH5002: { severity: "error", title: "Two sources for one input" },
  MESH5003: { severity: "error", title: "Loop of streams" },
  MESH5004: { severity: "error", title: "Output never given" },
  MESH5005: { severity: "error", title: "Which port is not clear" },
  MESH5006: { severity: "error", title: "Not a source or not a target" },
  MESH5008: { severity: "error", title: "Pipelines in a circle" },
  MESH5009: { severity: "error", title: "Route without a way for every value" },
  MESH5010: { severity: "error", title: "Case never reached" },
  MESH5011: { severity: "error", title: "Only for batch" },
  MESH5012: { severity: "error", title: "Join without inputs to join" },
  MESH5013: { severity: "warning", title: "Part that nothing reaches" },
  MESH5014: { severity: "error", title: "Pipeline too large" },
  MESH5015: { severity: "error", title: "List too long" },
  MESH5016: { severity: "error", title: "Not to be asked twice" },
  MESH6001: { severity: "error", title: "Fallback never reached" },
  MESH6002: { severity: "error", title: "Remote without a target" },
  MESH6003: { severity: "error", title: "Target does not satisfy the interface" },
  MESH6004: { severity: "error", title: "Loop of fallbacks" },
  MESH6005: { severity: "warning", title: "Retries outlast the call" },
  MESH6006: { severity: "error", title: "Target not reachable that way" },
  MESH6007: { severity: "error", title: "Targets out of order" },
  MESH7001: { severity: "warning", title: "Open to the network without access rules" },
  MESH7002: { severity: "error", title: "Plain target where identities must be proved" },
  MESH7003: { severity: "error", title: "Not a SPIFFE pattern" },
  MESH8001: { severity: "error", title: "Latency budget exceeded" },
  MESH8002: { severity: "warning", title: "Raw media over a network" },
  MESH8003: { severity: "warning", title: "Buffer smaller than the latency" },
  MESH8004: { severity: "error", title: "Budget without a path" },
  MESH9001: { severity: "warning", title: "Declaration not in UpperCamel" },
  MESH9002: { severity: "warning", title: "Member neither in snake_case nor in camelCase" },
} as const satisfies Record<string, CatalogEntry>;

export type DiagnosticCode = keyof typeof catalog;

/** What a code is about, in a few words; of the syntax as well as of the checker. */
export function titleOf(code: string): string {
  const entry = Object.hasOwn(catalog, code) ? catalog[code as DiagnosticCode].title : undefined;
  const problem = Object.hasOwn(problemKinds, code) ? problemKinds[code as ProblemCode] : undefined;
  return entry ?? (problem === undefined ? code : problem.charAt(0).toUpperCase() + problem.slice(1));
}

/** Every code there is, in order. */
export function allCodes(): string[] {
  return [...Object.keys(problemKinds), ...Object.keys(catalog)].toSorted();
}
