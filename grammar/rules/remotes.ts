/** Remotes with their targets, policies and the conditions of a candidate; peers. */
import * as build from "../build.ts";
import type {
  ArgumentSyntax,
  CapabilitySyntax,
  CapabilityValueSyntax,
  ComparisonOperator,
  ComparisonSyntax,
  ConditionSyntax,
  ExpressionSyntax,
  NameSyntax,
  PeerMemberSyntax,
  PolicyClauseSyntax,
  RemoteSyntax,
  StringSyntax,
  TargetSyntax,
  TargetValueSyntax,
  TimeoutEntrySyntax,
} from "../syntax.ts";
import type { CallSyntax } from "../syntax.ts";
import * as t from "../tokens.ts";
import type { Rule } from "./expressions.ts";
import { FlowRules } from "./flows.ts";
import { peerKind, remoteKind } from "./kinds.ts";
import { conditionGoesOn } from "./starts.ts";

type RemoteParts = Pick<RemoteSyntax, "targets" | "clauses">;

export abstract class RemoteRules extends FlowRules {
  readonly remote: Rule<[list: RemoteSyntax[]], void> = this.define("remote", (list: RemoteSyntax[]) => {
    const documentation = this.documentation();
    const start = this.mark();
    this.CONSUME(t.Remote);
    const name = this.takeName(1, "a name for the remote");
    let contract: NameSyntax | undefined;
    let policy: NameSyntax | undefined;
    if (this.takeBinder(1, t.Colon, "remote stt: Transcriber")) contract = this.takeName(2, "the name of an interface");
    this.OPTION(() => {
      this.CONSUME(t.With);
      const isOptions = !this.RECORDING_PHASE && this.at(t.LBrace) && this.at(t.Name, 2) && this.at(t.Colon, 3);
      if (isOptions) this.skipOptions();
      else policy = this.takeName(3, "the name of a policy");
    });
    const parts: RemoteParts = { targets: [], clauses: [] };
    this.block(1, remoteKind, () => this.SUBRULE(this.remoteMember, { ARGS: [parts] }));
    list.push({ kind: "Remote", span: this.since(start), name, interface: contract, policy, ...parts, documentation });
  });

  /** `with { restart: never }` is for nodes and links. */
  private skipOptions(): void {
    this.missing(
      "MESH1002",
      "the name of a policy",
      "a remote says how it is called by clauses in its body, such as retry",
    );
    while (this.onSameLine() && !this.at(t.RBrace)) this.SKIP_TOKEN();
    if (this.onSameLine()) this.SKIP_TOKEN();
  }

  private readonly remoteMember: Rule<[parts: RemoteParts], void> = this.define(
    "remoteMember",
    (parts: RemoteParts) => {
      this.OR([
        { ALT: () => this.SUBRULE(this.target, { ARGS: [parts.targets] }) },
        { ALT: () => this.SUBRULE(this.clause, { ARGS: [parts.clauses] }) },
      ]);
    },
  );

  private readonly target: Rule<[list: TargetSyntax[]], void> = this.define("target", (list: TargetSyntax[]) => {
    const start = this.mark();
    const word = this.OR([{ ALT: () => this.CONSUME(t.At) }, { ALT: () => this.CONSUME(t.Else) }]);
    const role = word.image === "else" ? "else" : "at";
    const value = this.SUBRULE(this.targetValue);
    list.push({ kind: "Target", span: this.since(start), role, value });
  });

  readonly targetValue: Rule<[], TargetValueSyntax | undefined> = this.define("targetValue", () => {
    if (!this.RECORDING_PHASE && (!this.onSameLine() || !(this.at(t.Text) || this.at(t.Name)))) {
      this.missing("MESH1004", 'a target such as gpu.Hearing, "webrtc://host/name", service "name" or Local()');
      return undefined;
    }
    const start = this.mark();
    return this.OR<TargetValueSyntax | undefined>([
      {
        ALT: () => {
          const uri = build.string(this.CONSUME(t.Text));
          return { kind: "UriTarget", span: this.since(start), uri };
        },
      },
      {
        GATE: () => this.at(t.Service) && this.at(t.Text, 2),
        ALT: () => this.SUBRULE(this.serviceTarget),
        IGNORE_AMBIGUITIES: true,
      },
      {
        GATE: () => this.at(t.LParen, 2) && this.LA(1).image === "env",
        ALT: () => {
          const uri: CallSyntax = this.SUBRULE(this.call);
          return { kind: "UriTarget", span: this.since(start), uri };
        },
        IGNORE_AMBIGUITIES: true,
      },
      { GATE: () => this.at(t.Dot, 2), ALT: () => this.SUBRULE(this.peerTarget), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.SUBRULE(this.instance, { ARGS: ["a target"] }), IGNORE_AMBIGUITIES: true },
    ]);
  });

