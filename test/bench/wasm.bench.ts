import type { NodeDefinition } from "../../runtime/interface/node.ts";
import { against, interleaved, median, rounded, type BenchRow, type Contender, type Rounds } from "./hop-rounds.ts";
import { exportsOf, loop, runChain, samples, typeScriptGain, wasmGain } from "./wasm-chains.ts";

export const title = `Processor time of a gain on a frame of 20 ms (${samples} f32): a WebAssembly node in a running pipeline beside the same in TypeScript, and beside its exports called by hand; metrics on`;

const shortChain = 2;
const longChain = 10;
const frames = 1_500;
const frameNs = 20e6;
/** As many arrays as the nodes are measured by: what it costs to collect them grows with their number. */
const bareFrames = frames * (longChain - shortChain);

const chains: readonly { readonly name: string; readonly node: NodeDefinition }[] = [
  { name: "WebAssembly node", node: wasmGain },
  { name: "TypeScript node", node: typeScriptGain },
];

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const direct = await exportsOf();
  const bare: readonly Contender[] = [
    { name: "exports by hand, copied in and out", count: bareFrames, run: (count) => direct.copied(count) },
    { name: "exports by hand, call only", count: bareFrames, run: (count) => direct.callOnly(count) },
    { name: "loop in TypeScript", count: bareFrames, run: loop },
  ];
  const contenders = [
    ...chains.flatMap(({ name, node }): Contender[] =>
      [shortChain, longChain].map((nodes) => ({
        name: `${name} ${nodes}`,
        count: frames,
        run: (count) => runChain(node, count, nodes),
      })),
    ),
    ...bare,
  ];
  const rounds = perNode(await interleaved(contenders, 15), bare);
  const row = (ours: string, peer: string, goal?: string): BenchRow =>
    against(rounds, ours, peer, { case: ours, metric: "frame", ...(goal !== undefined && { goal }) });
  const ownNs = median(rounds.get("WebAssembly node") ?? []);
  return {
    rows: [
      {
        case: "WebAssembly node",
        metric: "of the time of a frame",
        unit: "%",
        ours: rounded((ownNs / frameNs) * 100),
        peer: null,
        peerName: null,
        ratio: null,
        goal: "<= 0.1",
      },
      row("WebAssembly node", "TypeScript node", "<= 1"),
      row("WebAssembly node", "exports by hand, copied in and out", "<= 1.25"),
      row("WebAssembly node", "exports by hand, call only"),
      row("TypeScript node", "loop in TypeScript"),
    ],
    notes: [
      "A node's figure is what one more of them costs in a chain. Every frame that comes out is an array: of `buffers` in both",
      "nodes, a new one by hand and in the loop; `call only` changes the same memory again and again.",
    ],
  };
}

/** What one more node costs, without the ends of the chain. */
function perNode(rounds: Rounds, bare: readonly Contender[]): Rounds {
  const figures = (name: string): readonly number[] => rounds.get(name) ?? [];
  return new Map([
    ...bare.map(({ name }) => [name, figures(name)] as const),
    ...chains.map(({ name }) => {
      const short = figures(`${name} ${shortChain}`);
      const slopes = figures(`${name} ${longChain}`).map(
        (ns, index) => (ns - (short[index] ?? Number.NaN)) / (longChain - shortChain),
      );
      return [name, slopes] as const;
    }),
  ]);
}
