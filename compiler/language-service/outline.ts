import type { PipelineSyntax, PortSyntax, Span } from "../../grammar/syntax.ts";
import type { ParsedFile } from "../check/sources.ts";

/** What of a file can be run, as it is written. */
export interface Outline {
  readonly peers: readonly { readonly name: string; readonly span: Span }[];
  readonly pipelines: readonly OutlinePipeline[];
  readonly scenarios: readonly { readonly title: string; readonly pipeline: string; readonly span: Span }[];
}

export interface OutlinePipeline {
  readonly name: string;
  readonly span: Span;
  readonly inputs: readonly OutlinePort[];
  readonly outputs: readonly OutlinePort[];
}

export interface OutlinePort {
  readonly name: string;
  /** As written: `audio<opus, 48kHz, mono>`, `Transcript?`. */
  readonly type: string;
}

/** The peers, pipelines and scenarios of a file; what has no name yet is left out. */
export function outlineOf({ source: { text }, syntax }: ParsedFile): Outline {
  const peers: Outline["peers"][number][] = [];
  const pipelines: OutlinePipeline[] = [];
  const scenarios: Outline["scenarios"][number][] = [];
  for (const one of syntax.declarations) {
    if (one.kind === "Scenario") {
      if (one.title !== undefined)
        scenarios.push({ title: one.title.value, pipeline: one.pipeline.text, span: one.title.span });
    } else if (one.name.text !== "" && (one.kind === "Peer" || one.kind === "Pipeline")) {
      const { text: name, span } = one.name;
      if (one.kind === "Peer") peers.push({ name, span });
      else pipelines.push({ name, span, inputs: portsOf(one, "in", text), outputs: portsOf(one, "out", text) });
    }
  }
  return { peers, pipelines, scenarios };
}

/** A port without a name is called as its direction. */
export function portName({ name, direction }: PortSyntax): string {
  return name?.text ?? direction;
}

function portsOf({ members }: PipelineSyntax, direction: "in" | "out", text: string): OutlinePort[] {
  return members.flatMap((one) =>
    one.kind === "Port" && one.direction === direction
      ? [
          {
            name: portName(one),
            type: one.type === undefined ? "" : text.slice(one.type.span.start, one.type.span.end),
          },
        ]
      : [],
  );
}
