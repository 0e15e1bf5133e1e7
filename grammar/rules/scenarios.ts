/** Scenarios: tests in the language. */
import * as build from "../build.ts";
import type {
  AtStepSyntax,
  ExpectStepSyntax,
  ExpressionSyntax,
  NameSyntax,
  PortReferenceSyntax,
  ScenarioStepSyntax,
  ScenarioSyntax,
} from "../syntax.ts";
import * as t from "../tokens.ts";
import type { Rule } from "./expressions.ts";
import { scenarioKind } from "./kinds.ts";
import { RemoteRules } from "./remotes.ts";
import { isAny, namesStep } from "./starts.ts";

export abstract class ScenarioRules extends RemoteRules {
  protected readonly scenario: Rule<[], ScenarioSyntax> = this.define("scenario", () => {
    const documentation = this.documentation();
    const start = this.mark();
    const steps: ScenarioStepSyntax[] = [];
    this.CONSUME(t.Scenario);
    const title = this.takeString(1, "what the scenario is about, in quotes");
    this.take(1, t.For);
    const pipeline = this.takeName(1, "the name of a pipeline");
    this.block(1, scenarioKind, () => this.SUBRULE(this.scenarioStep, { ARGS: [steps] }));
    return { kind: "Scenario", span: this.since(start), title, pipeline, steps, documentation };
  });

  private readonly scenarioStep: Rule<[list: ScenarioStepSyntax[]], void> = this.define(
    "scenarioStep",
    (list: ScenarioStepSyntax[]) => {
      this.OR([
        { ALT: () => list.push(this.SUBRULE(this.scenarioAt)) },
        { ALT: () => list.push(this.SUBRULE(this.feedStep)) },
        {
          ALT: () => {
            const step = this.SUBRULE(this.expectStep);
            if (step !== undefined) list.push(step);
          },
        },
      ]);
    },
  );

  private readonly scenarioAt: Rule<[], AtStepSyntax> = this.define("scenarioAt", () => {
    const start = this.mark();
    let otherPeer: NameSyntax | undefined;
    let value: ExpressionSyntax | undefined;
    this.CONSUME(t.At);
    const time = this.SUBRULE1(this.expression, { ARGS: ["a time such as 2s"] });
    const action = this.takeName(1, "kill, pause, resume, cut, heal, delay or lose");
    const peer = this.takeName(2, "the name of a peer");
    this.OPTION1(() => {
      this.CONSUME(t.DotDot);
      otherPeer = this.takeName(3, "the name of a peer");
    });
    this.OPTION2({ GATE: () => this.onSameLine(), DEF: () => (value = this.literalOf(this.CONSUME(t.Literal))) });
    return { kind: "AtStep", span: this.since(start), time, action, peer, otherPeer, value };
  });

  private readonly feedStep: Rule<[], ScenarioStepSyntax> = this.define("feedStep", () => {
    const start = this.mark();
    this.CONSUME(t.Feed);
    const port = this.takeName(1, "the name of a port");
    this.take(1, t.From);
    const file = this.takeString(2, "a file in quotes");
    return { kind: "FeedStep", span: this.since(start), port, file };
  });

  private readonly portReference: Rule<[], PortReferenceSyntax> = this.define("portReference", () => {
    const start = this.mark();
    let port: NameSyntax | undefined;
    const target = this.takeName(1, "the name of a port", !this.broken);
    this.OPTION(() => {
      this.CONSUME(t.Dot);
      port = this.takeName(2, "the name of a port");
    });
    return { kind: "PortReference", span: this.since(start), target, port };
  });

  /** `a -> b` of a budget or a latency. */
  protected path(idx: number): { from: PortReferenceSyntax; to: PortReferenceSyntax | undefined } {
    const from = this.subrule(idx, this.portReference);
    const arrow = this.take(idx, t.Arrow);
    const to = arrow === undefined ? undefined : this.subrule(idx + 1, this.portReference);
    return { from, to };
  }

  private atVerb(k: number): boolean {
    return isAny(this.LA(k), [t.Emits, t.Uses]);
  }

