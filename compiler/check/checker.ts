import type { InstanceSyntax, RecordSyntax } from "../../grammar/syntax.ts";
import type { Schema } from "../../runtime/interface/caps.ts";
import { removeImport } from "../fixes/unused-import.fix.ts";
import { Converters } from "./adapt.ts";
import { CapabilityReader } from "./capabilities.ts";
import type { CheckedPipeline, PipelineSymbol } from "./graph.ts";
import { checkFormatArguments } from "./parameter-rules.ts";
import { checkPeer, type CheckedPeer, type CheckedRun } from "./peers.ts";
import { PipelineReader } from "./pipelines.ts";
import { Judged, type Known } from "./judged.ts";
import { checkPolicy } from "./policies.ts";
import {
  isStandard,
  type DeclarationSymbol,
  type FileInfo,
  type PeerSymbol,
  type SignatureSymbol,
  type TypeSymbol,
} from "./program.ts";
import { Reporter } from "./reporter.ts";
import { Requirements } from "./requirements.ts";
import { rules } from "./rules/index.ts";
import type { RuleContext } from "./rules/rule.ts";
import { reportEndless, SchemaReader, type SchemaTable } from "./schemas.ts";
import { Scope } from "./scope.ts";
import { SignatureReader, type Signature } from "./signature.ts";
import { converterModules } from "./sources.ts";
import { readTargets, type CheckedRemote, type TargetTools } from "./targets.ts";
import { TypeReader } from "./types.ts";
import { ValueReader } from "./values.ts";
import type { View } from "./view.ts";

type Remotes = ReadonlyMap<string, CheckedRemote>;

/** What is checked of a file. */
export interface Part {
  isWanted(symbol: DeclarationSymbol): boolean;
  /** What is wanted may lead there. */
  isNear(symbol: DeclarationSymbol): boolean;
}

const everything: Part = { isWanted: () => true, isNear: () => true };

const isSignature: ReadonlySet<string> = new Set(["Node", "Interface", "Pipeline"]);

/**
 * Checks one file. What it needs of others is worked out when it is asked for, by the same code, and what is wrong there
 * is told where those are checked.
 */
export class Checker {
  readonly view: View;
  readonly reporter: Reporter;
  /** What is wrong in other files and only known here. */
  readonly elsewhere = new Reporter();
  readonly schemas: SchemaTable = {};
  readonly requirements: Requirements;
  /** What is known of pipelines, of this file and of others, by their keys. */
  readonly known: { readonly pipelines: Known<CheckedPipeline>; readonly remotes: Known<Remotes> };
  readonly #scope: Scope;
  readonly #values: ValueReader;
  readonly #signatures: SignatureReader;
  readonly #schemaReader: SchemaReader;
  readonly #capabilities: CapabilityReader;
  readonly #pipelines: PipelineReader;
  readonly #remotes = new Map<PipelineSymbol, Remotes>();
  readonly #peers = new Map<PeerSymbol, CheckedPeer>();
  readonly #converters = new Map<FileInfo, Converters>();

