import type { Analysis } from "../files.ts";
import type { CompletionItem } from "./item.ts";

const usual: Readonly<Record<string, string>> = {
  cpu: "cpu",
  gpu: "gpu(memory: ${1:24GiB})",
  cuda: "cuda(${1:12.4})",
  memory: "memory(${1:8GiB})",
  codecs: "codecs(${1:opus})",
  slots: "slots(${1:8})",
};

/** Capabilities by name: those that peers of the project provide, and usual ones. */
export function capabilityItems(analysis: Analysis, what: "provided" | "asked"): CompletionItem[] {
  const known = new Set<string>();
  for (const { provides } of peersOf(analysis)) for (const one of provides) known.add(one.name.text);
  known.delete("");
  const own = [...known].map((label): CompletionItem => ({ label, kind: "capability", rank: 1 }));
  const rest = Object.entries(usual).filter(([name]) => !known.has(name));
  return [
    ...own,
    ...rest.map(([label, snippet]): CompletionItem => {
      return { label, kind: "capability", rank: 2, ...(what === "provided" && { snippet }) };
    }),
  ];
}

/** Properties of a capability, as peers provide it. */
export function propertyItems(analysis: Analysis, capability: string): CompletionItem[] {
  const names = peersOf(analysis).flatMap(({ provides }) =>
    provides
      .filter((one) => one.name.text === capability)
      .flatMap((one) => one.values.flatMap((value) => value.name?.text ?? [])),
  );
  const all = new Set([...names, ...(capability === "gpu" ? ["memory"] : [])]);
  return [...all].map((label) => ({ label, kind: "capability", rank: 1 }));
}

function peersOf(analysis: Analysis) {
  return analysis.modules.flatMap((path) =>
    (analysis.parsed(path)?.syntax.declarations ?? []).flatMap((one) =>
      one.kind === "Peer"
        ? [{ provides: one.members.flatMap((member) => (member.kind === "Provides" ? member.capabilities : [])) }]
        : [],
    ),
  );
}