  private readonly peerTarget: Rule<[], TargetValueSyntax> = this.define("peerTarget", () => {
    const start = this.mark();
    const peer = build.name(this.CONSUME(t.Name));
    this.CONSUME(t.Dot);
    const pipeline = this.takeName(2, "the name of a pipeline of that peer");
    return { kind: "PeerTarget", span: this.since(start), peer, pipeline };
  });

  private readonly serviceTarget: Rule<[], TargetValueSyntax> = this.define("serviceTarget", () => {
    const start = this.mark();
    let where: ConditionSyntax[] = [];
    let prefer: NameSyntax | undefined;
    this.CONSUME(t.Service);
    const name = this.takeString(1, "the name of a service in quotes");
    this.OPTION1(() => {
      this.CONSUME(t.Where);
      where = this.SUBRULE(this.conditions);
    });
    const preference = (): void => {
      prefer = this.takeName(3, "a policy such as fastest");
    };
    this.OPTION2(() => {
      this.CONSUME(t.Comma);
      if (this.take(2, t.Prefer, "MESH1001", "a condition or `prefer` after the comma") !== undefined) preference();
    });
    if (this.at(t.Prefer) && this.at(t.Name, 2) && this.onSameLine(2)) {
      this.reportComma();
      this.SKIP_TOKEN();
      preference();
    }
    return { kind: "ServiceTarget", span: this.since(start), name, where, prefer };
  });

  /** `gpu.memory >= 8GiB or cpu, codecs(opus)`; ends before `, prefer`. */
  readonly conditions: Rule<[], ConditionSyntax[]> = this.define("conditions", () => {
    const list: ConditionSyntax[] = [];
    const one = (idx: number): void => {
      const start = this.mark();
      const alternatives: ConditionSyntax["alternatives"] = [];
      alternatives.push(this.subrule(idx, this.conditionPart));
      this.many(idx, {
        GATE: () => this.onSameLine() || this.at(t.Name, 2),
        DEF: () => {
          this.consume(idx, t.Or);
          alternatives.push(this.subrule(idx + 4, this.conditionPart));
        },
      });
      list.push({ kind: "Condition", span: this.since(start), alternatives });
    };
    one(1);
    this.MANY3({
      GATE: () => conditionGoesOn(this.peek, 2),
      DEF: () => {
        this.CONSUME(t.Comma);
        one(2);
      },
    });
    return list;
  });

  private readonly conditionPart: Rule<[], ComparisonSyntax | CapabilitySyntax> = this.define("conditionPart", () => {
    const start = this.mark();
    const property: NameSyntax[] = [this.takeName(1, "a property such as gpu.memory")];
    let values: CapabilityValueSyntax[] = [];
    let operator: ComparisonOperator | undefined;
    let value: ExpressionSyntax | undefined;
    this.MANY(() => {
      this.CONSUME(t.Dot);
      property.push(this.takeName(2, "a property"));
    });
    this.OPTION1({
      GATE: () => this.onSameLine() && property.length === 1,
      DEF: () => (values = this.SUBRULE(this.capabilityValues)),
    });
    if (values.length > 0 && this.at(t.Operator)) {
      const hint = `ask for \`${property[0]?.text}(…)\`, or compare a property of it: \`${property[0]?.text}.memory >= 8GiB\``;
      this.report("MESH1001", this.place(), "what has values in parentheses cannot be compared", { hint });
    }
    this.OPTION2(() => {
      operator = this.CONSUME(t.Operator).image as ComparisonOperator;
      value = this.SUBRULE(this.expression, { ARGS: ["a value to compare with"] });
    });
    const span = this.since(start);
    const [name] = property;
    if (operator !== undefined || name === undefined || property.length > 1) {
      if (operator === undefined) this.missing("MESH1001", "a comparison such as >=");
      return { kind: "Comparison", span, property, operator: operator ?? "==", value };
    }
    return { kind: "Capability", span, name, values };
  });

