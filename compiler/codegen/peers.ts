import type { StatementStructures } from "ts-morph";
import { docs } from "./docs.ts";
import type { NodeSet } from "./nodes.ts";
import type { ModuleScope } from "./scope.ts";
import { codeSpan, lineWidth, stringLiteral } from "./text.ts";
import { structureKind } from "./structure-kind.ts";

export interface PeerStatements {
  /** The type of the names of the peers. */
  readonly type: string;
  readonly names: StatementStructures[];
  readonly launch: StatementStructures[];
}

/** What a module says of the peers of its program; undefined where there are none. */
export function peerStatements(program: string, nodes: NodeSet, scope: ModuleScope): PeerStatements | undefined {
  const peers = Object.entries(scope.input.plan.peers);
  if (peers.length === 0) return undefined;
  const { names } = scope.declared;
  const type = names.take("PeerName");
  const options = names.take("ServeOptions");
  const serve = names.take("servePeers");
  const texts = peers.map(([key]) => stringLiteral(key));
  const flat = texts.join(" | ");
  const given = nodes.givenTo(peers.flatMap(([, peer]) => peer.runs.map((run) => run.pipeline)));
  const runs = peers.map(([key, peer]) => {
    const pipelines = peer.runs.map((run) => codeSpan(run.as)).join(", ");
    return `- ${codeSpan(key)} runs ${pipelines || "nothing"}`;
  });
  return {
    type,
    names: [
      {
        kind: structureKind.TypeAlias,
        name: type,
        isExported: true,
        type: `export type ${type} = ${flat};`.length <= lineWidth ? flat : texts.map((one) => `\n  | ${one}`).join(""),
        ...docs("The peers of the program.", runs.join("\n")),
      },
    ],
    launch: [
      {
        kind: structureKind.Interface,
        name: options,
        isExported: true,
        extends: [`Omit<${scope.type("PipelineOptions")}, "peers">`],
        properties: given.properties,
        ...docs(`What \`${serve}\` takes.`),
      },
      {
        kind: structureKind.Function,
        name: serve,
        isExported: true,
        isAsync: true,
        parameters: [
          { name: "peers", type: `readonly ${type}[]` },
          { name: "options", type: options, ...(!given.required && { initializer: "{}" }) },
        ],
        returnType: `Promise<${scope.type("Mesh")}>`,
        statements: [`return await ${scope.value("launchPeers")}(${program}, peers, options);`],
        ...docs(
          "Runs peers in this process: each listens, and serves the pipelines that it runs.",
          "@throws {MeshError} when an address is taken; nothing is left running then",
        ),
      },
    ],
  };
}
