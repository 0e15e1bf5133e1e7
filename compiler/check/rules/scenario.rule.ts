import type {
  AtStepSyntax,
  ExpectStepSyntax,
  ExpressionSyntax,
  NameSyntax,
  Quantity,
  ScenarioSyntax,
} from "../../../grammar/syntax.ts";
import { isMissing } from "../../../grammar/syntax.ts";
import type { ScalarName } from "../../../runtime/interface/caps.ts";
import { suggest } from "../../diagnostics/suggest.ts";
import type { CheckedPipeline, PipelineSymbol } from "../checked-pipeline.ts";
import { listed } from "../load.ts";
import type { FileInfo } from "../program.ts";
import { replaceFix } from "../reporter.ts";
import { resolveWay, unknownName } from "./port-reference.ts";
import { sameTarget } from "./scenario-target.ts";
import type { Rule, RuleContext } from "./rule.ts";

/** Scenarios name peers, ports, remotes and targets that are there, at times and with quantities that make sense. */
export const scenarios: Rule = {
  codes: ["MESH2001", "MESH2002", "MESH2003", "MESH2007", "MESH2010", "MESH3003", "MESH3005", "MESH5006"],
  check(context) {
    const { file } = context;
    const titles = new Map<string, ScenarioSyntax>();
    for (const syntax of file.syntax.declarations) {
      if (syntax.kind !== "Scenario") continue;
      checkTitle(file, syntax, titles, context);
      new ScenarioChecker(file, syntax, context).check();
    }
  },
};

function checkTitle(
  file: FileInfo,
  syntax: ScenarioSyntax,
  titles: Map<string, ScenarioSyntax>,
  { reporter }: RuleContext,
): void {
  const { title } = syntax;
  if (title === undefined) return;
  const earlier = titles.get(title.value)?.title;
  if (earlier === undefined) titles.set(title.value, syntax);
  else {
    const { source } = file;
    reporter.report("MESH2003", source, title.span, `There are two scenarios named "${title.value}" in this file.`, {
      related: [{ place: { source, span: earlier.span }, message: "the first one" }],
      hint: "Give one of them another title.",
    });
  }
}

interface ActionForm {
  readonly on: "peer" | "path";
  /** What stands behind, if anything. */
  readonly value?: { readonly quantity: Quantity & ScalarName; readonly example: string };
}

const actions: Readonly<Record<string, ActionForm>> = {
  kill: { on: "peer" },
  pause: { on: "peer" },
  resume: { on: "peer" },
  cut: { on: "path" },
  heal: { on: "path" },
  delay: { on: "path", value: { quantity: "duration", example: "80ms" } },
  lose: { on: "path", value: { quantity: "percentage", example: "5%" } },
};

class ScenarioChecker {
  readonly #file: FileInfo;
  readonly #syntax: ScenarioSyntax;
  readonly #context: RuleContext;
  readonly #pipeline: CheckedPipeline | undefined;

  constructor(file: FileInfo, syntax: ScenarioSyntax, context: RuleContext) {
    this.#file = file;
    this.#syntax = syntax;
    this.#context = context;
    const found = context.scope.resolve(file, syntax.pipeline, ["Pipeline"], "a pipeline");
    this.#pipeline = found && context.pipelines.get((found as PipelineSymbol).key);
  }

