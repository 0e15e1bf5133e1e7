/** Types: named ones with caps, lists, maps, optional and narrowed ones; type variables. */
import * as build from "../build.ts";
import { retype } from "../scan.ts";
import type {
  CapSyntax,
  CapValueSyntax,
  ExpressionSyntax,
  LiteralSyntax,
  NameSyntax,
  ShapeSyntax,
  TypeSyntax,
  TypeVariableSyntax,
} from "../syntax.ts";
import * as t from "../tokens.ts";
import { ExpressionRules, type Rule } from "./expressions.ts";
import { flowStarts, isAny } from "./starts.ts";

const capStarts = [t.Literal, t.Name, t.LBracket, t.DotDot];

export abstract class TypeRules extends ExpressionRules {
  readonly type: Rule<[], TypeSyntax | undefined> = this.define("type", () => {
    if (!this.RECORDING_PHASE && !this.atType()) {
      this.missing("MESH1003", "a type such as `text` or `audio<opus>`");
      return undefined;
    }
    const start = this.mark();
    let type = this.OR1<TypeSyntax>(this.typeForms);
    if (!this.RECORDING_PHASE && !this.at(t.Question) && !this.atNarrowing()) return type;
    this.MANY({
      GATE: () => this.at(t.Question) || this.atNarrowing(),
      DEF: () => {
        this.OR2([
          {
            ALT: () => {
              this.CONSUME(t.Question);
              type = { kind: "OptionalType", span: this.since(start), element: type };
            },
          },
          {
            ALT: () => {
              this.CONSUME(t.In);
              const value = this.SUBRULE1(this.expression, { ARGS: ["a range such as 0..1"] });
              type = { kind: "NarrowedType", span: this.since(start), base: type, constraint: "in", value };
            },
          },
          {
            ALT: () => {
              this.CONSUME(t.Matches);
              const value = this.takeString(1, "a pattern in quotes");
              type = { kind: "NarrowedType", span: this.since(start), base: type, constraint: "matches", value };
            },
          },
        ]);
      },
    });
    return type;
  });

  private readonly typeForms = [
    { ALT: () => this.SUBRULE(this.listType) },
    { ALT: () => this.SUBRULE(this.mapType) },
    { ALT: () => this.SUBRULE(this.namedType) },
  ];

  protected atType(): boolean {
    if (this.at(t.LBracket) || this.at(t.MapWord)) return true;
    // A name before `:`, and one that begins a flow on its own line, belong to what comes after a missing type.
    return this.at(t.Name) && !this.at(t.Colon, 2) && !this.atStatement() && !flowStarts(this.peek);
  }

  /** `in 0..1` and `matches "…"` after a type, and not the next port or field with that name. */
  private atNarrowing(): boolean {
    if (this.at(t.In)) {
      if (this.at(t.Quantity, 2) || this.at(t.DotDot, 2) || this.at(t.DotDot, 3)) return true;
      // The end of an unfinished line.
      if (this.onSameLine() && !this.onSameLine(2)) return !this.at(t.Binder, 2);
      return this.onSameLine() && !isAny(this.LA(2), [t.Name, t.Binder, t.LBracket, t.MapWord, t.Arrow, t.Dot]);
    }
    return this.at(t.Matches) && (this.at(t.Text, 2) || (this.onSameLine() && !isAny(this.LA(2), [t.Binder, t.Arrow])));
  }

  private readonly listType: Rule<[], TypeSyntax> = this.define("listType", () => {
    const start = this.mark();
    const open = this.CONSUME(t.LBracket);
    const element = this.SUBRULE(this.type);
    this.close(1, t.RBracket, open, "the list type");
    return { kind: "ListType", span: this.since(start), element };
  });

  private readonly mapType: Rule<[], TypeSyntax> = this.define("mapType", () => {
    const start = this.mark();
    this.CONSUME(t.MapWord);
    const open = this.take(1, t.Less, "MESH1003", "`<` and the type of the values, as in `map<text>`");
    const element = open === undefined ? undefined : this.SUBRULE(this.type);
    if (!this.RECORDING_PHASE && open !== undefined && this.at(t.Comma)) {
      const hint = "the keys of a map are texts: write `map<int>`";
      this.report("MESH1001", this.place(), "expected `>` to close the map type, found `,`", { hint });
    }
    this.closeAngle(1, open, "the map type");
    return { kind: "MapType", span: this.since(start), element };
  });

  private readonly namedType: Rule<[], TypeSyntax> = this.define("namedType", () => {
    const start = this.mark();
    const name = build.name(this.CONSUME(t.Name));
    const caps = this.may(t.Less) ? this.OPTION(() => this.SUBRULE(this.caps)) : undefined;
    return { kind: "NamedType", span: this.since(start), name, caps };
  });

