import { replaceFix } from "../reporter.ts";
import type { Rule } from "./rule.ts";

/** The first target of a remote is `at`, each further one `else`. */
export const targetOrder: Rule = {
  codes: ["MESH6007"],
  check({ pipelines, remotes, reporter }) {
    for (const [key, byName] of remotes) {
      const source = pipelines.get(key)?.symbol.file.source;
      if (source === undefined) continue;
      for (const { syntax } of byName.values()) {
        if (reporter.isUnreadable(source, syntax.span)) continue;
        for (const [index, target] of syntax.targets.entries()) {
          const wanted = index === 0 ? "at" : "else";
          if (target.role === wanted) continue;
          const { start } = target.span;
          const span = { start, end: start + target.role.length };
          const name = syntax.name.text;
          const message =
            index === 0
              ? `The first target of \`${name}\` is written \`at\`; \`else\` is for those after it.`
              : `\`${name}\` has an \`at\` already; a further target is written \`else\`.`;
          const first = syntax.targets[0];
          reporter.report("MESH6007", source, span, message, {
            ...(index > 0 &&
              first !== undefined && {
                related: [{ place: { source, span: first.span }, message: "the first target" }],
              }),
            hint: `Write \`${wanted}\`.`,
            fixes: [replaceFix(`Change to \`${wanted}\``, source, span, wanted, false)],
          });
          // With the first one put right the others may be as well.
          break;
        }
      }
    }
  },
};