  private readonly expectStep: Rule<[], ExpectStepSyntax | undefined> = this.define("expectStep", () => {
    const start = this.mark();
    this.CONSUME(t.Expect);
    if (!this.RECORDING_PHASE && (!this.at(t.Name) || this.atStatement())) {
      this.missing("MESH1001", "what to expect, such as captions emits 3");
      return undefined;
    }
    return this.OR<ExpectStepSyntax | undefined>([
      {
        GATE: () => this.at(t.Gap) && this.at(t.Name, 2) && (this.at(t.LessEquals, 3) || !this.atVerb(2)),
        ALT: () => {
          this.CONSUME(t.Gap);
          const port = this.takeName(1, "the name of a port");
          this.take(1, t.LessEquals);
          const limit = this.SUBRULE1(this.expression, { ARGS: ["a duration such as 500ms"] });
          return { kind: "ExpectGap", span: this.since(start), port, limit };
        },
        IGNORE_AMBIGUITIES: true,
      },
      {
        GATE: () =>
          this.at(t.Latency) && this.at(t.Name, 2) && (isAny(this.LA(3), [t.Arrow, t.Dot]) || !this.atVerb(2)),
        ALT: () => {
          this.CONSUME(t.Latency);
          const { from, to } = this.path(1);
          const percentile = this.takeName(2, "a percentile such as p99");
          this.take(2, t.LessEquals);
          const limit = this.SUBRULE2(this.expression, { ARGS: ["a duration such as 400ms"] });
          return { kind: "ExpectLatency", span: this.since(start), from, to, percentile, limit };
        },
        IGNORE_AMBIGUITIES: true,
      },
      {
        GATE: () => this.at(t.No) && this.at(t.Name, 2) && !this.atVerb(2),
        ALT: () => {
          this.CONSUME(t.No);
          const what = this.takeName(3, "loss or duplicates");
          const port = this.takeName(4, "the name of a port");
          return { kind: "ExpectNo", span: this.since(start), what, port };
        },
        IGNORE_AMBIGUITIES: true,
      },
      { ALT: () => this.SUBRULE(this.expectSubject, { ARGS: [start] }), IGNORE_AMBIGUITIES: true },
    ]);
  });

  private readonly expectSubject: Rule<[start: number], ExpectStepSyntax | undefined> = this.define(
    "expectSubject",
    (start: number) => {
      const subject = build.name(this.CONSUME(t.Name));
      if (!this.RECORDING_PHASE && !this.at(t.Emits) && !this.at(t.Uses)) {
        this.missing("MESH1001", `\`emits\` or \`uses\` after \`${subject.text}\``);
        return undefined;
      }
      return this.OR<ExpectStepSyntax>([
        {
          ALT: () => {
            this.CONSUME(t.Emits);
            const count = this.SUBRULE1(this.expression, { ARGS: ["a number of frames"] });
            const within = this.within(1);
            return { kind: "ExpectEmits", span: this.since(start), port: subject, count, within };
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.Uses);
            const target = this.SUBRULE(this.usedTarget);
            const within = this.within(2);
            return { kind: "ExpectUses", span: this.since(start), remote: subject, target, within };
          },
        },
      ]);
    },
  );

  /** `LocalHearing`, `gpu.Hearing`, `"webrtc://…"`, `service "name"`: as it is written in the remote, or a bare name. */
  private readonly usedTarget: Rule<[], Extract<ExpectStepSyntax, { kind: "ExpectUses" }>["target"]> = this.define(
    "usedTarget",
    () => {
      const start = this.mark();
      if (!this.RECORDING_PHASE && (!isAny(this.LA(1), [t.Name, t.Text]) || this.atStatement())) {
        this.missing("MESH1004", "a target of the remote");
        return undefined;
      }
      const bare =
        !this.RECORDING_PHASE && this.at(t.Name) && !this.at(t.Text, 2) && !this.at(t.Dot, 2) && !this.at(t.LParen, 2);
      return this.OR<Extract<ExpectStepSyntax, { kind: "ExpectUses" }>["target"]>([
        {
          GATE: () => bare,
          ALT: () => {
            const target = build.name(this.CONSUME(t.Name));
            return { kind: "Endpoint", span: this.since(start), target, port: undefined };
          },
          IGNORE_AMBIGUITIES: true,
        },
        { ALT: () => this.SUBRULE(this.targetValue), IGNORE_AMBIGUITIES: true },
      ]);
    },
  );

  protected within(idx: number): ExpressionSyntax | undefined {
    let value: ExpressionSyntax | undefined;
    this.option(idx, {
      GATE: () => this.onSameLine() || !namesStep(this.peek),
      DEF: () => {
        this.consume(idx, t.Within);
        value = this.subrule(idx + 5, this.expression, { ARGS: ["a duration such as 2s"] });
      },
    });
    return value;
  }
}