  check(): void {
    for (const step of this.#syntax.steps) {
      // What could not be read as a whole has been reported.
      if (this.#context.reporter.isUnreadable(this.#file.source, step.span)) continue;
      if (step.kind === "AtStep") this.#at(step);
      else if (step.kind === "FeedStep") this.#port(step.port, "in");
      else this.#expect(step);
    }
  }

  #at(step: AtStepSyntax): void {
    this.#duration(step.time);
    const { action } = step;
    if (isMissing(action)) return;
    const form = Object.hasOwn(actions, action.text) ? actions[action.text] : undefined;
    if (form === undefined) {
      this.#unknownWord(action, "There is nothing that a scenario can do named", Object.keys(actions));
      return;
    }
    const peers = [step.peer, step.otherPeer].filter((one) => one !== undefined);
    for (const one of peers) this.#context.scope.resolve(this.#file, one, ["Peer"], "a peer");
    const [first, second] = peers;
    if (form.on === "peer" && second !== undefined) {
      const message = `\`${action.text}\` is done to one peer, not to the path between two.`;
      this.#report("MESH3003", second.span, message, `Write \`${action.text} ${first?.text ?? "peer"}\`.`);
      return;
    }
    if (form.on === "path" && first !== undefined && second === undefined && !isMissing(first)) {
      const message = `\`${action.text}\` is done to the path between two peers.`;
      const value = form.value === undefined ? "" : ` ${form.value.example}`;
      this.#report("MESH3003", first.span, message, `Write \`${action.text} ${first.text}..other${value}\`.`);
      return;
    }
    if (form.on === "path" && first !== undefined && second?.text === first.text && first.text !== "") {
      this.#report("MESH3003", second.span, `There is no path from \`${first.text}\` to itself.`, "Name another peer.");
      return;
    }
    const { value } = step;
    if (form.value === undefined) {
      if (value !== undefined) this.#report("MESH3003", value.span, `\`${action.text}\` takes no value.`, "Remove it.");
      return;
    }
    if (value === undefined) {
      const example = `${action.text} ${first?.text ?? "a"}..${second?.text ?? "b"} ${form.value.example}`;
      this.#report("MESH3003", action.span, `\`${action.text}\` needs to know how much.`, `Write \`${example}\`.`);
      return;
    }
    this.#quantity(value, form.value.quantity, form.value.quantity === "percentage" ? 1 : undefined);
  }

  #expect(step: ExpectStepSyntax): void {
    switch (step.kind) {
      case "ExpectEmits":
        this.#port(step.port, "out");
        this.#quantity(step.count, "int");
        this.#duration(step.within);
        break;
      case "ExpectUses":
        this.#uses(step);
        this.#duration(step.within);
        break;
      case "ExpectGap":
        this.#port(step.port, "out");
        this.#duration(step.limit);
        break;
      case "ExpectLatency": {
        const checked = this.#pipeline;
        if (checked !== undefined) resolveWay(checked, step, this.#context, this.#file);
        const { percentile } = step;
        if (
          percentile !== undefined &&
          !isMissing(percentile) &&
          !/^(?:p(?:\d{1,2}|99\d{1,2}|100)|max)$/.test(percentile.text)
        ) {
          this.#unknownWord(percentile, "There is no percentile named", ["p50", "p90", "p95", "p99", "p999", "max"]);
        }
        this.#duration(step.limit);
        break;
      }
      case "ExpectNo": {
        const known = ["loss", "duplicates"];
        if (!known.includes(step.what.text) && !isMissing(step.what)) {
          this.#unknownWord(step.what, "A stream cannot be free of", known);
        }
        this.#port(step.port, "out");
        break;
      }
      default:
        step satisfies never;
    }
  }

