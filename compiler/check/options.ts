import type { OptionsSyntax } from "../../grammar/syntax.ts";
import { defaultCapacityFrames, type LinkPlan } from "../../runtime/interface/plan.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { listed } from "./load.ts";
import type { FileInfo } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";

export type LinkOptions = Pick<LinkPlan, "capacityFrames" | "overflow" | "delivery">;

export const defaultLinkOptions: LinkOptions = {
  capacityFrames: defaultCapacityFrames,
  overflow: "block",
  delivery: "reliable",
};

const overflows = ["block", "drop_oldest", "drop_newest", "error"] as const;
const deliveries = ["reliable", "live"] as const;
const names = ["buffer", "overflow", "delivery"];

/** Reads `with { buffer: 64, overflow: drop_oldest }` behind an arrow. */
export function readLinkOptions(file: FileInfo, syntax: OptionsSyntax | undefined, reporter: Reporter): LinkOptions {
  let options = defaultLinkOptions;
  for (const { name, value } of syntax?.entries ?? []) {
    if (value === undefined || name.text === "") continue;
    const word = value.kind === "Name" ? value.text : undefined;
    const overflow = overflows.find((one) => one === word);
    const delivery = deliveries.find((one) => one === word);
    const complain = (expected: string): void =>
      reporter.report("MESH3003", file.source, value.span, `\`${name.text}\` takes ${expected}.`);
    switch (name.text) {
      case "buffer":
        if (value.kind === "Literal" && value.quantity === "int" && value.value >= 1 && value.value <= 65_536) {
          options = { ...options, capacityFrames: value.value };
        } else complain("a whole number of frames from 1 to 65536");
        break;
      case "overflow":
        if (overflow !== undefined) options = { ...options, overflow };
        else complain(overflows.join(", "));
        break;
      case "delivery":
        if (delivery !== undefined) options = { ...options, delivery };
        else complain("reliable or live");
        break;
      case "deadline":
        reporter.report(
          "MESH5007",
          file.source,
          name.span,
          "`deadline` is part of the language, but this compiler cannot build it yet.",
        );
        break;
      default: {
        const near = suggest(name.text, names);
        reporter.report("MESH2010", file.source, name.span, `A link has no option named \`${name.text}\`.`, {
          hint: near === undefined ? listed("Its options are", names) : `Did you mean \`${near}\`?`,
          fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, name.span, near, false)],
        });
      }
    }
  }
  return options;
}
