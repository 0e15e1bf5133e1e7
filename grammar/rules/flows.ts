/** Flows: steps joined by arrows, groups, and the forms that choose between branches. */
import { EOF, type IToken } from "chevrotain";
import * as build from "../build.ts";
import type {
  AnySyntax,
  ArgumentSyntax,
  BranchSyntax,
  EndpointSyntax,
  ExpressionSyntax,
  FirstSyntax,
  FlowSyntax,
  FlushSyntax,
  GroupSyntax,
  HopSyntax,
  InlineSyntax,
  InstanceSyntax,
  NameSyntax,
  OptionsSyntax,
  RouteCaseSyntax,
  RouteSyntax,
  StepSyntax,
} from "../syntax.ts";
import { spanOf } from "../scan.ts";
import * as t from "../tokens.ts";
import type { Rule } from "./expressions.ts";
import { declarationStarts, flowStarts, isAny } from "./starts.ts";
import { TypeRules } from "./types.ts";

/** Tokens with which a case of a route may begin. */
const caseStarts = [t.Literal, t.Text, t.Name];

/** How far ahead the next case is searched. */
const MAX_SEARCH = 200;

/** Words that begin a step of their own form. */
const stepWords = [t.Any, t.First, t.Route, t.Flush];

export abstract class FlowRules extends TypeRules {
  /** `mic ~> vad -> [stt, log]`: the statement goes into the list before its parts are read. */
  readonly flow: Rule<[list: FlowSyntax[]], void> = this.define("flow", (list: FlowSyntax[]) => {
    const start = this.mark();
    const hops: HopSyntax[] = [];
    const source = this.SUBRULE(this.step, { ARGS: [false] });
    this.someHops(hops);
    if (hops.length === 0) this.missing("MESH1028", "an arrow", "join it to another step: mic -> vad");
    if (source !== undefined) list.push({ kind: "Flow", span: this.since(start), source, hops });
  });

  readonly hops: Rule<[hops: HopSyntax[]], void> = this.define("hops", (hops: HopSyntax[]) => {
    this.MANY(() => this.SUBRULE(this.hop, { ARGS: [hops] }));
  });

  /** At least one, which is for the rule around to report: its statement goes on without. */
  private someHops(hops: HopSyntax[]): void {
    if (this.RECORDING_PHASE) this.AT_LEAST_ONE(() => this.SUBRULE(this.hop, { ARGS: [hops] }));
    else this.SUBRULE(this.hops, { ARGS: [hops] });
  }

  private readonly hop: Rule<[hops: HopSyntax[]], void> = this.define("hop", (hops: HopSyntax[]) => {
    const start = this.mark();
    const token = this.CONSUME(t.Arrow);
    const arrow = token.image.startsWith("~") ? "~>" : "->";
    let step: StepSyntax | undefined;
    let options: OptionsSyntax | undefined;
    if (this.RECORDING_PHASE || this.atStep()) {
      step = this.SUBRULE(this.step, { ARGS: [true] });
      if (this.may(t.With)) options = this.optionalOptions();
    } else {
      const hint = "name a step after it on the same line: `mic -> vad`";
      this.report("MESH1009", spanOf(token), `expected a step after \`${token.image}\`, found ${this.found()}`, {
        hint,
      });
    }
    hops.push({ kind: "Hop", span: this.since(start), arrow, arrowSpan: spanOf(token), step, options });
  });

  private optionalOptions(): OptionsSyntax | undefined {
    return this.OPTION({ GATE: () => this.atOptions(), DEF: () => this.SUBRULE(this.options) });
  }

  /** The step after an arrow stands on the line of the arrow. */
  private atStep(): boolean {
    return this.onSameLine() && isAny(this.LA(1), [t.Name, t.LBracket]);
  }

  readonly step: Rule<[target: boolean], StepSyntax | undefined> = this.define("step", (target: boolean) => {
    if (!this.RECORDING_PHASE && !isAny(this.LA(1), [t.Name, t.LBracket])) {
      this.missing("MESH1009", "a step such as `mic` or `Vad()`");
      return undefined;
    }
    const isPlain = this.at(t.Name) && (!target || !isAny(this.LA(1), stepWords));
    return isPlain ? this.SUBRULE(this.endpoint) : this.otherStep(target);
  });