  readonly capability: Rule<[], CapabilitySyntax> = this.define("capability", () => {
    const start = this.mark();
    const name = this.takeName(1, "a capability such as gpu");
    let values: CapabilityValueSyntax[] = [];
    this.OPTION(() => (values = this.SUBRULE(this.capabilityValues)));
    return { kind: "Capability", span: this.since(start), name, values };
  });

  private readonly capabilityValues: Rule<[], CapabilityValueSyntax[]> = this.define("capabilityValues", () => {
    const values: CapabilityValueSyntax[] = [];
    const open = this.CONSUME(t.LParen);
    const item = (): void => {
      const start = this.mark();
      let name: NameSyntax | undefined;
      this.OPTION({
        GATE: () => this.at(t.Colon, 2),
        DEF: () => {
          name = build.name(this.CONSUME(t.Name));
          this.CONSUME(t.Colon);
        },
      });
      const value = this.SUBRULE(this.expression, { ARGS: ["a value"] });
      values.push({ kind: "CapabilityValue", span: this.since(start), name, value });
    };
    this.list(1, { open, close: t.RParen, starts: [t.Name, t.Literal, t.Text], item });
    this.close(1, t.RParen, open, "the capability");
    return values;
  });

  // ---- policies -----------------------------------------------------------------------------------------------

  readonly clause: Rule<[list: PolicyClauseSyntax[]], void> = this.define("clause", (list: PolicyClauseSyntax[]) => {
    const clause = this.OR<PolicyClauseSyntax>([
      { ALT: () => this.SUBRULE(this.retry) },
      { ALT: () => this.SUBRULE(this.timeout) },
      { ALT: () => this.SUBRULE(this.breaker) },
      { ALT: () => this.SUBRULE(this.simpleClause) },
    ]);
    list.push(clause);
  });

  private readonly retry: Rule<[], PolicyClauseSyntax> = this.define("retry", () => {
    const start = this.mark();
    let backoff: ExpressionSyntax | undefined;
    this.CONSUME(t.Retry);
    const times = this.SUBRULE1(this.expression, { ARGS: ["how many times, such as 5"] });
    this.take(1, t.Times);
    this.OPTION(() => {
      this.CONSUME(t.Comma);
      this.take(2, t.Backoff);
      backoff = this.SUBRULE2(this.expression, { ARGS: ["a range such as 100ms..5s"] });
    });
    return { kind: "Retry", span: this.since(start), times, backoff };
  });

  private readonly timeout: Rule<[], PolicyClauseSyntax> = this.define("timeout", () => {
    const start = this.mark();
    const entries: TimeoutEntrySyntax[] = [];
    this.CONSUME(t.Timeout);
    this.series((idx) => {
      const at = this.mark();
      const name = this.takeName(idx, "connect, idle or call");
      const value = this.subrule(idx, this.expression, { ARGS: ["a duration such as 3s"] });
      entries.push({ kind: "TimeoutEntry", span: this.since(at), name, value });
    });
    return { kind: "Timeout", span: this.since(start), entries };
  });

  private readonly breaker: Rule<[], PolicyClauseSyntax> = this.define("breaker", () => {
    const start = this.mark();
    let open: ExpressionSyntax | undefined;
    this.CONSUME(t.Breaker);
    const failures = this.SUBRULE1(this.expression, { ARGS: ["how many failures, such as 5"] });
    this.take(1, t.Failures);
    this.take(2, t.In);
    const window = this.SUBRULE2(this.expression, { ARGS: ["a duration such as 30s"] });
    this.OPTION(() => {
      this.CONSUME(t.Comma);
      this.take(3, t.Open);
      open = this.SUBRULE3(this.expression, { ARGS: ["a duration such as 10s"] });
    });
    return { kind: "Breaker", span: this.since(start), failures, window, open };
  });