  #uses(step: Extract<ExpectStepSyntax, { kind: "ExpectUses" }>): void {
    const checked = this.#pipeline;
    const { remote, target } = step;
    if (checked === undefined || isMissing(remote)) return;
    const known = this.#context.remotes.get(checked.symbol.key)?.get(remote.text);
    if (known === undefined) {
      const names = [...checked.graph.remotes.keys()];
      const other = checked.graph.lets.has(remote.text) || checked.graph.instances.has(remote.text);
      const message = other
        ? `\`${remote.text}\` is no remote; only a remote uses one target or another.`
        : `\`${checked.symbol.name}\` has no remote named \`${remote.text}\`.`;
      if (other) this.#report("MESH2007", remote.span, message, listed("Its remotes are", names));
      else unknownName(this.#file, remote, message, names, "Its remotes are", this.#context);
      return;
    }
    if (target === undefined || known.targets.length < known.syntax.targets.length) return;
    if (this.#context.reporter.isUnreadable(checked.symbol.file.source, known.syntax.span)) return;
    if (known.targets.some((one) => sameTarget(target, one))) return;
    const written = this.#file.source.text.slice(target.span.start, target.span.end);
    if (written === "") return;
    const texts = known.targets.map((one) => one.text.replace(/\(\)$/, ""));
    const near = suggest(written, texts);
    const { source } = checked.symbol.file;
    this.#context.reporter.report(
      "MESH2001",
      this.#file.source,
      target.span,
      `\`${remote.text}\` has no target \`${written}\`.`,
      {
        hint: near === undefined ? listed("Its targets are", texts) : `Did you mean \`${near}\`?`,
        fixes:
          near === undefined ? [] : [replaceFix(`Change to \`${near}\``, this.#file.source, target.span, near, false)],
        related: [{ place: { source, span: known.syntax.name.span }, message: "the remote" }],
      },
    );
  }

  /** A port of the pipeline itself: an input to feed, an output to watch. */
  #port(name: NameSyntax, direction: "in" | "out"): void {
    const checked = this.#pipeline;
    if (checked === undefined || isMissing(name)) return;
    const { inputs, outputs } = checked.graph.signature;
    const [wanted, other] = direction === "in" ? [inputs, outputs] : [outputs, inputs];
    if (wanted.has(name.text)) return;
    if (other.has(name.text)) {
      const message =
        direction === "in"
          ? `\`${name.text}\` is an output of \`${checked.symbol.name}\`; only inputs can be fed.`
          : `\`${name.text}\` is an input of \`${checked.symbol.name}\`; only of outputs something can be expected.`;
      this.#report(
        "MESH5006",
        name.span,
        message,
        listed(direction === "in" ? "Its inputs are" : "Its outputs are", [...wanted.keys()]),
      );
      return;
    }
    const word = direction === "in" ? "input" : "output";
    const near = suggest(name.text, [...wanted.keys()]);
    const message = `\`${checked.symbol.name}\` has no ${word} named \`${name.text}\`.`;
    this.#context.reporter.report("MESH2002", this.#file.source, name.span, message, {
      hint: near === undefined ? listed(`Its ${word}s are`, [...wanted.keys()]) : `Did you mean \`${near}\`?`,
      fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, this.#file.source, name.span, near, false)],
      about: [checked.symbol],
    });
  }

  #duration(value: ExpressionSyntax | undefined): void {
    this.#quantity(value, "duration");
  }

  #quantity(value: ExpressionSyntax | undefined, name: ScalarName, max?: number): void {
    if (value === undefined) return;
    // There are no parameters in a scenario, so a name is unknown and said to be.
    const read = this.#context.values.read(this.#file, value, { kind: "scalar", name }, new Map());
    const number = read !== undefined && "literal" in read ? read.literal : undefined;
    if (typeof number !== "number" || (number >= 0 && (max === undefined || number <= max))) return;
    const text = this.#file.source.text.slice(value.span.start, value.span.end);
    this.#report(
      "MESH3005",
      value.span,
      `${text} is ${number < 0 ? "less than nothing" : "more than all"}.`,
      undefined,
    );
  }

  #unknownWord(name: NameSyntax, lead: string, known: readonly string[]): void {
    const near = suggest(name.text, known);
    this.#context.reporter.report("MESH2010", this.#file.source, name.span, `${lead} \`${name.text}\`.`, {
      hint: near === undefined ? listed("There are", known) : `Did you mean \`${near}\`?`,
      fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, this.#file.source, name.span, near, false)],
    });
  }

  #report(
    code: "MESH2007" | "MESH3003" | "MESH3005" | "MESH5006",
    span: NameSyntax["span"],
    message: string,
    hint: string | undefined,
  ): void {
    this.#context.reporter.report(code, this.#file.source, span, message, { hint });
  }
}
