import type {
  ExpressionSyntax,
  ExpectStepSyntax,
  NameSyntax,
  PortReferenceSyntax,
  ScenarioSyntax,
} from "../../../grammar/syntax.ts";
import type { CheckedProgram } from "../../check/check.ts";
import type { DeclarationSymbol, FileInfo } from "../../check/program.ts";
import { sameTarget } from "../../check/rules/scenario-target.ts";
import type { Place } from "../../source/source-file.ts";

/** A scenario as it is played; all times are milliseconds of virtual time from its start. */
export interface Scenario {
  readonly title: string;
  /** Where the title stands. */
  readonly place: Place;
  /** The pipeline, by its key in the plan, and as the program calls it. */
  readonly pipeline: string;
  readonly name: string;
  readonly feeds: readonly Feed[];
  /** In order of time. */
  readonly steps: readonly Step[];
  readonly expectations: readonly Expectation[];
}

export interface Feed {
  readonly port: string;
  /** As it is written, relative to the program. */
  readonly file: string;
  readonly place: Place;
}

/** What is done to the mesh. Peers by their keys in the plan. */
export interface Step {
  readonly atMs: number;
  readonly what:
    | { readonly kind: "kill" | "pause" | "resume"; readonly peer: string }
    | { readonly kind: "cut" | "heal"; readonly peers: readonly [string, string] }
    | { readonly kind: "delay"; readonly peers: readonly [string, string]; readonly byMs: number }
    | { readonly kind: "lose"; readonly peers: readonly [string, string]; readonly share: number };
  /** As it is written, without its time. */
  readonly text: string;
}

/** One end of a way: a port of the pipeline itself, or a box inside with or without a port. */
export interface WayEnd {
  readonly box: string | undefined;
  readonly port: string | undefined;
}

/** What has to come true. It is looked for from the `at` before it on, or from the start. */
export type Expectation = {
  readonly place: Place;
  /** As it is written. */
  readonly text: string;
  readonly fromMs: number;
} & (
  | { readonly kind: "emits"; readonly port: string; readonly count: number; readonly withinMs: number | undefined }
  | {
      readonly kind: "uses";
      readonly remote: string;
      /** As the description of a remote tells its target. */
      readonly targets: readonly string[];
      readonly withinMs: number | undefined;
    }
  | { readonly kind: "gap"; readonly port: string; readonly limitMs: number }
  | {
      readonly kind: "latency";
      readonly from: WayEnd;
      readonly to: WayEnd;
      /** From 0 to 1. */
      readonly percentile: number;
      readonly limitMs: number;
    }
  | { readonly kind: "loss" | "duplicates"; readonly port: string }
);

/** The scenarios of a file of a program without errors. */
export function scenariosOf(checked: CheckedProgram): Scenario[] {
  const { root } = checked.program;
  return root.syntax.declarations.flatMap((one) =>
    one.kind === "Scenario" ? [new Reading(checked, root, one).scenario()] : [],
  );
}

/** What a check has found to be right need not be asked again. */
class Reading {
  readonly #checked: CheckedProgram;
  readonly #file: FileInfo;
  readonly #syntax: ScenarioSyntax;
  readonly #pipeline: DeclarationSymbol;

  constructor(checked: CheckedProgram, file: FileInfo, syntax: ScenarioSyntax) {
    this.#checked = checked;
    this.#file = file;
    this.#syntax = syntax;
    this.#pipeline = this.#symbol(syntax.pipeline);
  }

