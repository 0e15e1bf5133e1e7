import type { Span } from "../../../grammar/syntax.ts";
import { knownText } from "../addresses.ts";
import type { FileInfo } from "../program.ts";
import { replaceFix } from "../reporter.ts";
import type { Rule, RuleContext } from "./rule.ts";

/** `allows`, `admin` and `auth mtls` name identities by SPIFFE patterns. */
export const spiffePattern: Rule = {
  codes: ["MESH7003"],
  check(context) {
    for (const peer of context.peers.values()) {
      for (const { value, syntax } of [...peer.allows, ...peer.admin]) {
        const text = knownText(value);
        const at = syntax.kind === "Call" ? (syntax.arguments[1] ?? syntax) : syntax;
        if (text !== undefined) check(peer.symbol.file, at.span, text, context);
      }
    }
    for (const { syntax, file } of context.declarations) {
      const clauses =
        syntax.kind === "Policy"
          ? syntax.clauses
          : syntax.kind === "Pipeline"
            ? syntax.members.flatMap((one) => (one.kind === "Remote" ? one.clauses : []))
            : [];
      for (const one of clauses) {
        if (one.kind === "Auth" && one.method.text === "mtls" && one.identity !== undefined) {
          check(file, one.identity.span, one.identity.value, context);
        }
      }
    }
  },
};

function check(file: FileInfo, span: Span, text: string, { reporter }: RuleContext): void {
  const problem = spiffeProblem(text);
  if (problem === undefined || reporter.isUnreadable(file.source, span)) return;
  reporter.report("MESH7003", file.source, span, `"${text}" names no identity: ${problem.why}.`, {
    hint: 'Write it as in "spiffe://example.com/edge"; `*` stands for one part of the path, `**` at the end for the rest.',
    fixes:
      problem.better === undefined
        ? []
        : [replaceFix(`Change to "${problem.better}"`, file.source, span, JSON.stringify(problem.better), false)],
  });
}

/**
 * What is wrong with a pattern of SPIFFE identities; undefined when nothing is. The syntax is that of the SPIFFE-ID
 * standard, section 2, with `*` within a part of the path for any text and `**` as the last part for one or more parts.
 */
export function spiffeProblem(text: string): { readonly why: string; readonly better?: string } | undefined {
  if (!text.startsWith("spiffe://")) {
    if (/^spiffe:\/\//i.test(text))
      return { why: "the scheme is in small letters", better: text.replace(/^[^:]*/, "spiffe") };
    const bare = /^[a-z0-9.-]+\/[A-Za-z0-9._/*-]+$/.test(text);
    return { why: "it does not start with `spiffe://`", ...(bare && { better: `spiffe://${text}` }) };
  }
  if (new TextEncoder().encode(text).length > 2048) return { why: "it is longer than 2048 bytes" };
  const [domain = "", ...parts] = text.slice("spiffe://".length).split("/");
  if (domain === "") return { why: "the trust domain is missing" };
  if (domain.includes("*"))
    return { why: "the trust domain may not hold `*`: one mesh authority speaks for one domain" };
  if (/[@:?#]/.test(domain)) return { why: "a trust domain has no user, port, query or fragment" };
  if (/[A-Z]/.test(domain) && /^[A-Za-z0-9._-]{1,255}$/.test(domain)) {
    return { why: "a trust domain is in small letters", better: text.replace(domain, domain.toLowerCase()) };
  }
  if (!/^[a-z0-9._-]{1,255}$/.test(domain)) return { why: "a trust domain is made of a-z, 0-9, `.`, `-` and `_`" };
  for (const [index, part] of parts.entries()) {
    if (part === "" && index === parts.length - 1)
      return { why: "it ends in a slash", better: text.replace(/\/+$/, "") };
    if (part === "") return { why: "the path has an empty part" };
    if (part === "." || part === "..") return { why: `the path may not hold \`${part}\`` };
    if (part.includes("**") && (part !== "**" || index < parts.length - 1)) {
      return { why: "`**` stands alone, as the last part" };
    }
    if (!/^[A-Za-z0-9._*-]+$/.test(part)) return { why: "the path is made of letters, digits, `.`, `-`, `_` and `*`" };
  }
  return undefined;
}
