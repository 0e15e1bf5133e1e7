import type { ConditionSyntax, PipelineMemberSyntax, Span } from "../../../grammar/syntax.ts";
import type { DeclarationSymbol } from "../program.ts";
import type { Rule, RuleContext } from "./rule.ts";

/** What a plan holds of each; more is nobody's program, and a peer would not read it. */
const most = { fields: 1024, values: 1024, provided: 1024, required: 256, targets: 64, filters: 64, alternatives: 64 };

/** Lists that are longer than a plan takes, told at the first that is too many. */
export const sizes: Rule = {
  codes: ["MESH5015"],
  check(context) {
    for (const symbol of context.declarations) checkDeclaration(symbol, context);
  },
};

function checkDeclaration(symbol: DeclarationSymbol, context: RuleContext): void {
  const { name, syntax, file } = symbol;
  const hold = (list: readonly { readonly span: Span }[], limit: number, owner: string, what: string): void => {
    const first = list[limit];
    if (first === undefined) return;
    const message = `${owner} has ${list.length.toLocaleString("en")} ${what}; ${limit.toLocaleString("en")} are the most.`;
    context.reporter.report("MESH5015", file.source, first.span, message, {
      label: `number ${(limit + 1).toLocaleString("en")}`,
      hint: "Divide it.",
    });
  };
  const conditions = (list: readonly ConditionSyntax[], limit: number, owner: string, what: string): void => {
    hold(list, limit, owner, what);
    for (const one of list) hold(one.alternatives, most.alternatives, "This condition", "alternatives");
  };
  switch (syntax.kind) {
    case "Record":
      hold(syntax.fields, most.fields, `\`${name}\``, "fields");
      return;
    case "Enum":
      hold(syntax.values, most.values, `\`${name}\``, "values");
      return;
    case "Peer": {
      const provided = syntax.members.flatMap((one) => (one.kind === "Provides" ? one.capabilities : []));
      hold(provided, most.provided, `\`${name}\``, "capabilities");
      for (const one of provided) hold(one.values, most.alternatives, `\`${one.name.text}\``, "values");
      return;
    }
    case "Node":
    case "Interface":
    case "Pipeline": {
      const members: readonly PipelineMemberSyntax[] = syntax.members;
      const asked = members.flatMap((one) => (one.kind === "Requires" ? one.conditions : []));
      conditions(asked, most.required, `\`${name}\``, "requirements");
      for (const one of members) {
        if (one.kind !== "Remote") continue;
        hold(one.targets, most.targets, `\`${one.name.text}\``, "targets");
        for (const { value } of one.targets) {
          if (value?.kind === "ServiceTarget") conditions(value.where, most.filters, "This target", "conditions");
        }
      }
      return;
    }
    default:
  }
}
