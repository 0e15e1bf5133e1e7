/** The top level of a file: imports and declarations. */
import { EOF } from "chevrotain";
import * as build from "../build.ts";
import { spanOf } from "../scan.ts";
import type {
  DeclarationSyntax,
  EnumValueSyntax,
  FieldSyntax,
  FileSyntax,
  ImportNameSyntax,
  ImportSyntax,
  NameSyntax,
  ParameterSyntax,
  PeerMemberSyntax,
  PipelineMemberSyntax,
  PolicyClauseSyntax,
  SignatureMemberSyntax,
  TypeVariableSyntax,
} from "../syntax.ts";
import * as t from "../tokens.ts";
import type { Rule } from "./expressions.ts";
import { enumKind, fileKind, pipelineKind, policyKind, recordKind, signatureKind } from "./kinds.ts";
import { MemberRules } from "./members.ts";

export abstract class DeclarationRules extends MemberRules {
  readonly file: Rule<[], FileSyntax> = this.define("file", () => {
    const imports: ImportSyntax[] = [];
    const declarations: DeclarationSyntax[] = [];
    const start = 0;
    const one = (): void =>
      this.asStatement(
        () => this.SUBRULE(this.topLevel, { ARGS: [imports, declarations] }),
        () => this.skip(fileKind),
      );
    if (this.RECORDING_PHASE) this.MANY(one);
    else while (!this.atEnd()) this.progress(one);
    const last = this.LA(0);
    const end = Number.isNaN(last.startOffset) ? 0 : spanOf(last).end;
    return { kind: "File", span: { start, end }, imports, declarations };
  });

  /** Runs one statement of the file, or skips what cannot begin one; always consumes something. */
  private progress(one: () => void): void {
    if (fileKind.begins(this.peek)) {
      const before = this.LA(1);
      one();
      if (this.LA(1) === before && before.tokenType !== EOF) this.SKIP_TOKEN();
      return;
    }
    this.asStatement(
      () => this.reportJunk(fileKind),
      () => this.skip(fileKind, true),
    );
  }

  private readonly topLevel: Rule<[imports: ImportSyntax[], declarations: DeclarationSyntax[]], void> = this.define(
    "topLevel",
    (imports: ImportSyntax[], declarations: DeclarationSyntax[]) => {
      this.OR([
        { ALT: () => this.SUBRULE(this.import, { ARGS: [imports] }) },
        { ALT: () => declarations.push(this.SUBRULE(this.record)) },
        { ALT: () => declarations.push(this.SUBRULE(this.enum)) },
        { ALT: () => declarations.push(this.SUBRULE(this.policy)) },
        { ALT: () => declarations.push(this.SUBRULE(this.peer)) },
        { ALT: () => declarations.push(this.SUBRULE(this.scenario)) },
        { ALT: () => declarations.push(this.SUBRULE(this.signature)) },
      ]);
    },
  );

  private readonly import: Rule<[list: ImportSyntax[]], void> = this.define("import", (list: ImportSyntax[]) => {
    const start = this.mark();
    const names: ImportNameSyntax[] = [];
    this.CONSUME(t.Import);
    if (this.RECORDING_PHASE || this.at(t.LBrace)) {
      const open = this.CONSUME(t.LBrace);
      const item = (): void => {
        const at = this.mark();
        let alias: NameSyntax | undefined;
        const name = build.name(this.CONSUME(t.Name));
        this.OPTION({
          GATE: () => this.at(t.As),
          DEF: () => {
            this.CONSUME(t.As);
            alias = this.takeName(2, "another name");
          },
        });
        names.push({ kind: "ImportName", span: this.since(at), name, alias });
      };
      this.list(1, { open, close: t.RBrace, starts: [t.Name], item });
      this.close(1, t.RBrace, open, "the imported names");
    } else {
      const token = this.LA(1);
      const hint = 'write `import { Name } from "std/audio"`';
      this.report("MESH1013", this.place(), "the names of an import stand in braces", { hint });
      if (this.at(t.Name) && this.at(t.From, 2)) {
        const name = build.name(token);
        this.SKIP_TOKEN();
        names.push({ kind: "ImportName", span: name.span, name, alias: undefined });
      }
    }
    let from: ImportSyntax["from"];
    if (this.take(1, t.From) !== undefined) from = this.takeString(1, 'a module in quotes such as "std/audio"');
    list.push({ kind: "Import", span: this.since(start), names, from });
  });

  private readonly record: Rule<[], DeclarationSyntax> = this.define("record", () => {
    const documentation = this.documentation();
    const start = this.mark();
    const fields: FieldSyntax[] = [];
    this.CONSUME(t.Record);
    const name = this.takeName(1, "a name for the record");
    this.block(1, recordKind, () => this.SUBRULE(this.field, { ARGS: [fields] }));
    return { kind: "Record", span: this.since(start), name, documentation, fields };
  });

  private readonly field: Rule<[list: FieldSyntax[]], void> = this.define("field", (list: FieldSyntax[]) => {
    const documentation = this.documentation();
    const start = this.mark();
    const name = build.name(this.CONSUME(t.Name));
    const type = this.typeAnnotation(1, `${name.text}: text`);
    const defaultValue = this.defaultValue(1);
    list.push({ kind: "Field", span: this.since(start), name, documentation, type, defaultValue });
  });

