import type { CapabilitySyntax } from "../../../grammar/syntax.ts";
import type { CapabilityValue } from "../../../runtime/interface/plan.ts";
import type { CheckedPeer } from "../peers.ts";
import { replaceFix } from "../reporter.ts";
import type { Rule, RuleContext } from "./rule.ts";

/** As in the load that peers report to a signaling service. */
const slotsAtMost = 1_000_000;
/** What is proposed where it is not known what was meant. */
const usual = 8;

/** `provides slots(8)`: by that number a peer refuses sessions and calls, so it has to be one. */
export const slots: Rule = {
  codes: ["MESH3003", "MESH3005"],
  check(context) {
    for (const peer of context.peers.values()) {
      for (const member of peer.symbol.syntax.members) {
        if (member.kind !== "Provides") continue;
        for (const one of member.capabilities) if (one.name.text === "slots") check(one, peer, context);
      }
    }
  },
};

function check(syntax: CapabilitySyntax, { symbol, provides }: CheckedPeer, { reporter }: RuleContext): void {
  const { source } = symbol.file;
  if (reporter.isUnreadable(source, syntax.span) || reporter.hasErrorIn(source, syntax.span)) return;
  const values = provides.find(({ name }) => name === "slots")?.values ?? [];
  const [first] = values;
  const value = first === undefined ? undefined : known(first);
  // Of the environment: known when the peer starts.
  if (values.length === 1 && value === undefined) return;
  const count = Number(value?.value);
  const isNumber = values.length === 1 && (value?.quantity === "int" || value?.quantity === "float");
  if (isNumber && Number.isInteger(count) && count >= 1 && count <= slotsAtMost) return;
  const meant =
    isNumber || (value?.quantity === "text" && count > 0)
      ? Math.min(slotsAtMost, Math.max(1, Math.floor(count)))
      : usual;
  const text = isNumber
    ? `The slots of a peer are a whole number from 1 to ${slotsAtMost}, not ${count}.`
    : "The slots of a peer are one whole number.";
  reporter.report(isNumber ? "MESH3005" : "MESH3003", source, syntax.span, text, {
    hint: `Write how many sessions and calls \`${symbol.name}\` takes at the same time; without \`slots\` it takes what comes.`,
    fixes: [replaceFix(`Change to \`slots(${meant})\``, source, syntax.span, `slots(${meant})`, false)],
  });
}

function known(value: CapabilityValue): Extract<CapabilityValue, { quantity: string }> | undefined {
  if ("quantity" in value) return value;
  return "env" in value ? value.default : undefined;
}
