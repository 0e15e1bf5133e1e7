import { expect } from "vitest";
import { memoryHost } from "../../../../compiler/host/memory.ts";
import { LanguageService } from "../../../../compiler/language-service/service.ts";
import type { Span } from "../../../../grammar/syntax.ts";
import { standard } from "../../support/marked.ts";

/** A project of marked sources: `/*name*\/` marks an offset, `<|` and `|>` stand around a span. */
export interface Marked {
  readonly service: LanguageService;
  /** The file in which the marks are looked for first. */
  readonly path: string;
  /** Where a mark stands; the nameless mark is `/*|*\/`. */
  at(name?: string): { readonly path: string; readonly offset: number };
  /** What stands between `<|` and `|>`, in order. */
  readonly spans: readonly (Span & { readonly path: string })[];
  /** `main.mesh 3: vad`: where a span lies, and its text. */
  shown(place: { readonly path: string; readonly start: number; readonly end: number }): string;
  textOf(path: string): string;
}

/** Reads marked sources; a text alone is `main.mesh`. */
export function marked(sources: string | Readonly<Record<string, string>>): Marked {
  const files = typeof sources === "string" ? { "main.mesh": sources } : sources;
  const marks = new Map<string, { path: string; offset: number }>();
  const spans: (Span & { path: string })[] = [];
  const texts = new Map<string, string>();
  for (const [path, source] of Object.entries(files)) {
    let text = "";
    const open: number[] = [];
    for (const part of source.split(/(\/\*[\w|]+\*\/|<\||\|>)/)) {
      const name = /^\/\*([\w|]+)\*\/$/.exec(part)?.[1];
      if (name !== undefined) marks.set(name, { path, offset: text.length });
      else if (part === "<|") open.push(text.length);
      else if (part === "|>" && open.length > 0) spans.push({ path, start: open.pop() ?? 0, end: text.length });
      else text += part;
    }
    texts.set(path, text);
  }
  const service = new LanguageService(memoryHost(Object.fromEntries(texts), standard));
  service.setSources([...texts.keys()].filter((path) => path.endsWith(".mesh")));
  const [path = "main.mesh"] = texts.keys();
  service.hold(path, texts.get(path) ?? "", 1);
  const textOf = (of: string): string => texts.get(of) ?? service.parsed(of)?.source.text ?? "";
  return {
    service,
    path,
    at(name = "|") {
      const found = marks.get(name);
      if (found === undefined) throw new Error(`there is no mark ${name}`);
      return found;
    },
    spans,
    shown(place) {
      const text = textOf(place.path);
      const line = text.slice(0, place.start).split("\n").length;
      return `${place.path} ${line}: ${text.slice(place.start, place.end)}`;
    },
    textOf,
  };
}

/** A text after some edits of it. */
export function edited(
  text: string,
  edits: readonly { readonly start: number; readonly end: number; readonly newText: string }[],
): string {
  let result = text;
  for (const one of [...edits].toSorted((a, b) => b.start - a.start)) {
    expect(one.start).toBeLessThanOrEqual(one.end);
    result = result.slice(0, one.start) + one.newText + result.slice(one.end);
  }
  return result;
}