  private readonly enum: Rule<[], DeclarationSyntax> = this.define("enum", () => {
    const documentation = this.documentation();
    const start = this.mark();
    const values: EnumValueSyntax[] = [];
    this.CONSUME(t.Enum);
    const name = this.takeName(1, "a name for the enum");
    this.block(1, enumKind, () => this.SUBRULE(this.enumValue, { ARGS: [values] }));
    return { kind: "Enum", span: this.since(start), name, documentation, values };
  });

  private readonly enumValue: Rule<[list: EnumValueSyntax[]], void> = this.define(
    "enumValue",
    (list: EnumValueSyntax[]) => {
      const documentation = this.documentation();
      const start = this.mark();
      const name = build.name(this.CONSUME(t.Name));
      list.push({ kind: "EnumValue", span: this.since(start), name, documentation });
    },
  );

  private readonly policy: Rule<[], DeclarationSyntax> = this.define("policy", () => {
    const documentation = this.documentation();
    const start = this.mark();
    const clauses: PolicyClauseSyntax[] = [];
    this.CONSUME(t.Policy);
    const name = this.takeName(1, "a name for the policy");
    this.block(1, policyKind, () => this.SUBRULE(this.clause, { ARGS: [clauses] }));
    return { kind: "Policy", span: this.since(start), name, documentation, clauses };
  });

  private readonly peer: Rule<[], DeclarationSyntax> = this.define("peer", () => {
    const documentation = this.documentation();
    const start = this.mark();
    const members: PeerMemberSyntax[] = [];
    this.CONSUME(t.Peer);
    const name = this.takeName(1, "a name for the peer");
    this.peerBody(members);
    return { kind: "Peer", span: this.since(start), name, documentation, members };
  });

  /** `[batch] node|interface|pipeline …` */
  private readonly signature: Rule<[], DeclarationSyntax> = this.define("signature", () => {
    const documentation = this.documentation();
    const start = this.mark();
    let batch = false;
    this.OPTION(() => {
      this.CONSUME(t.Batch);
      batch = true;
    });
    if (!this.RECORDING_PHASE && !this.at(t.Node) && !this.at(t.Interface) && !this.at(t.Pipeline)) {
      this.missing("MESH1014", "`node`, `interface` or `pipeline` after `batch`");
      const name = build.missingName(this.here());
      const span = this.since(start);
      return { kind: "Node", span, name, documentation, batch, variables: [], parameters: [], members: [] };
    }
    return this.OR<DeclarationSyntax>([
      { ALT: () => this.SUBRULE(this.node, { ARGS: [start, batch, documentation] }) },
      { ALT: () => this.SUBRULE(this.interface, { ARGS: [start, batch, documentation] }) },
      { ALT: () => this.SUBRULE(this.pipeline, { ARGS: [start, batch, documentation] }) },
    ]);
  });

  private readonly node: Rule<[start: number, batch: boolean, documentation: string | undefined], DeclarationSyntax> =
    this.define("node", (start: number, batch: boolean, documentation: string | undefined) => {
      let variables: TypeVariableSyntax[] = [];
      let parameters: ParameterSyntax[] = [];
      const members: SignatureMemberSyntax[] = [];
      this.CONSUME(t.Node);
      const name = this.takeName(1, "a name for the node");
      this.OPTION1(() => (variables = this.SUBRULE(this.variables)));
      this.OPTION2(() => (parameters = this.SUBRULE(this.parameters)));
      this.block(3, signatureKind, () => this.SUBRULE(this.signatureMember, { ARGS: [members] }));
      return { kind: "Node", span: this.since(start), name, documentation, batch, variables, parameters, members };
    });

  private readonly interface: Rule<
    [start: number, batch: boolean, documentation: string | undefined],
    DeclarationSyntax
  > = this.define("interface", (start: number, batch: boolean, documentation: string | undefined) => {
    const members: SignatureMemberSyntax[] = [];
    this.CONSUME(t.Interface);
    const name = this.takeName(1, "a name for the interface");
    this.block(1, signatureKind, () => this.SUBRULE(this.signatureMember, { ARGS: [members] }));
    return { kind: "Interface", span: this.since(start), name, documentation, batch, members };
  });

  private readonly pipeline: Rule<
    [start: number, batch: boolean, documentation: string | undefined],
    DeclarationSyntax
  > = this.define("pipeline", (start: number, batch: boolean, documentation: string | undefined) => {
    let parameters: ParameterSyntax[] = [];
    let conformsTo: NameSyntax | undefined;
    const members: PipelineMemberSyntax[] = [];
    this.CONSUME(t.Pipeline);
    const name = this.takeName(1, "a name for the pipeline");
    this.OPTION1(() => (parameters = this.SUBRULE(this.parameters)));
    this.OPTION2(() => {
      this.CONSUME(t.Colon);
      conformsTo = this.takeName(2, "the name of an interface");
    });
    this.block(3, pipelineKind, () => this.SUBRULE(this.pipelineMember, { ARGS: [members] }));
    return { kind: "Pipeline", span: this.since(start), name, documentation, batch, parameters, conformsTo, members };
  });
}
