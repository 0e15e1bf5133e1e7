import { positionAt, type Place } from "../source/source-file.ts";
import type { Diagnostic, Severity } from "./diagnostic.ts";

/** What is known of a code besides the diagnostics that carry it. */
export interface SarifRule {
  readonly title: string;
  /** Its page as Markdown; undefined where there is none. */
  readonly page: string | undefined;
}

export interface SarifOptions {
  /** The version of the compiler. */
  readonly version: string;
  /** The folder that relative paths start from, as a `file:` URL that ends in a slash. */
  readonly root: string;
  readonly ruleOf: (code: string) => SarifRule;
}

/** A diagnostic with the path to show for the path of a source. */
interface Shown {
  readonly diagnostic: Diagnostic;
  readonly pathOf?: (path: string) => string;
}

const levels: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", information: "note" };

/** The symbol for the root that relative paths start from, as code scanning services know it. */
const rootSymbol = "%SRCROOT%";

/** One run in the Static Analysis Results Interchange Format, version 2.1.0 (OASIS standard, 2020). */
export function sarifLog(diagnostics: readonly Shown[], options: SarifOptions): object {
  const codes = [...new Set(diagnostics.map((one) => one.diagnostic.code))].toSorted();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "meshc",
            version: options.version,
            semanticVersion: options.version,
            rules: codes.map((code) => {
              const { title, page } = options.ruleOf(code);
              return {
                id: code,
                name: title.replaceAll(
                  /[^A-Za-z0-9]+(.)?/g,
                  (_, next: string | undefined) => next?.toUpperCase() ?? "",
                ),
                shortDescription: { text: title },
                ...(page !== undefined && { help: { text: page, markdown: page } }),
              };
            }),
          },
        },
        originalUriBaseIds: { [rootSymbol]: { uri: options.root } },
        // Columns count code units of UTF-16, as they do everywhere in the compiler.
        columnKind: "utf16CodeUnits",
        results: diagnostics.map(({ diagnostic, pathOf = (path) => path }) => result(diagnostic, codes, pathOf)),
      },
    ],
  };
}

export function renderSarif(diagnostics: readonly Shown[], options: SarifOptions): string {
  return `${JSON.stringify(sarifLog(diagnostics, options), undefined, 2)}\n`;
}

function result(diagnostic: Diagnostic, codes: readonly string[], pathOf: (path: string) => string): object {
  const { code, severity, message, place, notes, hint, related, fixes } = diagnostic;
  const text = [message, ...notes, ...(hint === undefined ? [] : [hint])].join("\n");
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: levels[severity],
    message: { text },
    locations: [{ physicalLocation: physical(place, pathOf) }],
    ...(related.length > 0 && {
      relatedLocations: related.map((one, index) => ({
        id: index,
        physicalLocation: physical(one.place, pathOf),
        message: { text: one.message },
      })),
    }),
    ...(fixes.length > 0 && {
      fixes: fixes.map(({ title, edits, applicability }) => ({
        description: { text: title },
        artifactChanges: changes(edits, pathOf),
        properties: { applicability },
      })),
    }),
  };
}

function changes(edits: Diagnostic["fixes"][number]["edits"], pathOf: (path: string) => string): object[] {
  const sources = [...new Set(edits.map((one) => one.place.source))];
  return sources.map((source) => ({
    artifactLocation: artifact(pathOf(source.path)),
    replacements: edits
      .filter((one) => one.place.source === source)
      .map(({ place, newText }) => ({
        deletedRegion: region(place),
        ...(newText !== "" && { insertedContent: { text: newText } }),
      })),
  }));
}

function physical(place: Place, pathOf: (path: string) => string): object {
  return { artifactLocation: artifact(pathOf(place.source.path)), region: region(place) };
}

/** A path as a reference of RFC 3986. Paths outside the root keep their `..`; modules of the library have no file. */
function artifact(path: string): object {
  const uri = path
    .split("/")
    .map((part) => encodeURIComponent(part))
    .join("/");
  return path.startsWith("std/") ? { uri: `mesh:${uri}` } : { uri, uriBaseId: rootSymbol };
}

/** Lines and columns count from 1; the end is exclusive. */
function region({ source, span }: Place): object {
  const start = positionAt(source, span.start);
  const end = positionAt(source, Math.max(span.start, span.end));
  return {
    startLine: start.line + 1,
    startColumn: start.character + 1,
    endLine: end.line + 1,
    endColumn: end.character + 1,
  };
}
