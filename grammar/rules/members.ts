/** Members of signatures and pipelines. */
import type { IOrAlt, TokenType } from "chevrotain";
import * as build from "../build.ts";
import type {
  BudgetSyntax,
  ConditionSyntax,
  ExpressionSyntax,
  InstanceSyntax,
  LetSyntax,
  NameSyntax,
  OptionsSyntax,
  ParameterSyntax,
  PipelineMemberSyntax,
  PortSyntax,
  SignatureMemberSyntax,
} from "../syntax.ts";
import { spanOf } from "../scan.ts";
import * as t from "../tokens.ts";
import type { Rule } from "./expressions.ts";
import { ScenarioRules } from "./scenarios.ts";
import { flowAhead, isAny, namesStep } from "./starts.ts";

/** What may follow a type on its line, or begins the next member there, but never follows the name of a port. */
const behindType: readonly TokenType[] = [
  ...[t.Less, t.Question, t.In, t.Matches, t.RBrace, t.LBracket],
  ...[t.Out, t.Requires, t.Latency, t.From, t.Converts, t.Join, t.Delays, t.Idempotent, t.Let, t.Remote, t.Budget],
];

export abstract class MemberRules extends ScenarioRules {
  /** `(model: text = "small", temperature: float in 0..2 = 0.2)` */
  protected readonly parameters: Rule<[], ParameterSyntax[]> = this.define("parameters", () => {
    const list: ParameterSyntax[] = [];
    const open = this.CONSUME(t.LParen);
    const item = (): void => {
      const start = this.mark();
      const name = build.name(this.CONSUME(t.Name));
      const type = this.typeAnnotation(1, `${name.text}: text`);
      const defaultValue = this.defaultValue(2);
      list.push({ kind: "Parameter", span: this.since(start), name, type, defaultValue });
    };
    this.list(1, { open, close: t.RParen, starts: [t.Name], item });
    this.close(1, t.RParen, open, "the parameters");
    return list;
  });

  protected readonly signatureMember: Rule<[list: SignatureMemberSyntax[]], void> = this.define(
    "signatureMember",
    (list: SignatureMemberSyntax[]) => {
      if (this.at(t.In) || this.at(t.Out)) {
        list.push(this.SUBRULE(this.port));
        return;
      }
      this.OR([
        { ALT: () => list.push(this.SUBRULE(this.port)) },
        { ALT: () => list.push(this.SUBRULE(this.property)) },
      ]);
    },
  );

  /** `in mic: audio<opus>`, `in audio<opus>` */
  private readonly port: Rule<[], PortSyntax> = this.define("port", () => {
    const documentation = this.documentation();
    const start = this.mark();
    const word = this.OR1([{ ALT: () => this.CONSUME(t.In) }, { ALT: () => this.CONSUME(t.Out) }]);
    const direction = word.image === "out" ? "out" : "in";
    let name: NameSyntax | undefined;
    let type: PortSyntax["type"];
    const named = !this.RECORDING_PHASE && this.at(t.Name) && !this.namesType();
    const isNext = this.atStatement() || flowAhead(this.peek);
    if (!this.RECORDING_PHASE && (isNext || (!named && !this.atType()))) {
      this.missing("MESH1003", "a type such as `text` or `audio<opus>`");
      return { kind: "Port", span: this.since(start), direction, name, type, documentation };
    }
    if (named) {
      name = build.name(this.CONSUME(t.Name));
      type = this.typeAnnotation(1, `${direction} ${name.text}: text`);
      return { kind: "Port", span: this.since(start), direction, name, type, documentation };
    }
    this.OR2([
      {
        GATE: () => named,
        ALT: () => {
          name = build.name(this.CONSUME(t.Name));
          type = this.typeAnnotation(1, `${direction} ${name.text}: text`);
        },
        IGNORE_AMBIGUITIES: true,
      },
      { GATE: () => !named, ALT: () => (type = this.SUBRULE2(this.type)), IGNORE_AMBIGUITIES: true },
    ]);
    return { kind: "Port", span: this.since(start), direction, name, type, documentation };
  });

  /** A name right after `in` or `out` is a type where nothing follows that binds it to one. */
  private namesType(): boolean {
    if (this.at(t.Binder, 2)) return false;
    return !this.onSameLine(2) || isAny(this.LA(2), behindType);
  }

  private readonly property: Rule<[], SignatureMemberSyntax> = this.define("property", () =>
    this.OR<SignatureMemberSyntax>(this.properties),
  );

