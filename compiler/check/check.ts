import type { Schemas } from "../../runtime/interface/caps.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { removeImport } from "../fixes/unused-import.fix.ts";
import type { Host } from "../host/host.ts";
import type { Converters } from "./adapt.ts";
import { converterModules, loadProgram, type Parse } from "./load.ts";
import type { CheckedPipeline, PipelineSymbol } from "./graph.ts";
import { checkFormatArguments } from "./parameter-rules.ts";
import { checkPipelines } from "./pipelines.ts";
import { CapabilityReader } from "./capabilities.ts";
import { checkPeer, type CheckedPeer } from "./peers.ts";
import { checkPolicy } from "./policies.ts";
import {
  isStandard,
  type DeclarationSymbol,
  type FileInfo,
  type PeerSymbol,
  type Program,
  type SignatureSymbol,
} from "./program.ts";
import { Reporter } from "./reporter.ts";
import { Requirements } from "./requirements.ts";
import { checkRules } from "./rules/index.ts";
import { readSchemas, type SchemaTable } from "./schemas.ts";
import { Scope } from "./scope.ts";
import { SignatureReader, type Signature } from "./signature.ts";
import { readTargets, type CheckedRemote } from "./targets.ts";
import { TypeReader } from "./types.ts";
import { ValueReader } from "./values.ts";

/** A program after all checks; complete however broken it is. */
export interface CheckedProgram {
  readonly program: Program;
  readonly diagnostics: readonly Diagnostic[];
  readonly schemas: Schemas;
  /** By key. */
  readonly pipelines: ReadonlyMap<string, CheckedPipeline>;
  /** The targets of the remotes of a pipeline, by the key of the pipeline, then by the name of the remote. */
  readonly remotes: ReadonlyMap<string, ReadonlyMap<string, CheckedRemote>>;
  readonly peers: ReadonlyMap<string, CheckedPeer>;
  readonly requirements: Requirements;
  signature(symbol: SignatureSymbol): Signature;
}

/** @throws {HostError} when the root file cannot be read */
export function checkProgram(path: string, host: Host, parse?: Parse): CheckedProgram {
  const reporter = new Reporter();
  const program = loadProgram(path, host, reporter, parse);
  const scope = new Scope(program, reporter);
  const types = new TypeReader(scope, reporter);
  const schemas: SchemaTable = {};
  const values = new ValueReader(reporter, schemas);
  readSchemas(program, schemas, { types, values, reporter });
  const signatures = new SignatureReader(types, values, reporter);
  const all = [...program.files.values()].flatMap((file) => [...file.declarations.values()]);
  for (const symbol of all) {
    const { kind } = symbol.syntax;
    // What the standard library declares is right; it is read where it is used.
    if (isStandard(symbol.file.module)) continue;
    if (kind === "Node" || kind === "Interface" || kind === "Pipeline") signatures.read(symbol as SignatureSymbol);
    if (symbol.syntax.kind === "Policy") checkPolicy(symbol.file, symbol.syntax.clauses, reporter);
  }
  const pipelines = checkPipelines(
    all.filter((symbol): symbol is PipelineSymbol => symbol.syntax.kind === "Pipeline"),
    {
      scope,
      reporter,
      signatures,
      values,
      schemas,
      converters: (symbol) => convertersOf(symbol.file, program, signatures),
    },
  );
  const capabilities = new CapabilityReader(values, reporter);
  const context = { scope, reporter, signatures, values, capabilities };
  const remotes = new Map<string, ReadonlyMap<string, CheckedRemote>>();
  for (const checked of pipelines.values()) remotes.set(checked.symbol.key, readTargets(checked, context));
  const peers = new Map<string, CheckedPeer>();
  for (const symbol of all) {
    if (symbol.syntax.kind === "Peer") peers.set(symbol.key, checkPeer(symbol as PeerSymbol, context));
  }
  checkUses(pipelines, remotes, peers, reporter);
  const requirements = new Requirements({ ...context, pipelines, remotes });
  checkRules({ ...context, program, declarations: all, schemas, pipelines, remotes, peers, requirements });
  for (const file of program.files.values()) if (!isStandard(file.module)) reportUnusedImports(file, scope, reporter);
  return {
    program,
    diagnostics: reporter.inOrder([...program.files.values()].map((file) => file.source)),
    schemas,
    pipelines,
    remotes,
    peers,
    requirements,
    signature: (symbol) => signatures.read(symbol),
  };
}

/** The arguments with which peers and remotes run pipelines, against the formats that are solved inside. */
function checkUses(
  pipelines: ReadonlyMap<string, CheckedPipeline>,
  remotes: CheckedProgram["remotes"],
  peers: CheckedProgram["peers"],
  reporter: Reporter,
): void {
  for (const { symbol, runs } of peers.values()) {
    for (const { syntax, pipeline, args } of runs) {
      const checked = pipelines.get(pipeline.key);
      if (checked !== undefined) checkFormatArguments(symbol.file, syntax.instance, checked, args, reporter);
    }
  }
  for (const { symbol } of pipelines.values()) {
    for (const { targets } of remotes.get(symbol.key)?.values() ?? []) {
      for (const target of targets) {
        const checked = target.kind === "local" ? pipelines.get(target.symbol.key) : undefined;
        const { value } = target.syntax;
        if (target.kind !== "local" || checked === undefined || value?.kind !== "Instance") continue;
        checkFormatArguments(symbol.file, value, checked, target.args, reporter);
      }
    }
  }
}

/** The converters in sight of a file: declared in it, imported into it, and those of the standard library. */
function convertersOf(file: FileInfo, program: Program, signatures: SignatureReader): Converters {
  const found = new Map<string, Signature>();
  const add = (symbol: DeclarationSymbol): void => {
    if (symbol.syntax.kind !== "Node" || found.has(symbol.key)) return;
    const signature = signatures.read(symbol as SignatureSymbol);
    if (signature.convertsAtCost !== undefined) found.set(symbol.key, signature);
  };
  for (const symbol of file.declarations.values()) add(symbol);
  for (const binding of file.imports.values()) add(binding.symbol);
  for (const module of converterModules) {
    for (const symbol of program.files.get(module)?.declarations.values() ?? []) add(symbol);
  }
  return [...found.values()];
}

function reportUnusedImports(file: FileInfo, scope: Scope, reporter: Reporter): void {
  // What could not be read may be where a name is used.
  if (reporter.hasSyntaxError(file.source)) return;
  for (const [name, binding] of file.imports) {
    // A converter may be imported for `~>` alone.
    const { syntax } = binding.symbol;
    if (binding.used || (syntax.kind === "Node" && syntax.members.some((one) => one.kind === "Converts"))) continue;
    if (scope.isMissed(file, name) || file.lost.has(name)) continue;
    reporter.report("MESH2006", file.source, binding.syntax.span, `\`${name}\` is imported and never used.`, {
      hint: "Remove it from the import.",
      fixes: removeImport(file, binding.syntax),
    });
  }
}
