/** Values: literals, ranges, strings, names, `env(…)` calls, lists; and the named arguments that carry them. */
import type { IToken, ParserMethod } from "chevrotain";
import * as build from "../build.ts";
import type {
  ArgumentSyntax,
  CallSyntax,
  ExpressionSyntax,
  ListSyntax,
  LiteralSyntax,
  NameSyntax,
  OptionsSyntax,
  RangeSyntax,
  StringSyntax,
} from "../syntax.ts";
import * as t from "../tokens.ts";
import { flowStarts, isAny, loneWords } from "./starts.ts";
import { RecoveryRules } from "./recovery.ts";

/** A rule: its arguments, and the node it gives. */
export type Rule<A extends unknown[], R> = ParserMethod<A, R>;

const expressionStarts = [t.Literal, t.Text, t.Name, t.LBracket, t.DotDot];

export abstract class ExpressionRules extends RecoveryRules {
  /** A value; `what` names it in messages, as in `a duration such as 20ms`. */
  readonly expression: Rule<[what: string], ExpressionSyntax | undefined> = this.define(
    "expression",
    (what: string) => {
      if (!this.RECORDING_PHASE && !this.atExpression()) {
        this.missing("MESH1004", what);
        return undefined;
      }
      return this.OR<ExpressionSyntax | undefined>(this.expressionForms);
    },
  );

  /** Made once, as all alternatives that need nothing of the rule around them: there is an expression on every line. */
  private readonly expressionForms = [
    { ALT: () => this.SUBRULE(this.literalOrRange), IGNORE_AMBIGUITIES: true },
    { ALT: () => build.string(this.CONSUME(t.Text)) },
    { ALT: () => this.SUBRULE(this.nameOrCall) },
    { ALT: () => this.SUBRULE(this.listExpression) },
  ];

  protected atExpression(): boolean {
    if (!isAny(this.LA(1), expressionStarts) || this.atStatement()) return false;
    if (!this.at(t.Name)) return true;
    // `delays` on a line of its own is the next member, unless it is the last item of a list.
    const isMember = isAny(this.LA(1), loneWords) && !this.onSameLine() && !this.onSameLine(2);
    if (isMember && isAny(this.LA(2), [t.Name, t.RBrace])) return false;
    // `name:` and, on a line of its own, `name ->` begin what comes after a missing value.
    return !this.at(t.Colon, 2) && !(flowStarts(this.peek) && !this.at(t.LParen, 2));
  }

  /** `5`, `0..1`, `8kHz..`, `..2s` */
  readonly literalOrRange: Rule<[], LiteralSyntax | RangeSyntax | undefined> = this.define("literalOrRange", () => {
    if (this.at(t.Literal) && !this.at(t.DotDot, 2)) return this.literalOf(this.CONSUME1(t.Literal));
    return this.anyRange();
  });

