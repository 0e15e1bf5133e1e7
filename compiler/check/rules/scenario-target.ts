import type { ExpectStepSyntax } from "../../../grammar/syntax.ts";
import { knownText } from "../addresses.ts";
import type { CheckedTarget } from "../targets.ts";

type Written = NonNullable<Extract<ExpectStepSyntax, { kind: "ExpectUses" }>["target"]>;

/**
 * Whether a scenario means a certain target of a remote: written as in the remote, or by its bare name: `LocalHearing`
 * for `LocalHearing()`, `Hearing` or `gpu` for `gpu.Hearing`, a name in quotes for a service.
 */
export function sameTarget(written: Written, target: CheckedTarget): boolean {
  switch (written.kind) {
    case "Endpoint": {
      const name = written.target.text;
      if (target.kind === "local") return target.symbol.name === name || target.text === `${name}()`;
      if (target.kind === "service") return target.service === name;
      return target.kind === "peer" && [target.peer.name, target.as, target.pipeline?.name].includes(name);
    }
    case "Instance":
      return target.kind === "local" && target.text === `${written.callee.text}()`;
    case "PeerTarget":
      return (
        target.kind === "peer" &&
        target.peer.name === written.peer.text &&
        (target.as === written.pipeline.text || target.pipeline?.name === written.pipeline.text)
      );
    case "UriTarget": {
      if (target.kind !== "uri")
        return target.kind === "service" && written.uri.kind === "String" && target.service === written.uri.value;
      if (written.uri.kind === "String") return knownText(target.uri) === written.uri.value;
      const [name] = written.uri.arguments;
      return "env" in target.uri && name?.kind === "String" && target.uri.env === name.value;
    }
    case "ServiceTarget":
      return target.kind === "service" && target.service === written.name?.value;
    default:
      return written satisfies never;
  }
}
