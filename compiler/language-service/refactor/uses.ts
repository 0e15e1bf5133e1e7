import type {
  EndpointSyntax,
  FlowSyntax,
  FlushSyntax,
  HopSyntax,
  PipelineSyntax,
  StepSyntax,
} from "../../../grammar/syntax.ts";

/** A place in a flow where a port, a `let` or a remote of the pipeline is named. */
export interface Use {
  readonly name: string;
  readonly step: EndpointSyntax | FlushSyntax;
  /** Frames go into it, come out of it, or both; or what it has to do is given up. */
  readonly role: "into" | "outOf" | "through" | "flush";
}

export function usesInFlow({ source, hops }: FlowSyntax): readonly Use[] {
  return usesInChain([source, ...stepsOf(hops)], false, false);
}

/** @param isFed an arrow leads to the first step @param isRead one leads away from the last */
export function usesInChain(steps: readonly StepSyntax[], isFed: boolean, isRead: boolean): readonly Use[] {
  return steps.flatMap((step, index) => usesInStep(step, isFed || index > 0, isRead || index < steps.length - 1));
}

export function stepsOf(hops: readonly HopSyntax[]): StepSyntax[] {
  return hops.flatMap(({ step }) => step ?? []);
}

function usesInStep(step: StepSyntax, isFed: boolean, isRead: boolean): readonly Use[] {
  switch (step.kind) {
    case "Endpoint":
      return [{ name: step.target.text, step, role: isFed && isRead ? "through" : isFed ? "into" : "outOf" }];
    case "Inline":
      return [];
    case "Group":
      return step.branches.flatMap(({ source, hops }) => usesInChain([source, ...stepsOf(hops)], isFed, isRead));
    case "Any":
    case "First":
      return step.group === undefined ? [] : usesInStep(step.group, isFed, isRead);
    case "Route":
      return step.cases.flatMap(({ hops }) => usesInChain(stepsOf(hops), true, isRead));
    case "Flush":
      return [{ name: step.target.text, step, role: "flush" }];
    default:
      return step satisfies never;
  }
}

/** Whether a budget of the pipeline is about something of a name. */
export function isBudgeted({ members }: PipelineSyntax, name: string): boolean {
  return members.some((one) => one.kind === "Budget" && [one.from, one.to].some((end) => end?.target.text === name));
}
