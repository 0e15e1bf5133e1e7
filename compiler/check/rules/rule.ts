import type { Schemas } from "../../../runtime/interface/caps.ts";
import type { DiagnosticCode } from "../../diagnostics/catalog.ts";
import type { CheckedPipeline } from "../checked-pipeline.ts";
import type { CapabilityReader } from "../capabilities.ts";
import type { CheckedPeer } from "../peers.ts";
import type { DeclarationSymbol, Program } from "../program.ts";
import type { Reporter } from "../reporter.ts";
import type { Requirements } from "../requirements.ts";
import type { Scope } from "../scope.ts";
import type { SignatureReader } from "../signature.ts";
import type { CheckedRemote } from "../targets.ts";
import type { ValueReader } from "../values.ts";

/** The whole program, read and solved, as rules look at it. */
export interface RuleContext {
  readonly program: Program;
  /** Declarations of all files, in order of file and place. */
  readonly declarations: readonly DeclarationSymbol[];
  readonly scope: Scope;
  readonly reporter: Reporter;
  readonly signatures: SignatureReader;
  readonly values: ValueReader;
  readonly capabilities: CapabilityReader;
  readonly schemas: Schemas;
  /** By key. */
  readonly pipelines: ReadonlyMap<string, CheckedPipeline>;
  /** By the key of the pipeline, then by the name of the remote. */
  readonly remotes: ReadonlyMap<string, ReadonlyMap<string, CheckedRemote>>;
  /** By key. */
  readonly peers: ReadonlyMap<string, CheckedPeer>;
  readonly requirements: Requirements;
}

/** One thing that must hold of a program, beyond names and formats. */
export interface Rule {
  /** What it may report. */
  readonly codes: readonly DiagnosticCode[];
  check(context: RuleContext): void;
}

/** True when something in the declaration is wrong already, so that what seems to follow may only seem so. */
export function isBroken(symbol: DeclarationSymbol, { reporter }: RuleContext): boolean {
  return reporter.hasErrorIn(symbol.file.source, symbol.syntax.span);
}