  constructor(view: View, reporter: Reporter) {
    this.view = view;
    this.reporter = reporter;
    this.#scope = new Scope(() => view.family("names"), reporter);
    this.#values = new ValueReader(reporter, this.schemas);
    const types = new TypeReader(this.#scope, reporter, (symbol) => this.#schemaReader.read(symbol));
    this.#schemaReader = new SchemaReader(this.schemas, { types, values: this.#values, reporter });
    this.#signatures = new SignatureReader(types, this.#values, reporter);
    this.#capabilities = new CapabilityReader(this.#values, reporter);
    this.#pipelines = new PipelineReader(view.root, {
      scope: this.#scope,
      reporter,
      signatures: this.#signatures,
      values: this.#values,
      schemas: this.schemas,
      converters: ({ file }) => this.#convertersOf(file),
    });
    this.known = {
      pipelines: this.#judged([], "Pipeline", (symbol: PipelineSymbol) => this.pipeline(symbol)),
      remotes: this.#judged([], "Pipeline", (symbol: PipelineSymbol) => this.remotes(symbol)),
    };
    this.requirements = new Requirements({ ...this.#tools(), ...this.known });
  }

  /** What a declaration looks like from outside; of a pipeline, with the limits that its uses put on its parameters. */
  signature(symbol: SignatureSymbol): Signature {
    if (symbol.syntax.kind === "Pipeline") this.pipeline(symbol as PipelineSymbol);
    return this.#signatures.read(symbol);
  }

  schema(symbol: TypeSymbol): Schema {
    this.#schemaReader.read(symbol);
    return this.schemas[symbol.key] ?? { kind: "record", fields: [] };
  }

  pipeline(symbol: PipelineSymbol): CheckedPipeline {
    return this.#pipelines.read(symbol);
  }

  /** How deep pipelines stand in each other in one. */
  depth(symbol: PipelineSymbol): number {
    return this.#pipelines.depth(symbol);
  }

  /** The remotes of a pipeline, by their names. */
  remotes(symbol: PipelineSymbol): Remotes {
    const known = this.#remotes.get(symbol);
    if (known !== undefined) return known;
    const remotes = readTargets(this.pipeline(symbol), this.#tools());
    this.#remotes.set(symbol, remotes);
    return remotes;
  }

  peer(symbol: PeerSymbol): CheckedPeer {
    const known = this.#peers.get(symbol);
    if (known !== undefined) return known;
    const peer = checkPeer(symbol, this.#tools());
    this.#peers.set(symbol, peer);
    return peer;
  }

  /** Reads what has a schema, a signature or a policy, and solves the pipelines. What others see of the file is known then. */
  solve(): void {
    for (const _ of this.solving());
  }

  /** The same a step at a time. */
  *solving({ isWanted }: Part = everything): Generator<undefined, void, undefined> {
    const { root, cycle } = this.view;
    // Bound first, so that what an import cannot bring is told before anything that follows from it.
    void root.imports;
    const files = [root, ...cycle.filter((file) => file !== root)];
    for (const symbol of declared<TypeSymbol>(files, "Record", "Enum"))
      if (isWanted(symbol)) this.#schemaReader.read(symbol);
    const records = declared<DeclarationSymbol<RecordSyntax>>(cycle, "Record").filter(isWanted);
    reportEndless(records, this.schemas, this.reporter);
    yield;
    for (const symbol of root.declarations.values()) {
      if (!isWanted(symbol)) continue;
      if (isSignature.has(symbol.syntax.kind)) this.#signatures.read(symbol as SignatureSymbol);
      if (symbol.syntax.kind === "Policy") checkPolicy(root, symbol.syntax.clauses, this.reporter);
    }
    for (const symbol of declared<PipelineSymbol>(cycle, "Pipeline")) {
      if (!isWanted(symbol)) continue;
      yield;
      this.pipeline(symbol);
    }
  }

  /** All that is left to check of the file, once it is solved, a step at a time. */
  *judging({ isWanted, isNear }: Part = everything): Generator<undefined, void, undefined> {
    const { root, cycle } = this.view;
    const pipelines = declared<PipelineSymbol>([root], "Pipeline").filter(isWanted);
    const peers = declared<PeerSymbol>([root], "Peer").filter(isWanted);
    for (const symbol of pipelines) {
      yield;
      this.remotes(symbol);
    }
    for (const symbol of peers) void this.peer(symbol).runs;
    yield;
    this.#checkUses(pipelines, peers);
    let everyPeer: readonly CheckedPeer[] | undefined;
    const context: RuleContext = {
      ...this.#tools(),
      elsewhere: this.elsewhere,
      view: this.view,
      file: root,
      declarations: [...root.declarations.values()].filter(isWanted),
      schemas: this.schemas,
      pipelines: this.#judged(pipelines, "Pipeline", (symbol) => this.pipeline(symbol)),
      circle: declared<PipelineSymbol>(cycle, "Pipeline")
        .filter(isNear)
        .map((symbol) => this.pipeline(symbol)),
      remotes: this.#judged(pipelines, "Pipeline", (symbol) => this.remotes(symbol)),
      peers: this.#judged(peers, "Peer", (symbol) => this.peer(symbol)),
      everyPeer: () =>
        (everyPeer ??= declared<PeerSymbol>(this.view.family("peers"), "Peer").map((symbol) => this.peer(symbol))),
      requirements: this.requirements,
    };
    const isWhole = isWanted === everything.isWanted;
    for (const rule of rules) {
      if (rule.asksEveryPeer === true && !isWhole) continue;
      yield;
      rule.check(context);
    }
    // What is used is only known when all has been looked at.
    if (!isStandard(root.module) && isWhole) this.#reportUnusedImports(root);
  }

  #judged<S extends DeclarationSymbol, V>(
    own: readonly S[],
    kind: S["syntax"]["kind"],
    of: (symbol: S) => V,
  ): Judged<S, V> {
    const find = (key: string): S | undefined => {
      const symbol = this.view.symbol(key);
      return symbol?.syntax.kind === kind ? (symbol as S) : undefined;
    };
    return new Judged(own, find, of);
  }

  #tools(): TargetTools {
    return {
      scope: this.#scope,
      reporter: this.reporter,
      signatures: { read: (symbol) => this.signature(symbol) },
      values: this.#values,
      capabilities: this.#capabilities,
    };
  }

  /** The arguments with which peers and remotes run pipelines, against the formats that are solved inside. */
  #checkUses(pipelines: readonly PipelineSymbol[], peers: readonly PeerSymbol[]): void {
    const { root } = this.view;
    const against = (syntax: InstanceSyntax, symbol: SignatureSymbol, args: CheckedRun["args"]): void => {
      if (symbol.syntax.kind !== "Pipeline") return;
      checkFormatArguments(root, syntax, this.pipeline(symbol as PipelineSymbol), args, this.reporter);
    };
    for (const peer of peers) {
      for (const { syntax, pipeline, args } of this.peer(peer).runs) against(syntax.instance, pipeline, args);
    }
    for (const symbol of pipelines) {
      for (const target of [...this.remotes(symbol).values()].flatMap((one) => one.targets)) {
        const { value } = target.syntax;
        if (target.kind === "local" && value?.kind === "Instance") against(value, target.symbol, target.args);
      }
    }
  }

