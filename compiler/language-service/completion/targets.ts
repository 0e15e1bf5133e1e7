import { keywordDocs } from "../words.ts";
import type { Offer } from "./declared.ts";
import type { CompletionItem } from "./item.ts";

/**
 * What a remote may lead to: what peers run, what may stand in for it here, services and addresses.
 * @param contract the interface that the remote is of
 */
export function targetItems(offer: Offer, contract: string | undefined): CompletionItem[] {
  const remote: CompletionItem[] = [
    {
      label: "service",
      kind: "keyword",
      rank: 3,
      snippet: 'service "${1:name}"',
      documentation: keywordDocs["service"],
    },
    { label: '"webrtc://…"', kind: "value", rank: 3, snippet: '"webrtc://${1:host:7443}/${2:Pipeline}"' },
  ];
  const peers = offer.all("Peer").flatMap((candidate) => {
    const { name, declared, isInSight } = candidate;
    return (declared.syntax.kind === "Peer" ? declared.syntax.members : []).flatMap((member): CompletionItem[] => {
      if (member.kind !== "Runs") return [];
      const label = `${name}.${member.as?.value ?? member.instance.callee.text}`;
      if (!offer.fits(label)) return [];
      const edits = isInSight ? undefined : offer.importing(candidate);
      return [{ label, kind: "peer", rank: isInSight ? 0 : 10, edits }];
    });
  });
  const local = offer.items(["Pipeline", "Node"], {
    asCall: true,
    rankOf({ declared: { syntax } }) {
      const conforms = syntax.kind === "Pipeline" && syntax.conformsTo?.text === contract;
      return conforms ? 1 : 4;
    },
  });
  return [...peers, ...local, ...remote];
}
