import type { Schemas } from "../../../runtime/interface/caps.ts";
import type { DiagnosticCode } from "../../diagnostics/catalog.ts";
import type { CheckedPipeline, PipelineSymbol } from "../checked-pipeline.ts";
import type { CapabilityReader } from "../capabilities.ts";
import type { CheckedPeer } from "../peers.ts";
import type { Judged } from "../judged.ts";
import type { DeclarationSymbol, FileInfo, PeerSymbol, SignatureSymbol } from "../program.ts";
import type { Reporter } from "../reporter.ts";
import type { Requirements } from "../requirements.ts";
import type { Scope } from "../scope.ts";
import type { Signatures } from "../signature.ts";
import type { CheckedRemote } from "../targets.ts";
import type { ValueReader } from "../values.ts";
import type { View } from "../view.ts";

/** One file, read and solved, as rules look at it, and what it needs of others. */
export interface RuleContext {
  readonly file: FileInfo;
  readonly view: View;
  /** Declarations of the file, in order of place. */
  readonly declarations: readonly DeclarationSymbol[];
  readonly scope: Scope;
  readonly reporter: Reporter;
  /** For what is wrong in another file, and known here alone. */
  readonly elsewhere: Reporter;
  readonly signatures: Signatures;
  readonly values: ValueReader;
  readonly capabilities: CapabilityReader;
  readonly schemas: Schemas;
  /** Those of the file, and others by their keys. */
  readonly pipelines: Judged<PipelineSymbol, CheckedPipeline>;
  /** Those of the file and of the files that import each other in a circle with it. */
  readonly circle: readonly CheckedPipeline[];
  /** Of the pipelines of the file, by name; of other pipelines by their keys. */
  readonly remotes: Judged<PipelineSymbol, ReadonlyMap<string, CheckedRemote>>;
  /** Those of the file, and others by their keys. */
  readonly peers: Judged<PeerSymbol, CheckedPeer>;
  /** The peers of all programs that the file is part of. */
  everyPeer(): readonly CheckedPeer[];
  readonly requirements: Requirements;
}

/** One thing that must hold of a program, beyond names and formats. */
export interface Rule {
  /** What it may report. */
  readonly codes: readonly DiagnosticCode[];
  /** It looks at all peers of all programs, so that it is left out while a part of a file is checked. */
  readonly asksEveryPeer?: true;
  check(context: RuleContext): void;
}

/** True when something in the declaration is wrong already, so that what seems to follow may only seem so. */
export function isBroken(symbol: DeclarationSymbol, { reporter, signatures }: RuleContext): boolean {
  // What stands in another file may not have been looked at.
  if (isSignature(symbol)) signatures.read(symbol);
  return reporter.hasErrorIn(symbol.file.source, symbol.syntax.span);
}

function isSignature(symbol: DeclarationSymbol): symbol is SignatureSymbol {
  return ["Node", "Interface", "Pipeline"].includes(symbol.syntax.kind);
}
