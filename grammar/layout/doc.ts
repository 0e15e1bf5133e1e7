/**
 * Documents that know where they may break, and the printer that decides where they do.
 *
 * After Philip Wadler, "A prettier printer" (2003): a group is printed on one line if it fits, otherwise all of its
 * own breaks become line ends and the groups inside are tried one by one.
 */

export type Doc =
  | string
  | { readonly kind: "concat"; readonly parts: readonly Doc[]; readonly forces: boolean }
  | { readonly kind: "indent"; readonly body: Doc; readonly forces: boolean }
  | { readonly kind: "group"; readonly body: Doc; readonly forces: boolean }
  | Hugging
  | Break
  /** One text or another, by whether the group around it breaks. */
  | { readonly kind: "choice"; readonly broken: string; readonly flat: string }
  /** A comment for the end of the line; what follows it must be a hard break. */
  | { readonly kind: "comment"; readonly text: string };

/**
 * A group that ends with a bracket. Where it does not fit on one line, it breaks; where even then the bracket cannot
 * stay on one line, everything up to it stays on the first line if it fits there.
 */
export interface Hugging {
  readonly kind: "hugging";
  readonly broken: Doc;
  /** What comes behind the last break of `broken`, the bracket included. */
  readonly end: Doc;
  /** All on one line up to the bracket, which breaks. */
  readonly hugged: Doc;
  readonly forces: boolean;
}

/** `flat` where the group around it fits on its line, otherwise a line end, with an empty line before it if `blank`. */
export interface Break {
  readonly kind: "break";
  readonly flat: string;
  readonly hard: boolean;
  readonly blank: boolean;
}

/** A line of output; the comment at its end is kept apart so that comments can stand below each other. */
export interface Line {
  readonly text: string;
  readonly comment: string | undefined;
}

/** Whether a document has a line end whatever its width. */
export function forces(doc: Doc): boolean {
  if (typeof doc === "string") return doc.includes("\n");
  if (doc.kind === "break") return doc.hard;
  return doc.kind === "choice" || doc.kind === "comment" ? false : doc.forces;
}

export function concat(parts: readonly Doc[]): Doc {
  return { kind: "concat", parts, forces: parts.some(forces) };
}

export function indent(body: Doc): Doc {
  return { kind: "indent", body, forces: forces(body) };
}

export function group(body: Doc): Doc {
  return { kind: "group", body, forces: forces(body) };
}

/** A group of which only `bracket`, its end, has breaks that it is bound to have. */
export function hugging(parts: Record<"broken" | "end" | "hugged", readonly Doc[]>, bracket: Doc): Doc {
  const breaking: Doc = { kind: "group", body: bracket, forces: true };
  return {
    kind: "hugging",
    broken: concat(parts.broken),
    end: concat([...parts.end, bracket]),
    hugged: concat([...parts.hugged, breaking]),
    forces: forces(bracket),
  };
}

export function choice(broken: string, flat: string): Doc {
  return { kind: "choice", broken, flat };
}

export const space: Break = { kind: "break", flat: " ", hard: false, blank: false };
export const softline: Break = { kind: "break", flat: "", hard: false, blank: false };
export const hardline: Break = { kind: "break", flat: "", hard: true, blank: false };
export const blankline: Break = { kind: "break", flat: "", hard: true, blank: true };

/** What is still to be printed, the next at the end; three lists side by side, for there are many entries. */
class Tasks {
  readonly docs: Doc[] = [];
  readonly depths: number[] = [];
  readonly broken: boolean[] = [];

  push(doc: Doc, depth: number, broken: boolean): void {
    this.docs.push(doc);
    this.depths.push(depth);
    this.broken.push(broken);
  }
}