  private otherStep(target: boolean): StepSyntax | undefined {
    const special = (type: typeof t.Any): boolean =>
      target && this.at(type) && this.onSameLine(2) && isAny(this.LA(2), [t.LParen, t.LBracket, t.Name]);
    return this.OR<StepSyntax>([
      { ALT: () => this.SUBRULE(this.group) },
      { GATE: () => special(t.Any), ALT: () => this.SUBRULE(this.anyStep), IGNORE_AMBIGUITIES: true },
      { GATE: () => special(t.First), ALT: () => this.SUBRULE(this.firstStep), IGNORE_AMBIGUITIES: true },
      {
        GATE: () => target && this.at(t.Route) && this.at(t.Name, 2) && this.onSameLine(2),
        ALT: () => this.SUBRULE(this.routeStep),
        IGNORE_AMBIGUITIES: true,
      },
      {
        GATE: () => target && this.at(t.Flush) && isAny(this.LA(2), [t.Name, t.LBracket]) && this.onSameLine(2),
        ALT: () => this.SUBRULE(this.flushStep),
        IGNORE_AMBIGUITIES: true,
      },
      { ALT: () => this.SUBRULE(this.endpoint), IGNORE_AMBIGUITIES: true },
    ]);
  }

  /** `mic`, `vad.speech`, `Vad(threshold: 0.6)`, `Vad().speech` */
  private readonly endpoint: Rule<[], EndpointSyntax | InlineSyntax> = this.define("endpoint", () => {
    const start = this.mark();
    const target = build.name(this.CONSUME(t.Name));
    const list = this.may(t.LParen) ? this.optionalArguments() : undefined;
    const instance: InstanceSyntax | undefined =
      list === undefined ? undefined : { kind: "Instance", span: this.since(start), callee: target, arguments: list };
    const port = this.may(t.Dot) ? this.optionalPort() : undefined;
    const span = this.since(start);
    return instance === undefined ? { kind: "Endpoint", span, target, port } : { kind: "Inline", span, instance, port };
  });

  private optionalArguments(): ArgumentSyntax[] | undefined {
    return this.OPTION1({
      GATE: () => this.onSameLine(),
      DEF: () => {
        const list: ArgumentSyntax[] = [];
        this.SUBRULE(this.namedArguments, { ARGS: [list] });
        return list;
      },
    });
  }

  private optionalPort(): NameSyntax | undefined {
    return this.OPTION2(() => {
      this.CONSUME(t.Dot);
      return this.takeName(1, "the name of a port");
    });
  }

  readonly group: Rule<[], GroupSyntax> = this.define("group", () => {
    const start = this.mark();
    const branches: BranchSyntax[] = [];
    const open = this.CONSUME(t.LBracket);
    const item = (): void => this.SUBRULE(this.branch, { ARGS: [branches] });
    this.list(0, { open, close: t.RBracket, starts: [t.Name, t.LBracket], item });
    this.close(0, t.RBracket, open, "the branches");
    return { kind: "Group", span: this.since(start), branches };
  });

  private readonly branch: Rule<[list: BranchSyntax[]], void> = this.define("branch", (list: BranchSyntax[]) => {
    const start = this.mark();
    const hops: HopSyntax[] = [];
    const source = this.SUBRULE(this.step, { ARGS: [true] });
    const options = this.may(t.With) ? this.optionalOptions() : undefined;
    this.SUBRULE(this.hops, { ARGS: [hops] });
    if (source !== undefined) list.push({ kind: "Branch", span: this.since(start), source, options, hops });
  });

  /** `any(round_robin) [b, c]`, `any(hash(user)) [b, c]` */
  private readonly anyStep: Rule<[], AnySyntax> = this.define("anyStep", () => {
    const start = this.mark();
    let policy = build.missingName(start);
    const field: NameSyntax[] = [];
    this.CONSUME(t.Any);
    if (this.may(t.LParen)) {
      const open = this.CONSUME(t.LParen);
      policy = this.takeName(1, "a policy such as round_robin");
      this.OPTION2(() => {
        this.CONSUME2(t.LParen);
        field.push(this.takeName(2, "the name of a field"));
        this.MANY(() => {
          this.CONSUME(t.Dot);
          field.push(this.takeName(3, "the name of a field"));
        });
        this.take(2, t.RParen);
      });
      this.close(1, t.RParen, open, "the policy");
    }
    if (policy.text === "") this.missing("MESH1001", "a policy in parentheses", "write `any(round_robin) [b, c]`");
    const group = this.branches();
    return { kind: "Any", span: this.since(start), policy, field, group };
  });

  private readonly firstStep: Rule<[], FirstSyntax> = this.define("firstStep", () => {
    const start = this.mark();
    const list: ArgumentSyntax[] = [];
    this.CONSUME(t.First);
    this.OPTION1(() => this.SUBRULE(this.namedArguments, { ARGS: [list] }));
    const group = this.branches();
    return { kind: "First", span: this.since(start), arguments: list, group };
  });

  private branches(): GroupSyntax | undefined {
    if (this.RECORDING_PHASE || this.at(t.LBracket)) return this.subrule(9, this.group);
    this.missing("MESH1001", "branches in [ ]");
    return undefined;
  }

