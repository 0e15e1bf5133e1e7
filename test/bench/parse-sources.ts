/** Long programs to parse: copies of a whole one, each with names of its own. */
import { readFileSync } from "node:fs";

const sample = readFileSync(new URL("../grammar/fixtures/assistant.mesh", import.meta.url), "utf8");
/** Names of declarations that refer to each other within a copy. */
const declared =
  /\b(?:Transcript|Word|Transcriber|Speaker|Answer|Summarise|patient|Assistant|Hearing|LocalHearing|edge|gpu(?=[ .]))\b/g;

/** A program of about so many lines: records, interfaces, nodes, pipelines with remotes, peers, scenarios, comments. */
export function meshSource(lines: number): string {
  const [imports = "", ...rest] = sample.split("\n\n");
  const body = rest.join("\n\n");
  const copies = Math.ceil(lines / sample.split("\n").length);
  const bodies = Array.from({ length: copies }, (_, copy) => body.replace(declared, (name) => `${name}_${copy}`));
  return [imports, ...bodies].join("\n\n");
}

const service = (copy: number): string => `/// What a recogniser heard.
model Transcript${copy} {
  text: string;
  @minValue(0) @maxValue(1) confidence: float32;
  language: string = "en";
  words?: Word${copy}[];
}

model Word${copy} {
  text: string;
  start: duration;
  end: duration;
}

/** Anything that turns speech into text. */
interface Transcriber${copy}<Speech extends string = "opus"> {
  hear(speech: bytes, codec: Speech, @query rate?: int32): Transcript${copy} | Failure${copy};
  close(session: string): void;
}

enum Codec${copy} {
  opus: "opus",
  pcmu: "pcmu",
}

union Failure${copy} {
  timeout: { reason: "timeout", after: duration },
  refused: { reason: "refused", by: string },
}

alias Heard${copy} = Transcript${copy} & { at: utcDateTime };

@route("/assistant${copy}")
namespace Assistant${copy} {
  model Settings extends Base${copy} {
    accent: string = "en";
    threshold: float32 = 0.6;
    @maxLength(64) labels: string[]; // shown to the user
    targets: Array<{ peer: string, pipeline: string, weight: int32 }>;
  }

  @get op ask(@path id: string, @body question: Transcript${copy}): Transcript${copy};
  @post op tell(...Settings): void;
}

model Base${copy} {
  id: string;
}
`;

/** A TypeSpec file of about so many lines that speaks of the same things. */
export function typeSpecSource(lines: number): string {
  const copies = Math.ceil(lines / service(0).split("\n").length);
  return Array.from({ length: copies }, (_, copy) => service(copy)).join("\n");
}