  private readonly simpleClause: Rule<[], PolicyClauseSyntax> = this.define("simpleClause", () => {
    const start = this.mark();
    return this.OR<PolicyClauseSyntax>([
      {
        ALT: () => {
          this.CONSUME(t.Via);
          const transport = this.takeName(1, "auto, webrtc or grpc");
          return { kind: "Via", span: this.since(start), transport };
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Resume);
          const value = this.SUBRULE1(this.expression, { ARGS: ["a duration such as 10s"] });
          return { kind: "Resume", span: this.since(start), value };
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Standby);
          const choice = this.takeName(3, "on or off");
          return { kind: "Standby", span: this.since(start), choice };
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Auth);
          const method = this.takeName(2, "a method such as mtls");
          const identity = this.takeString(1, "an identity in quotes");
          return { kind: "Auth", span: this.since(start), method, identity };
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Failback);
          this.take(1, t.After);
          const after = this.SUBRULE2(this.expression, { ARGS: ["a duration such as 30s"] });
          return { kind: "Failback", span: this.since(start), after };
        },
      },
    ]);
  });

  // ---- peers --------------------------------------------------------------------------------------------------

  protected peerBody(members: PeerMemberSyntax[]): void {
    this.block(1, peerKind, () => this.SUBRULE(this.peerMember, { ARGS: [members] }));
  }

  private readonly peerMember: Rule<[list: PeerMemberSyntax[]], void> = this.define(
    "peerMember",
    (list: PeerMemberSyntax[]) => {
      this.OR([
        { ALT: () => this.SUBRULE(this.runs, { ARGS: [list] }) },
        { ALT: () => this.SUBRULE(this.peerStrings, { ARGS: [list] }) },
        { ALT: () => this.SUBRULE(this.provides, { ARGS: [list] }) },
      ]);
    },
  );

  private readonly runs: Rule<[list: PeerMemberSyntax[]], void> = this.define("runs", (list: PeerMemberSyntax[]) => {
    const start = this.mark();
    const args: ArgumentSyntax[] = [];
    let as: StringSyntax | undefined;
    let shared = false;
    this.CONSUME(t.Runs);
    const at = this.mark();
    const callee = this.takeName(1, "the name of a pipeline");
    this.OPTION1({ GATE: () => this.onSameLine(), DEF: () => this.SUBRULE(this.namedArguments, { ARGS: [args] }) });
    const instance = { kind: "Instance", span: this.since(at), callee, arguments: args } as const;
    this.OPTION2(() => {
      this.CONSUME(t.As);
      as = this.takeString(1, "a name in quotes");
    });
    this.OPTION3(() => {
      this.CONSUME(t.Shared);
      shared = true;
    });
    list.push({ kind: "Runs", span: this.since(start), instance, as, shared });
  });

  private readonly peerStrings: Rule<[list: PeerMemberSyntax[]], void> = this.define(
    "peerStrings",
    (list: PeerMemberSyntax[]) => {
      const start = this.mark();
      const values: (StringSyntax | CallSyntax)[] = [];
      const word = this.OR([
        { ALT: () => this.CONSUME(t.Listens) },
        { ALT: () => this.CONSUME(t.Registers) },
        { ALT: () => this.CONSUME(t.Allows) },
        { ALT: () => this.CONSUME(t.Admin) },
      ]);
      this.series((idx) => {
        const value = this.subrule(idx, this.stringOrCall, { ARGS: ["an address in quotes"] });
        if (value !== undefined) values.push(value);
      });
      const member = word.image as "listens" | "registers" | "allows" | "admin";
      list.push({ kind: "PeerStrings", span: this.since(start), member, values });
    },
  );

  private readonly provides: Rule<[list: PeerMemberSyntax[]], void> = this.define(
    "provides",
    (list: PeerMemberSyntax[]) => {
      const start = this.mark();
      const capabilities: CapabilitySyntax[] = [];
      this.CONSUME(t.Provides);
      this.series((idx) => capabilities.push(this.subrule(idx, this.capability)));
      list.push({ kind: "Provides", span: this.since(start), capabilities });
    },
  );
}