  scenario(): Scenario {
    const feeds: Feed[] = [];
    const steps: Step[] = [];
    const expectations: Expectation[] = [];
    let fromMs = 0;
    for (const one of this.#syntax.steps) {
      const place = this.#place(one);
      if (one.kind === "FeedStep") feeds.push({ port: one.port.text, file: one.file?.value ?? "", place });
      else if (one.kind === "AtStep") {
        fromMs = ms(one.time);
        const [peer, other] = [one.peer, one.otherPeer].map((name) =>
          name === undefined ? "" : this.#symbol(name).key,
        );
        steps.push({
          atMs: fromMs,
          what: whatOf(one.action.text, [peer ?? "", other ?? ""], one.value),
          text: this.#textFrom(one.action),
        });
      } else expectations.push({ place, text: this.#textOf(one), fromMs, ...this.#expectation(one) });
    }
    const { title } = this.#syntax;
    return {
      title: title?.value ?? "",
      place: this.#place(title ?? this.#syntax),
      pipeline: this.#pipeline.key,
      name: this.#pipeline.name,
      feeds,
      steps: steps.toSorted((one, other) => one.atMs - other.atMs),
      expectations,
    };
  }

  #expectation(one: ExpectStepSyntax) {
    switch (one.kind) {
      case "ExpectEmits":
        return { kind: "emits", port: one.port.text, count: valueOf(one.count), withinMs: within(one.within) } as const;
      case "ExpectUses":
        return {
          kind: "uses",
          remote: one.remote.text,
          targets: this.#targets(one),
          withinMs: within(one.within),
        } as const;
      case "ExpectGap":
        return { kind: "gap", port: one.port.text, limitMs: ms(one.limit) } as const;
      case "ExpectLatency":
        return {
          kind: "latency",
          from: this.#end(one.from),
          to: this.#end(one.to),
          percentile: percentileOf(one.percentile?.text ?? "max"),
          limitMs: ms(one.limit),
        } as const;
      case "ExpectNo":
        return { kind: one.what.text === "loss" ? "loss" : "duplicates", port: one.port.text } as const;
    }
  }

  #targets({ remote, target }: Extract<ExpectStepSyntax, { kind: "ExpectUses" }>): string[] {
    const known = this.#checked.remotes.get(this.#pipeline.key)?.get(remote.text)?.targets ?? [];
    return known.filter((one) => target !== undefined && sameTarget(target, one)).map(({ text }) => text);
  }

  #end(reference: PortReferenceSyntax | undefined): WayEnd {
    const name = reference?.target.text ?? "";
    const { signature } = this.#checked.pipelines.get(this.#pipeline.key)?.graph ?? {};
    const isOwn = signature?.inputs.has(name) === true || signature?.outputs.has(name) === true;
    return isOwn ? { box: undefined, port: name } : { box: name, port: reference?.port?.text };
  }

  #symbol({ text }: NameSyntax): DeclarationSymbol {
    const found = this.#file.declarations.get(text) ?? this.#file.imports.get(text)?.symbol;
    if (found === undefined) throw new Error(`nothing is named ${text}`);
    return found;
  }

  #place({ span }: Pick<NameSyntax, "span">): Place {
    return { source: this.#file.source, span };
  }

  #textOf({ span }: Pick<NameSyntax, "span">): string {
    return this.#file.source.text.slice(span.start, span.end);
  }

  /** The rest of the step that a name begins. */
  #textFrom({ span }: NameSyntax): string {
    const step = this.#syntax.steps.find((one) => one.span.start <= span.start && span.end <= one.span.end);
    return this.#file.source.text.slice(span.start, step?.span.end ?? span.end);
  }
}

function whatOf(action: string, peers: readonly [string, string], value: ExpressionSyntax | undefined): Step["what"] {
  switch (action) {
    case "kill":
    case "pause":
    case "resume":
      return { kind: action, peer: peers[0] };
    case "delay":
      return { kind: action, peers, byMs: ms(value) };
    case "lose":
      return { kind: action, peers, share: valueOf(value) };
    default:
      return { kind: action === "cut" ? "cut" : "heal", peers };
  }
}

function valueOf(syntax: ExpressionSyntax | undefined): number {
  return syntax?.kind === "Literal" ? syntax.value : 0;
}

/** Durations are microseconds. */
function ms(syntax: ExpressionSyntax | undefined): number {
  return valueOf(syntax) / 1000;
}

function within(syntax: ExpressionSyntax | undefined): number | undefined {
  return syntax === undefined ? undefined : ms(syntax);
}

/** `p50`, `p999` (of a thousand), `max`. */
function percentileOf(text: string): number {
  if (text === "max") return 1;
  const digits = text.slice(1);
  return digits.length <= 2 || digits === "100" ? Number(digits) / 100 : Number(`0.${digits}`);
}
