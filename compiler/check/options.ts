import type { ArgumentSyntax, OptionsSyntax } from "../../grammar/syntax.ts";
import { defaultCapacityFrames } from "../../runtime/interface/plan-defaults.ts";
import type { LinkPlan, RunPlan } from "../../runtime/interface/plan.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { listed } from "./load.ts";
import type { FileInfo } from "./program.ts";
import { describeLiteral } from "./quantities.ts";
import { replaceFix, type Reporter } from "./reporter.ts";

/** What `with { … }` says of a link; what it does not say is left out, but for the capacity. */
export type LinkOptions = Pick<LinkPlan, "capacityFrames" | "overflow" | "delivery" | "deadlineMs">;

export const defaultLinkOptions: LinkOptions = { capacityFrames: defaultCapacityFrames };

const overflows = ["block", "drop_oldest", "drop_newest", "error"] as const;
const deliveries = ["reliable", "live"] as const;
const restarts = ["never", "on_failure"] as const;
const linkNames = ["buffer", "overflow", "delivery", "deadline"];
const runNames = ["restart", "attempts", "worker"];
/** Restarts of a node that says only that it is to be restarted. */
const defaultAttempts = 3;

/** Reads `with { buffer: 64, overflow: drop_oldest, delivery: live, deadline: 200ms }` behind an arrow. */
export function readLinkOptions(file: FileInfo, syntax: OptionsSyntax | undefined, reporter: Reporter): LinkOptions {
  const reader = new OptionReader(file, reporter, "link");
  let options = defaultLinkOptions;
  for (const entry of reader.entries(syntax, linkNames)) {
    switch (entry.name.text) {
      case "buffer":
        options = { ...options, capacityFrames: reader.count(entry, 65_536, "frames") ?? options.capacityFrames };
        break;
      case "overflow": {
        const overflow = reader.word(entry, overflows);
        if (overflow !== undefined) options = { ...options, overflow };
        break;
      }
      case "delivery": {
        const delivery = reader.word(entry, deliveries);
        if (delivery !== undefined) options = { ...options, delivery };
        break;
      }
      default: {
        const deadlineMs = reader.duration(entry);
        if (deadlineMs !== undefined) options = { ...options, deadlineMs };
      }
    }
  }
  return options;
}

/** Reads `with { restart: on_failure, attempts: 3, worker: true }` behind a `let`; undefined where nothing is said. */
export function readRunOptions(
  file: FileInfo,
  syntax: OptionsSyntax | undefined,
  reporter: Reporter,
): RunPlan | undefined {
  const reader = new OptionReader(file, reporter, "node");
  let restart: RunPlan["restart"] | undefined;
  let attempts: number | undefined;
  let worker = false;
  for (const entry of reader.entries(syntax, runNames)) {
    if (entry.name.text === "restart") restart = reader.word(entry, restarts);
    else if (entry.name.text === "attempts") attempts = reader.count(entry, 1000, "restarts");
    else worker = reader.truth(entry) ?? worker;
  }
  if (syntax === undefined || syntax.entries.length === 0) return undefined;
  return {
    // Who says how often it is restarted wants it to be restarted.
    restart: restart ?? (attempts === undefined ? "never" : "on_failure"),
    attempts: attempts ?? defaultAttempts,
    worker,
  };
}

type Entry = ArgumentSyntax & { readonly value: NonNullable<ArgumentSyntax["value"]> };

class OptionReader {
  readonly #file: FileInfo;
  readonly #reporter: Reporter;
  readonly #what: string;

  /** @param what what has the options, in a word */
  constructor(file: FileInfo, reporter: Reporter, what: string) {
    this.#file = file;
    this.#reporter = reporter;
    this.#what = what;
  }

  /** The entries that are known, each once. */
  entries(syntax: OptionsSyntax | undefined, known: readonly string[]): Entry[] {
    const seen = new Map<string, ArgumentSyntax>();
    return (syntax?.entries ?? []).flatMap((entry): Entry[] => {
      const { name, value } = entry;
      if (name.text === "" || value === undefined) return [];
      if (!known.includes(name.text)) {
        const near = suggest(name.text, known);
        const message = `A ${this.#what} has no option named \`${name.text}\`.`;
        this.#reporter.report("MESH2010", this.#file.source, name.span, message, {
          hint: near === undefined ? listed("Its options are", known) : `Did you mean \`${near}\`?`,
          fixes:
            near === undefined ? [] : [replaceFix(`Change to \`${near}\``, this.#file.source, name.span, near, false)],
        });
        return [];
      }
      const earlier = seen.get(name.text);
      if (earlier !== undefined) {
        this.#reporter.report("MESH2003", this.#file.source, name.span, `\`${name.text}\` is given twice.`, {
          related: [{ place: { source: this.#file.source, span: earlier.name.span }, message: "first given here" }],
          hint: "Remove one of them.",
        });
        return [];
      }
      seen.set(name.text, entry);
      return [{ ...entry, value }];
    });
  }

  word<W extends string>({ name, value }: Entry, words: readonly W[]): W | undefined {
    const text = value.kind === "Name" ? value.text : undefined;
    const found = words.find((one) => one === text);
    if (found !== undefined) return found;
    const near =
      suggest(text ?? (value.kind === "String" ? value.value : ""), words) ??
      words.find((one) => value.kind === "String" && value.value === one);
    const shown = text === undefined ? this.#shown(value) : `\`${text}\``;
    const message = `\`${name.text}\` takes ${words.map((one) => `\`${one}\``).join(", ")}, not ${shown}.`;
    this.#reporter.report("MESH3003", this.#file.source, value.span, message, {
      hint: near === undefined ? undefined : `Did you mean \`${near}\`?`,
      fixes:
        near === undefined ? [] : [replaceFix(`Change to \`${near}\``, this.#file.source, value.span, near, false)],
    });
    return undefined;
  }

  count({ name, value }: Entry, most: number, unit: string): number | undefined {
    if (value.kind !== "Literal" || value.quantity !== "int") {
      this.#wrong(value, `a whole number of ${unit}, such as 3`);
      return undefined;
    }
    if (value.value >= 1 && value.value <= most) return value.value;
    this.#reporter.report(
      "MESH3005",
      this.#file.source,
      value.span,
      `\`${name.text}\` is from 1 to ${most} ${unit}, not ${value.text}.`,
    );
    return undefined;
  }

  duration({ name, value }: Entry): number | undefined {
    if (value.kind !== "Literal" || value.quantity !== "duration") {
      this.#wrong(value, "a duration such as 20ms");
      return undefined;
    }
    if (value.value > 0) return value.value / 1000;
    const message = `\`${name.text}\` is more than 0ms, not ${value.text}.`;
    this.#reporter.report("MESH3005", this.#file.source, value.span, message);
    return undefined;
  }

  truth({ value }: Entry): boolean | undefined {
    if (value.kind === "Literal" && value.quantity === "bool") return value.value === 1;
    this.#wrong(value, "a truth value such as true");
    return undefined;
  }

  #wrong(value: Entry["value"], expected: string): void {
    const message = `Expected ${expected}, found ${this.#shown(value)}.`;
    this.#reporter.report("MESH3003", this.#file.source, value.span, message);
  }

  #shown(value: Entry["value"]): string {
    if (value.kind === "Literal") return describeLiteral(value);
    if (value.kind === "String") return `${JSON.stringify(value.value)}, a text`;
    return value.kind === "Name" ? `\`${value.text}\`` : "something else";
  }
}