  /** The converters in sight of a file: declared in it, imported into it, and those of the standard library. */
  #convertersOf(file: FileInfo): Converters {
    const known = this.#converters.get(file);
    if (known !== undefined) return known;
    const found = new Map<string, Signature>();
    const add = (symbol: DeclarationSymbol): void => {
      if (symbol.syntax.kind !== "Node" || found.has(symbol.key) || !isConverting(symbol)) return;
      const signature = this.#signatures.read(symbol as SignatureSymbol);
      if (signature.convertsAtCost !== undefined) found.set(symbol.key, signature);
    };
    for (const symbol of file.declarations.values()) add(symbol);
    for (const binding of file.imports.values()) add(binding.symbol);
    for (const module of converterModules) {
      for (const symbol of this.view.file(module)?.declarations.values() ?? []) add(symbol);
    }
    const converters = new Converters([...found.values()], this.schemas);
    this.#converters.set(file, converters);
    return converters;
  }

  #reportUnusedImports(file: FileInfo): void {
    // What could not be read may be where a name is used.
    if (this.reporter.hasSyntaxError(file.source)) return;
    for (const [name, binding] of file.imports) {
      // A converter may be imported for `~>` alone.
      if (binding.used || isConverting(binding.symbol)) continue;
      if (this.#scope.isMissed(file, name) || file.lost.has(name)) continue;
      const message = `\`${name}\` is imported and never used.`;
      this.reporter.report("MESH2006", file.source, binding.syntax.span, message, {
        hint: "Remove it from the import.",
        fixes: removeImport(file, binding.syntax),
      });
    }
  }
}

function isConverting({ syntax }: DeclarationSymbol): boolean {
  return syntax.kind === "Node" && syntax.members.some((one) => one.kind === "Converts");
}

/** The declarations of some kinds, in order of file and place. */
function declared<S extends DeclarationSymbol>(
  files: readonly FileInfo[],
  ...kinds: readonly S["syntax"]["kind"][]
): S[] {
  return files.flatMap((file) =>
    [...file.declarations.values()].filter((one): one is S => (kinds as readonly string[]).includes(one.syntax.kind)),
  );
}
