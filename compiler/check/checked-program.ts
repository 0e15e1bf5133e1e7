import type { Schemas } from "../../runtime/interface/caps.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { SolvedType } from "./cells.ts";
import type { Checker } from "./checker.ts";
import type { CheckedPipeline, PipelineSymbol } from "./graph.ts";
import type { CheckedPeer } from "./peers.ts";
import type { DeclarationSymbol, PeerSymbol, Program, SignatureSymbol, TypeSymbol } from "./program.ts";
import type { Requirements } from "./requirements.ts";
import { ByKey } from "./by-key.ts";
import { portTypes } from "./instances.ts";
import { defaultPort, type Signature } from "./signature.ts";
import type { CheckedRemote } from "./targets.ts";

/**
 * A program after all checks, complete however broken it is. What is known of the files that the root imports is worked
 * out when it is first asked for.
 */
export class CheckedProgram {
  readonly program: Program;
  /** In order of file and place. */
  readonly diagnostics: readonly Diagnostic[];
  readonly requirements: Requirements;
  readonly #checker: Checker;
  readonly #taken = new Map<SignatureSymbol, SolvedType | undefined>();
  #schemas: Schemas | undefined;
  #pipelines: ByKey<PipelineSymbol, CheckedPipeline> | undefined;
  #remotes: ByKey<PipelineSymbol, ReadonlyMap<string, CheckedRemote>> | undefined;
  #peers: ByKey<PeerSymbol, CheckedPeer> | undefined;

  constructor(checker: Checker, diagnostics: readonly Diagnostic[]) {
    this.program = checker.view.program();
    this.diagnostics = diagnostics;
    this.requirements = checker.requirements;
    this.#checker = checker;
  }

  /** By key. */
  get schemas(): Schemas {
    return (this.#schemas ??= Object.fromEntries(
      this.#declared<TypeSymbol>("Record", "Enum").map((one) => [one.key, this.#checker.schema(one)]),
    ));
  }

  /** By key; each is looked at when it is asked for. */
  get pipelines(): ReadonlyMap<string, CheckedPipeline> {
    return (this.#pipelines ??= new ByKey(this.#declared<PipelineSymbol>("Pipeline"), (one) =>
      this.#checker.pipeline(one),
    ));
  }

  /** The targets of the remotes of a pipeline, by the key of the pipeline, then by the name of the remote. */
  get remotes(): ReadonlyMap<string, ReadonlyMap<string, CheckedRemote>> {
    return (this.#remotes ??= new ByKey(this.#declared<PipelineSymbol>("Pipeline"), (one) =>
      this.#checker.remotes(one),
    ));
  }

  /** By key. */
  get peers(): ReadonlyMap<string, CheckedPeer> {
    return (this.#peers ??= new ByKey(this.#declared<PeerSymbol>("Peer"), (one) => this.#checker.peer(one)));
  }

  signature(symbol: SignatureSymbol): Signature {
    return this.#checker.signature(symbol);
  }

  /** What the default input of a node or pipeline takes where it has no arguments; undefined where it has no such input. */
  takenBy(symbol: SignatureSymbol): SolvedType | undefined {
    if (this.#taken.has(symbol)) return this.#taken.get(symbol);
    const signature = this.signature(symbol);
    const port = defaultPort(signature.inputs);
    const taken = port && portTypes(symbol.name, signature, new Map()).inputs.get(port.name);
    this.#taken.set(symbol, taken);
    return taken;
  }

  #declared<S extends DeclarationSymbol>(...kinds: readonly S["syntax"]["kind"][]): S[] {
    return [...this.program.files.values()].flatMap((file) =>
      [...file.declarations.values()].filter((one): one is S => (kinds as readonly string[]).includes(one.syntax.kind)),
    );
  }
}