  private readonly caps: Rule<[], CapSyntax[]> = this.define("caps", () => {
    const caps: CapSyntax[] = [];
    const open = this.CONSUME(t.Less);
    this.list(1, { open, close: t.Greater, starts: capStarts, item: () => caps.push(this.SUBRULE(this.cap)) });
    this.closeAngle(2, open, "the formats");
    return caps;
  });

  private closeAngle(idx: number, open: ReturnType<typeof this.LA> | undefined, what: string): void {
    if (!this.RECORDING_PHASE && open !== undefined && this.at(t.GreaterEquals)) {
      const { start, end } = this.place();
      const fix = { title: "Write > =", span: { start, end }, text: "> =" };
      this.report("MESH1001", { start, end }, "expected `>`, found `>=`", { hint: "put a space between them", fix });
      // It was read as one operator: its second half is still to come.
      retype(this.LA(1), t.Equals);
      return;
    }
    this.close(idx, t.Greater, open, what);
  }

  /** `opus | pcmu`, `8kHz..48kHz`, `[1, 3, N, 224]` */
  protected readonly cap: Rule<[], CapSyntax> = this.define("cap", () => {
    const start = this.mark();
    const first = this.SUBRULE1(this.capValue);
    const alternatives: CapValueSyntax[] = first === undefined ? [] : [first];
    if (this.may(t.Bar)) this.otherCaps(alternatives);
    return { kind: "Cap", span: this.since(start), alternatives };
  });

  private otherCaps(alternatives: CapValueSyntax[]): void {
    this.MANY(() => {
      this.CONSUME(t.Bar);
      const value = this.SUBRULE2(this.capValue);
      if (value !== undefined) alternatives.push(value);
    });
  }

  private readonly capValue: Rule<[], CapValueSyntax | undefined> = this.define("capValue", () => {
    if (!this.RECORDING_PHASE && (!isAny(this.LA(1), capStarts) || this.atStatement())) {
      this.missing("MESH1004", "a format such as opus, 48kHz or mono");
      return undefined;
    }
    return this.OR<CapValueSyntax | undefined>(this.capForms);
  });

  private readonly capForms = [
    { ALT: () => this.SUBRULE(this.literalOrRange), IGNORE_AMBIGUITIES: true },
    { ALT: () => build.name(this.CONSUME(t.Name)) },
    { ALT: () => this.SUBRULE(this.shape) },
  ];

  private readonly shape: Rule<[], ShapeSyntax> = this.define("shape", () => {
    const start = this.mark();
    const sides: (NameSyntax | LiteralSyntax)[] = [];
    const open = this.CONSUME(t.LBracket);
    const item = (): void => {
      const side = this.OR<NameSyntax | LiteralSyntax | undefined>([
        { ALT: () => this.literalOf(this.CONSUME(t.Literal)), IGNORE_AMBIGUITIES: true },
        { ALT: () => build.name(this.CONSUME(t.Name)) },
      ]);
      if (side !== undefined) sides.push(side);
    };
    this.list(1, { open, close: t.RBracket, starts: [t.Literal, t.Name], item });
    this.close(1, t.RBracket, open, "the shape");
    return { kind: "Shape", span: this.since(start), sides };
  });

  /** `<R: rate, C: channels>` after the name of a node. */
  protected readonly variables: Rule<[], TypeVariableSyntax[]> = this.define("variables", () => {
    const variables: TypeVariableSyntax[] = [];
    const open = this.CONSUME(t.Less);
    const item = (): void => {
      const start = this.mark();
      const name = build.name(this.CONSUME(t.Name));
      this.takeBinder(1, t.Colon, `${name.text}: rate`);
      const dimension = this.takeName(2, "a dimension such as rate or channels");
      let bound: CapSyntax | undefined;
      this.option(2, () => {
        this.consume(2, t.In);
        bound = this.SUBRULE(this.cap);
      });
      variables.push({ kind: "TypeVariable", span: this.since(start), name, dimension, bound });
    };
    this.list(1, { open, close: t.Greater, starts: [t.Name], item });
    this.closeAngle(1, open, "the type variables");
    return variables;
  });

  /** `: type`; what stands before it is complete without. */
  protected typeAnnotation(idx: number, example: string): TypeSyntax | undefined {
    const skipsType = this.at(t.Equals) && isAny(this.LA(2), [t.Literal, t.Text]) && !this.at(t.Name, 2);
    if (skipsType) {
      this.missing("MESH1003", "a type after `:`", `write \`${example}\``);
      return undefined;
    }
    if (!this.takeBinder(idx, t.Colon, example) && !this.atType()) return undefined;
    return this.subrule(idx, this.type);
  }

  /** `= value` after a type. */
  protected defaultValue(idx: number): ExpressionSyntax | undefined {
    let value: ExpressionSyntax | undefined;
    if (!this.may(t.Equals)) return undefined;
    this.option(idx, () => {
      this.consume(idx, t.Equals);
      value = this.subrule(idx, this.expression, { ARGS: ["a default value"] });
    });
    return value;
  }
}