  private readonly properties: IOrAlt<SignatureMemberSyntax>[] = [
    {
      ALT: () => {
        const start = this.mark();
        this.CONSUME(t.Requires);
        const conditions: ConditionSyntax[] = this.SUBRULE(this.conditions);
        return { kind: "Requires", span: this.since(start), conditions };
      },
    },
    {
      ALT: () => {
        const start = this.mark();
        this.CONSUME(t.Latency);
        const value = this.SUBRULE1(this.expression, { ARGS: ["a duration such as 120ms"] });
        return { kind: "Latency", span: this.since(start), value };
      },
    },
    {
      ALT: () => {
        const start = this.mark();
        this.CONSUME(t.From);
        const path = this.takeString(1, "a path in quotes");
        return { kind: "From", span: this.since(start), path };
      },
    },
    {
      ALT: () => {
        const start = this.mark();
        let cost: ExpressionSyntax | undefined;
        this.CONSUME(t.Converts);
        this.OPTION2({
          GATE: () => this.onSameLine() && this.at(t.Cost, 2),
          DEF: () => {
            this.CONSUME(t.At);
            this.CONSUME(t.Cost);
            cost = this.SUBRULE2(this.expression, { ARGS: ["a cost such as 2"] });
          },
        });
        return { kind: "Converts", span: this.since(start), cost };
      },
    },
    {
      ALT: () => {
        const start = this.mark();
        this.CONSUME(t.Join);
        const mode = this.takeName(1, "time, index or latest");
        const within = this.within(1);
        return { kind: "Join", span: this.since(start), mode, within };
      },
    },
    {
      ALT: () => {
        const start = this.mark();
        this.CONSUME(t.Delays);
        return { kind: "Marker", span: this.since(start), marker: "delays" };
      },
    },
    {
      ALT: () => {
        const start = this.mark();
        this.CONSUME(t.Idempotent);
        return { kind: "Marker", span: this.since(start), marker: "idempotent" };
      },
    },
  ];

  /** A statement of a pipeline. A word that is followed by an arrow, a dot or `(` names a step, whatever it means. */
  protected readonly pipelineMember: Rule<[list: PipelineMemberSyntax[]], void> = this.define(
    "pipelineMember",
    (list: PipelineMemberSyntax[]) => {
      if (!this.RECORDING_PHASE && this.atNakedLet()) {
        this.SUBRULE(this.let, { ARGS: [list as LetSyntax[]] });
        return;
      }
      const step = !this.RECORDING_PHASE && namesStep(this.peek);
      if (step || this.at(t.Identifier) || this.at(t.LBracket)) {
        this.SUBRULE(this.flow, { ARGS: [list as never] });
        return;
      }
      this.keywordMember(list, step);
    },
  );

  /** `vad = Vad()`, which lacks its `let`. */
  private atNakedLet(): boolean {
    return this.at(t.Name) && !this.at(t.Let) && this.at(t.Equals, 2) && this.onSameLine(2);
  }

  private keywordMember(list: PipelineMemberSyntax[], step: boolean): void {
    this.OR([
      {
        GATE: () => !step,
        ALT: () => this.SUBRULE(this.let, { ARGS: [list as LetSyntax[]] }),
        IGNORE_AMBIGUITIES: true,
      },
      {
        GATE: () => !step,
        ALT: () => this.SUBRULE(this.remote, { ARGS: [list as never] }),
        IGNORE_AMBIGUITIES: true,
      },
      { GATE: () => !step, ALT: () => list.push(this.SUBRULE(this.budget)), IGNORE_AMBIGUITIES: true },
      {
        GATE: () => !step,
        ALT: () => this.SUBRULE(this.signatureMember, { ARGS: [list as SignatureMemberSyntax[]] }),
        IGNORE_AMBIGUITIES: true,
      },
      { ALT: () => this.SUBRULE(this.flow, { ARGS: [list as never] }), IGNORE_AMBIGUITIES: true },
    ]);
  }

  private readonly let: Rule<[list: LetSyntax[]], void> = this.define("let", (list: LetSyntax[]) => {
    const start = this.mark();
    let value: InstanceSyntax | undefined;
    let options: OptionsSyntax | undefined;
    if (this.RECORDING_PHASE || this.at(t.Let)) this.CONSUME(t.Let);
    else {
      const { start: at } = spanOf(this.LA(1));
      const fix = { title: "Insert let", span: { start: at, end: at }, text: "let " };
      const hint = `write \`let ${this.LA(1).image} = Vad()\``;
      this.report("MESH1015", spanOf(this.LA(1)), `expected \`let\` before ${this.quoted(this.LA(1))}`, { hint, fix });
    }
    const name = this.takeName(1, "a name");
    if (this.takeBinder(1, t.Equals, `let ${name.text || "vad"} = Vad()`)) {
      if (this.RECORDING_PHASE || this.onSameLine())
        value = this.SUBRULE(this.instance, { ARGS: ["a node such as `Vad()`"] });
      else this.missing("MESH1004", "a node such as `Vad()`");
    }
    if (this.may(t.With)) {
      this.OPTION({ GATE: () => this.atOptions(), DEF: () => (options = this.SUBRULE(this.options)) });
    }
    list.push({ kind: "Let", span: this.since(start), name, value, options });
  });

  private readonly budget: Rule<[], BudgetSyntax> = this.define("budget", () => {
    const start = this.mark();
    this.CONSUME(t.Budget);
    const limit = this.SUBRULE(this.expression, { ARGS: ["a duration such as 400ms"] });
    const { from, to } = this.path(1);
    return { kind: "Budget", span: this.since(start), limit, from, to };
  });
}
