import { isStandard } from "../../check/program.ts";
import type { ParsedFile } from "../../check/sources.ts";
import type { Analysis } from "../files.ts";
import { relativeImport } from "../relative-import.ts";
import type { Cursor } from "./cursor.ts";
import type { Completion, CompletionItem } from "./item.ts";

/** What may stand in a string: modules, code, addresses, services. */
export function completeString(analysis: Analysis, file: ParsedFile, cursor: Cursor): Completion | undefined {
  const { string, line } = cursor;
  if (string === undefined) return undefined;
  const isClosed = string.text.length > 1 && string.text.endsWith('"');
  const span = { start: string.span.start + 1, end: string.span.end - (isClosed ? 1 : 0) };
  return { span, items: itemsFor(analysis, file, line), isPart: false };
}

function itemsFor(analysis: Analysis, file: ParsedFile, line: readonly string[]): CompletionItem[] {
  const [first] = line;
  const last = line.at(-1);
  if (last === "from" && line.includes("import")) return modules(analysis, file);
  if (last === "from")
    return siblings(analysis, file, first === "feed" ? /./ : /\.(?:[cm]?[tj]s|wasm)$/, first !== "feed");
  if (last === "service") return services(analysis);
  if (first === "listens" || first === "at" || first === "else") return addresses;
  if (first === "registers") return [address("wss://signal.example.com")];
  if (first === "allows" || first === "admin" || last === "mtls") return [address("spiffe://example.com/peer")];
  return [];
}

const addresses: CompletionItem[] = ["webrtc://0.0.0.0:7443", "grpc://0.0.0.0:7444"].map(address);

function address(label: string): CompletionItem {
  return { label, kind: "value", rank: 1 };
}

function modules(analysis: Analysis, file: ParsedFile): CompletionItem[] {
  const own = analysis.modules
    .filter((module) => !isStandard(module) && module !== file.module)
    .map((module): CompletionItem => ({ label: relativeImport(file.source.path, module), kind: "file", rank: 1 }));
  return [...own, ...analysis.standardModules.map((label): CompletionItem => ({ label, kind: "module", rank: 2 }))];
}

function siblings(analysis: Analysis, file: ParsedFile, fits: RegExp, isImport: boolean): CompletionItem[] {
  return analysis
    .siblings(file.source.path)
    .filter((name) => fits.test(name) && !name.endsWith(".mesh"))
    .map((name) => ({ label: isImport ? `./${name}` : name, kind: "file", rank: 1 }));
}

/** The names under which the peers of the project run pipelines. */
function services(analysis: Analysis): CompletionItem[] {
  const names = analysis.modules.flatMap((path) =>
    (analysis.parsed(path)?.syntax.declarations ?? []).flatMap((one) =>
      (one.kind === "Peer" ? one.members : []).flatMap((member) =>
        member.kind === "Runs" ? [member.as?.value ?? member.instance.callee.text] : [],
      ),
    ),
  );
  return [...new Set(names)].map((label) => ({ label, kind: "value", rank: 1 }));
}