/** Whether a document, flat, fits into what is left of a line, up to the first place where the line may end. */
function fits(first: Doc, rest: Tasks, width: number): boolean {
  let left = width;
  let next = rest.docs.length - 1;
  const docs: Doc[] = [first];
  const modes: boolean[] = [false];
  while (left >= 0) {
    let doc = docs.pop();
    let broken = modes.pop() ?? false;
    if (doc === undefined) {
      doc = rest.docs[next];
      if (doc === undefined) return true;
      broken = rest.broken[next]!;
      next--;
    }
    if (typeof doc === "string") {
      const end = doc.indexOf("\n");
      if (end >= 0) return end <= left;
      left -= doc.length;
      continue;
    }
    switch (doc.kind) {
      case "concat":
        for (let index = doc.parts.length - 1; index >= 0; index--) {
          docs.push(doc.parts[index]!);
          modes.push(broken);
        }
        break;
      case "indent":
        docs.push(doc.body);
        modes.push(broken);
        break;
      case "group":
        docs.push(doc.body);
        modes.push(broken || doc.forces);
        break;
      case "hugging":
        docs.push(doc.forces ? doc.hugged : doc.broken);
        modes.push(broken);
        break;
      case "break":
        if (doc.hard || broken) return true;
        left -= doc.flat.length;
        break;
      case "choice":
        left -= (broken ? doc.broken : doc.flat).length;
        break;
      case "comment":
        return true;
      default:
        doc satisfies never;
    }
  }
  return false;
}

const INDENT = "  ";

/** Collects text into lines. */
class Lines {
  readonly all: Line[] = [];
  text = "";
  comment: string | undefined;

  end(): void {
    this.all.push({ text: this.text.trimEnd(), comment: this.comment });
    this.text = "";
    this.comment = undefined;
  }

  /** Text that may have line ends of its own, as block comments do: these lines stay as they are. */
  write(text: string): void {
    if (!text.includes("\n")) {
      this.text += text;
      return;
    }
    const [first = "", ...others] = text.split("\n");
    this.text += first;
    for (const other of others) {
      this.all.push({ text: this.text, comment: undefined });
      this.text = other;
    }
  }
}

export function print(root: Doc, width: number): Line[] {
  const lines = new Lines();
  const tasks = new Tasks();
  tasks.push(root, 0, true);
  for (let doc = tasks.docs.pop(); doc !== undefined; doc = tasks.docs.pop()) {
    const depth = tasks.depths.pop()!;
    const broken = tasks.broken.pop()!;
    if (typeof doc === "string") {
      lines.write(doc);
      continue;
    }
    const left = width - lines.text.length;
    switch (doc.kind) {
      case "concat":
        for (let index = doc.parts.length - 1; index >= 0; index--) tasks.push(doc.parts[index]!, depth, broken);
        break;
      case "indent":
        tasks.push(doc.body, depth + 1, broken);
        break;
      case "group":
        tasks.push(doc.body, depth, doc.forces || !fits(doc.body, tasks, left));
        break;
      case "hugging": {
        const isFlat = !doc.forces && fits(doc.broken, tasks, left);
        const hugs = !isFlat && (doc.forces || !fits(doc.end, tasks, width - INDENT.length * (depth + 1)));
        if (hugs && fits(doc.hugged, tasks, left)) tasks.push(doc.hugged, depth, false);
        else tasks.push(doc.broken, depth, !isFlat);
        break;
      }
      case "break":
        if (!broken && !doc.hard) {
          lines.write(doc.flat);
          break;
        }
        lines.end();
        if (doc.blank) lines.end();
        lines.text = INDENT.repeat(depth);
        break;
      case "choice":
        lines.write(broken ? doc.broken : doc.flat);
        break;
      case "comment":
        lines.comment = doc.text;
        break;
      default:
        doc satisfies never;
    }
  }
  lines.end();
  return lines.all;
}

/** Behind the text of a line, before its comment. */
const COMMENT_GAP = "  ";

/** Joins lines; comments at the ends of neighbouring lines stand below each other, unless a bracket parts the lines. */
export function join(lines: readonly Line[]): string {
  const output: string[] = [];
  for (let start = 0; start < lines.length;) {
    let end = start;
    let column = 0;
    while (lines[end]?.comment !== undefined) {
      const { text } = lines[end]!;
      if (end > start && (/^\s*[\])}>]/.test(text) || /[[({<]$/.test(lines[end - 1]!.text))) break;
      column = Math.max(column, text.length);
      end++;
    }
    if (end === start) end++;
    for (const { text, comment } of lines.slice(start, end)) {
      output.push(comment === undefined ? text : text.padEnd(column) + COMMENT_GAP + comment);
    }
    start = end;
  }
  return output.join("\n");
}
