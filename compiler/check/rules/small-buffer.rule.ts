import { declaredLatency } from "./latency.ts";
import { formatDuration } from "./durations.ts";
import { frameMs } from "./media-rate.ts";
import type { Rule } from "./rule.ts";

/** While a node works on one frame, those that come meanwhile have to stand somewhere. */
export const smallBuffer: Rule = {
  codes: ["MESH8003"],
  check({ pipelines, reporter }) {
    for (const { graph, symbol } of pipelines.values()) {
      const told = new Set<object>();
      for (const link of graph.links) {
        const { instance, type, text } = link.to;
        const value = link.options?.entries.find((one) => one.name.text === "buffer")?.value;
        const latency = instance && declaredLatency(instance.signature.symbol);
        const eachMs = frameMs(type);
        if (value?.kind !== "Literal" || value.quantity !== "int" || latency === undefined || eachMs === undefined)
          continue;
        const neededFrames = Math.ceil(latency.latencyMs / eachMs);
        if (value.value >= neededFrames || told.has(value)) continue;
        told.add(value);
        const plural = value.value === 1 ? "frame" : "frames";
        reporter.report(
          "MESH8003",
          symbol.file.source,
          value.span,
          `A buffer of ${value.text} ${plural} holds ${formatDuration(value.value * eachMs)}, but \`${text}\` takes ${formatDuration(latency.latencyMs)} for a frame.`,
          {
            notes: [`A frame comes every ${formatDuration(eachMs)}, so ${neededFrames} of them come in that time.`],
            related: [{ place: latency.place, message: "the declared latency" }],
            hint: `Give it room for ${neededFrames} frames: \`buffer: ${neededFrames}\`.`,
            fixes: [
              {
                title: `Change to \`buffer: ${neededFrames}\``,
                edits: [{ place: { source: symbol.file.source, span: value.span }, newText: String(neededFrames) }],
                applicability: "suggested",
              },
            ],
          },
        );
      }
    }
  },
};