  /** Apart from the rule, which is short for the usual value: what captures nothing costs nothing. */
  private anyRange(): LiteralSyntax | RangeSyntax | undefined {
    const start = this.mark();
    let min: LiteralSyntax | undefined;
    let max: LiteralSyntax | undefined;
    let isRange = false;
    this.OR([
      {
        ALT: () => {
          min = this.literalOf(this.CONSUME1(t.Literal));
          this.OPTION1(() => {
            this.CONSUME1(t.DotDot);
            isRange = true;
            this.OPTION2({
              GATE: () => this.at(t.Quantity) || this.onSameLine(),
              DEF: () => (max = this.literalOf(this.CONSUME2(t.Literal))),
            });
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME2(t.DotDot);
          isRange = true;
          const token = this.take(3, t.Literal, "MESH1004", "a value after `..`");
          if (token !== undefined) max = this.literalOf(token);
        },
      },
    ]);
    if (!isRange) return min;
    return { kind: "Range", span: this.since(start), min, max };
  }

  protected literalOf(token: IToken): LiteralSyntax | undefined {
    return this.RECORDING_PHASE ? undefined : build.literal(token, token.tokenType === t.Quantity);
  }

  readonly nameOrCall: Rule<[], NameSyntax | CallSyntax> = this.define("nameOrCall", () => {
    const start = this.mark();
    const callee = build.name(this.CONSUME(t.Name));
    if (!this.may(t.LParen)) return callee;
    const values = this.OPTION({ GATE: () => this.onSameLine(), DEF: () => this.SUBRULE(this.callArguments) });
    if (values === undefined) return callee;
    return { kind: "Call", span: this.since(start), callee, arguments: values };
  });

  /** `env("X", "default")`: always a call, never an instance. */
  readonly call: Rule<[], CallSyntax> = this.define("call", () => {
    const start = this.mark();
    const callee = build.name(this.CONSUME(t.Name));
    const values = this.SUBRULE(this.callArguments);
    return { kind: "Call", span: this.since(start), callee, arguments: values };
  });

  readonly callArguments: Rule<[], ExpressionSyntax[]> = this.define("callArguments", () => {
    const values: ExpressionSyntax[] = [];
    const open = this.take(0, t.LParen);
    const item = (): void => {
      const value = this.SUBRULE(this.expression, { ARGS: ["a value"] });
      if (value !== undefined) values.push(value);
    };
    this.list(0, { open, close: t.RParen, starts: expressionStarts, item });
    this.close(0, t.RParen, open, "the arguments");
    return values;
  });

  readonly listExpression: Rule<[], ListSyntax> = this.define("listExpression", () => {
    const start = this.mark();
    const items: ExpressionSyntax[] = [];
    const open = this.CONSUME(t.LBracket);
    const item = (): void => {
      const value = this.SUBRULE(this.expression, { ARGS: ["a value"] });
      if (value !== undefined) items.push(value);
    };
    this.list(0, { open, close: t.RBracket, starts: expressionStarts, item });
    this.close(0, t.RBracket, open, "the list");
    return { kind: "List", span: this.since(start), items };
  });

  /** `"…"` or `env(…)`, where an address or identity is asked for. */
  readonly stringOrCall: Rule<[what: string], StringSyntax | CallSyntax | undefined> = this.define(
    "stringOrCall",
    (what: string) => {
      if (!this.RECORDING_PHASE && !this.at(t.Text) && !(this.at(t.Name) && this.at(t.LParen, 2))) {
        this.missing("MESH1004", what);
        return undefined;
      }
      return this.OR<StringSyntax | CallSyntax>([
        { ALT: () => build.string(this.CONSUME(t.Text)) },
        { ALT: () => this.SUBRULE(this.call) },
      ]);
    },
  );

  /** A required string. */
  protected takeString(idx: number, what: string): StringSyntax | undefined {
    const token = this.take(idx, t.Text, "MESH1004", what);
    return token === undefined ? undefined : build.string(token);
  }

  // ---- named arguments ----------------------------------------------------------------------------------------

  /** `(threshold: 0.6, model: "x")` */
  readonly namedArguments: Rule<[list: ArgumentSyntax[]], void> = this.define(
    "namedArguments",
    (list: ArgumentSyntax[]) => {
      const open = this.CONSUME(t.LParen);
      const item = (): void => this.SUBRULE(this.argument, { ARGS: [list] });
      this.list(0, { open, close: t.RParen, starts: [t.Name, t.Literal, t.Text], item });
      this.positional(list, t.RParen);
      this.close(0, t.RParen, open, "the arguments");
    },
  );

  /** `with { buffer: 64, overflow: drop_oldest }` */
  readonly options: Rule<[], OptionsSyntax> = this.define("options", () => {
    const start = this.mark();
    const entries: ArgumentSyntax[] = [];
    this.CONSUME(t.With);
    const open = this.take(0, t.LBrace);
    const item = (): void => this.SUBRULE(this.argument, { ARGS: [entries] });
    this.list(0, { open, close: t.RBrace, starts: [t.Name], item });
    this.closeOptions(open);
    return { kind: "Options", span: this.since(start), entries };
  });

  /** `with {`, or `with name:` that lacks the brace; `with` alone may be the name of the next step. */
  protected atOptions(): boolean {
    return this.at(t.LBrace, 2) || (this.onSameLine() && this.at(t.Name, 2) && this.at(t.Colon, 3));
  }

  private closeOptions(open: IToken | undefined): void {
    if (open === undefined && this.at(t.RBrace) && this.onSameLine()) {
      this.SKIP_TOKEN();
      return;
    }
    const belongsOutside = open !== undefined && !this.RECORDING_PHASE && this.isUnclosed(open);
    if (belongsOutside && this.at(t.RBrace)) {
      const related = [{ span: { start: open.startOffset, end: open.startOffset + 1 }, message: "opened here" }];
      const message = `expected \`}\` to close the options, found ${this.found()}`;
      this.report("MESH1005", this.place(), message, { hint: "add `}`", related });
      return;
    }
    this.close(1, t.RBrace, open, "the options");
  }

  /** `name: value` */
  readonly argument: Rule<[list: ArgumentSyntax[]], void> = this.define("argument", (list: ArgumentSyntax[]) => {
    const start = this.mark();
    const name = build.name(this.CONSUME(t.Name));
    if (!this.RECORDING_PHASE && this.at(t.RParen) && !this.broken) {
      const hint = `write \`${name.text}: value\``;
      this.report("MESH1025", name.span, "arguments are given by name", { hint });
    }
    let value: ExpressionSyntax | undefined;
    if (this.takeBinder(1, t.Colon, `${name.text}: value`) || this.atExpression()) {
      value = this.SUBRULE(this.expression, { ARGS: [`a value for ${name.text}`] });
    }
    list.push({ kind: "Argument", span: this.since(start), name, value });
  });

  /** Values without a name, as other languages have them: reported once, kept in the tree with a missing name. */
  private positional(list: ArgumentSyntax[], close: typeof t.RParen): void {
    while (!this.RECORDING_PHASE && isAny(this.LA(1), [t.Literal, t.Text, t.LBracket])) {
      const start = this.mark();
      this.report("MESH1025", this.place(), "arguments are given by name", {
        hint: `write \`name: ${this.LA(1).image}\``,
      });
      const value = this.SUBRULE(this.expression, { ARGS: ["a value"] });
      list.push({ kind: "Argument", span: this.since(start), name: build.missingName(start), value });
      if (this.at(t.Comma)) this.SKIP_TOKEN();
      else if (!this.at(close)) return;
    }
  }
}
