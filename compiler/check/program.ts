import type {
  DeclarationSyntax,
  EnumSyntax,
  FileSyntax,
  ImportNameSyntax,
  InterfaceSyntax,
  NameSyntax,
  NodeSyntax,
  PeerSyntax,
  PipelineSyntax,
  PolicySyntax,
  RecordSyntax,
  Span,
} from "../../grammar/syntax.ts";
import type { SourceFile } from "../source/source-file.ts";
import type { Damage } from "./damage.ts";

/** A declaration that has a name, with the file it stands in. */
export interface DeclarationSymbol<S extends NamedDeclaration = NamedDeclaration> {
  readonly name: string;
  readonly syntax: S;
  readonly file: FileInfo;
  /** Unique in the program: the name, with its module where two files declare the same. */
  readonly key: string;
}

export type NamedDeclaration = Exclude<DeclarationSyntax, { kind: "Scenario" }>;
export type TypeSymbol = DeclarationSymbol<RecordSyntax | EnumSyntax>;
export type SignatureSymbol = DeclarationSymbol<NodeSyntax | InterfaceSyntax | PipelineSyntax>;
export type PolicySymbol = DeclarationSymbol<PolicySyntax>;
export type PeerSymbol = DeclarationSymbol<PeerSyntax>;

export interface ImportBinding {
  readonly symbol: DeclarationSymbol;
  readonly syntax: ImportNameSyntax;
  used: boolean;
}

export interface FileInfo {
  readonly source: SourceFile;
  /** How other files import it: its path, or `std/audio`. */
  readonly module: string;
  readonly syntax: FileSyntax;
  readonly declarations: ReadonlyMap<string, DeclarationSymbol>;
  readonly imports: ReadonlyMap<string, ImportBinding>;
  /** Names whose import or declaration is wrong; that has been said, and nothing follows from their use. */
  readonly lost: ReadonlySet<string>;
  /** Where the text could not be read. */
  readonly problems: readonly Span[];
  /** What that costs the rest of the file. */
  readonly damage: Damage;
  /** Where the file names a declaration, in order of place. */
  references(name: string): readonly NameSyntax[];
}

/** All files that a program is made of, in the order in which they were met; the first is the root. */
export interface Program {
  readonly files: ReadonlyMap<string, FileInfo>;
  readonly root: FileInfo;
}

/** The words that a message uses for each kind of declaration. */
export const kindWords: Readonly<Record<NamedDeclaration["kind"], string>> = {
  Record: "a record",
  Enum: "an enum",
  Interface: "an interface",
  Node: "a node",
  Pipeline: "a pipeline",
  Policy: "a policy",
  Peer: "a peer",
};

export function isStandard(module: string): boolean {
  return module.startsWith("std/");
}