  /** `route language { "en" -> b, else -> d }` */
  private readonly routeStep: Rule<[], RouteSyntax> = this.define("routeStep", () => {
    const start = this.mark();
    const field: NameSyntax[] = [];
    const cases: RouteCaseSyntax[] = [];
    this.CONSUME(t.Route);
    field.push(this.takeName(1, "the name of a field"));
    this.MANY(() => {
      this.CONSUME(t.Dot);
      field.push(this.takeName(2, "the name of a field"));
    });
    const open = this.take(1, t.LBrace);
    const item = (): void => this.SUBRULE(this.routeCase, { ARGS: [cases] });
    if (open !== undefined) {
      do this.list(1, { open, close: t.RBrace, starts: caseStarts, item });
      while (this.toNextCase(open));
      this.close(1, t.RBrace, open, "the cases");
    }
    return { kind: "Route", span: this.since(start), field, cases };
  });

  /** Goes on behind a broken case, where another one begins on a line of its own. */
  private toNextCase(open: IToken): boolean {
    if (this.RECORDING_PHASE || this.at(t.RBrace) || this.isUnclosed(open)) return false;
    let depth = 0;
    for (let k = 1; k <= MAX_SEARCH; k++) {
      const token = this.LA(k);
      if (token.tokenType === EOF || declarationStarts(this.peek, k)) return false;
      if (depth === 0 && !this.onSameLine(k) && isAny(token, caseStarts) && this.at(t.Arrow, k + 1)) {
        this.missing("MESH1001", 'a case such as `"en" -> step`');
        for (let skipped = 1; skipped < k; skipped++) this.SKIP_TOKEN();
        return true;
      }
      if (isAny(token, [t.LBrace, t.LParen, t.LBracket])) depth++;
      else if (isAny(token, [t.RBrace, t.RParen, t.RBracket]) && --depth < 0) return false;
    }
    return false;
  }

  private readonly routeCase: Rule<[list: RouteCaseSyntax[]], void> = this.define(
    "routeCase",
    (list: RouteCaseSyntax[]) => {
      const start = this.mark();
      const hops: HopSyntax[] = [];
      let match: ExpressionSyntax | undefined;
      this.OR([
        { GATE: () => this.at(t.Else), ALT: () => this.CONSUME(t.Else), IGNORE_AMBIGUITIES: true },
        { ALT: () => (match = this.SUBRULE(this.routeMatch)), IGNORE_AMBIGUITIES: true },
      ]);
      this.someHops(hops);
      if (hops.length === 0) this.missing("MESH1001", "`->`", 'write `"en" -> step`');
      list.push({ kind: "RouteCase", span: this.since(start), match, hops });
    },
  );

  private readonly routeMatch: Rule<[], ExpressionSyntax | undefined> = this.define("routeMatch", () =>
    this.OR<ExpressionSyntax | undefined>([
      { ALT: () => build.string(this.CONSUME(t.Text)) },
      { ALT: () => this.SUBRULE(this.literalOrRange), IGNORE_AMBIGUITIES: true },
      { ALT: () => build.name(this.CONSUME(t.Name)), IGNORE_AMBIGUITIES: true },
    ]),
  );

  private readonly flushStep: Rule<[], FlushSyntax> = this.define("flushStep", () => {
    const start = this.mark();
    this.CONSUME(t.Flush);
    if (!this.RECORDING_PHASE && this.at(t.LBracket)) return this.flushOfMany(start);
    const target = this.takeName(1, "what to flush");
    return { kind: "Flush", span: this.since(start), target };
  });

  /** `flush [a, b]`, which is no form of the language: each is flushed by itself. */
  private flushOfMany(start: number): FlushSyntax {
    const hint = "flush each by itself: s -> [flush a, flush b]";
    this.missing("MESH1002", "the name of what to flush", hint);
    while (this.onSameLine() && isAny(this.LA(1), [t.LBracket, t.Name, t.Comma])) this.SKIP_TOKEN();
    if (this.onSameLine() && this.at(t.RBracket)) this.SKIP_TOKEN();
    return { kind: "Flush", span: this.since(start), target: build.missingName(start) };
  }

  /** `Vad(threshold: 0.6)` where an instance is asked for. */
  readonly instance: Rule<[what: string], InstanceSyntax | undefined> = this.define("instance", (what: string) => {
    const start = this.mark();
    const list: ArgumentSyntax[] = [];
    const callee = this.takeName(1, what);
    if (callee.text === "" && !this.RECORDING_PHASE) return undefined;
    if (this.RECORDING_PHASE || (this.at(t.LParen) && !(flowStarts(this.peek) && !this.onSameLine()))) {
      this.SUBRULE(this.namedArguments, { ARGS: [list] });
    } else {
      const fix = { title: "Add parentheses", span: { start: callee.span.end, end: callee.span.end }, text: "()" };
      const hint = `write \`${callee.text}()\``;
      this.report("MESH1024", callee.span, `expected \`(\` after \`${callee.text}\``, { hint, fix });
    }
    return { kind: "Instance", span: this.since(start), callee, arguments: list };
  });
}
