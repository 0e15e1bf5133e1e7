import { isLoopback, knownText, parseAddress } from "../addresses.ts";
import type { Rule } from "./rule.ts";

/** A peer that can be reached from other machines should say who may call. */
export const exposure: Rule = {
  codes: ["MESH7001"],
  check({ peers, reporter }) {
    for (const peer of peers.values()) {
      const { file, name, syntax } = peer.symbol;
      // An `allows` that could not be read is still one.
      if (reporter.isUnreadable(file.source, syntax.span)) continue;
      if (syntax.members.some((one) => one.kind === "PeerStrings" && one.member === "allows")) continue;
      for (const { value, syntax: at } of peer.listens) {
        const host = parseAddress(knownText(value) ?? "")?.host;
        if (host === undefined || isLoopback(host)) continue;
        const where = host === "0.0.0.0" || host === "::" ? "on every network of its machine" : `at ${host}`;
        const { span } = at.kind === "Call" ? (at.arguments[1] ?? at) : at;
        reporter.report("MESH7001", file.source, span, `\`${name}\` listens ${where}, and lets everybody in.`, {
          label: "reachable from other machines",
          notes: ["Security is on as soon as a peer `allows` somebody; until then nobody has to prove who they are."],
          hint: 'Add who may call, such as `allows "spiffe://example.com/client"`, or listen at 127.0.0.1.',
        });
        break;
      }
    }
  },
};
