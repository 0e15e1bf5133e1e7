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
  /** `flat` where the group around it fits on its line, otherwise a line end, with an empty line before it if `blank`. */
  | { readonly kind: "line"; readonly flat: string; readonly hard: boolean; readonly blank: boolean }
  /** One text or another, by whether the group around it breaks. */
  | { readonly kind: "choice"; readonly broken: string; readonly flat: string }
  /** A comment that moves to the end of its line. */
  | { readonly kind: "suffix"; readonly text: string; readonly forces: boolean };

/** A line of output; the comment at its end is kept apart so that comments can be aligned. */
export interface Line {
  readonly text: string;
  readonly comment: string | undefined;
}

function forcesBreak(doc: Doc): boolean {
  if (typeof doc === "string") return doc.includes("\n");
  if (doc.kind === "line") return doc.hard;
  return doc.kind === "choice" ? false : doc.forces;
}

export function concat(parts: readonly Doc[]): Doc {
  return { kind: "concat", parts, forces: parts.some(forcesBreak) };
}

export function indent(body: Doc): Doc {
  return { kind: "indent", body, forces: forcesBreak(body) };
}

export function group(body: Doc): Doc {
  return { kind: "group", body, forces: forcesBreak(body) };
}

/** A comment at the end of a line; nothing may follow it there if it is a line comment. */
export function suffix(text: string): Doc {
  return { kind: "suffix", text, forces: text.startsWith("//") };
}

export function choice(broken: string, flat: string): Doc {
  return { kind: "choice", broken, flat };
}

export const space: Doc = { kind: "line", flat: " ", hard: false, blank: false };
export const softline: Doc = { kind: "line", flat: "", hard: false, blank: false };
export const hardline: Doc = { kind: "line", flat: "", hard: true, blank: false };
export const blankline: Doc = { kind: "line", flat: "", hard: true, blank: true };

interface Task {
  readonly doc: Doc;
  readonly depth: number;
  readonly broken: boolean;
}

/** Whether a document fits into what is left of a line, up to the first place where the line surely ends. */
function fits(first: Task, rest: readonly Task[], width: number): boolean {
  let left = width;
  let next = rest.length - 1;
  const stack: Task[] = [first];
  while (left >= 0) {
    const task = stack.pop() ?? rest[next--];
    if (task === undefined) return true;
    const { doc, broken } = task;
    if (typeof doc === "string") {
      const end = doc.indexOf("\n");
      if (end >= 0) return end <= left;
      left -= doc.length;
    } else if (doc.kind === "concat") {
      for (let index = doc.parts.length - 1; index >= 0; index--) stack.push({ ...task, doc: doc.parts[index]! });
    } else if (doc.kind === "indent") {
      stack.push({ ...task, doc: doc.body });
    } else if (doc.kind === "group") {
      stack.push({ ...task, doc: doc.body, broken: broken && doc.forces });
    } else if (doc.kind === "line") {
      if (doc.hard || broken) return true;
      left -= doc.flat.length;
    } else if (doc.kind === "choice") {
      left -= (broken ? doc.broken : doc.flat).length;
    }
  }
  return false;
}

const INDENT = "  ";

export function print(root: Doc, width: number): Line[] {
  const lines: Line[] = [];
  let text = "";
  let comments: string[] = [];
  const endLine = (): void => {
    const own = /^ */.exec(text)![0];
    const [comment, ...others] = comments;
    lines.push({ text: text.trimEnd(), comment });
    // Only one comment can end a line; the others follow on lines of their own.
    for (const other of others) lines.push({ text: own + other, comment: undefined });
    comments = [];
  };
  const stack: Task[] = [{ doc: root, depth: 0, broken: true }];
  for (let task = stack.pop(); task !== undefined; task = stack.pop()) {
    const { doc, depth, broken } = task;
    if (typeof doc === "string") {
      const parts = doc.split("\n");
      for (const [index, part] of parts.entries()) {
        if (index > 0) {
          lines.push({ text, comment: undefined });
          text = "";
        }
        text += part;
      }
    } else if (doc.kind === "concat") {
      for (let index = doc.parts.length - 1; index >= 0; index--) stack.push({ ...task, doc: doc.parts[index]! });
    } else if (doc.kind === "indent") {
      stack.push({ doc: doc.body, depth: depth + 1, broken });
    } else if (doc.kind === "group") {
      const flat: Task = { doc: doc.body, depth, broken: false };
      stack.push(!doc.forces && fits(flat, stack, width - text.length) ? flat : { ...flat, broken: true });
    } else if (doc.kind === "suffix") {
      comments.push(doc.text);
    } else if (doc.kind === "choice") {
      text += broken ? doc.broken : doc.flat;
    } else if (!broken && !doc.hard) {
      text += doc.flat;
    } else {
      endLine();
      if (doc.blank) lines.push({ text: "", comment: undefined });
      text = INDENT.repeat(depth);
    }
  }
  endLine();
  return lines;
}

/** Joins lines, comments at the ends of neighbouring lines of one depth standing below each other. */
export function align(lines: readonly Line[]): string {
  const output: string[] = [];
  for (let start = 0; start < lines.length;) {
    const depth = lines[start]!.text.search(/\S|$/);
    let end = start;
    let column = 0;
    while (end < lines.length && lines[end]!.comment !== undefined && lines[end]!.text.search(/\S|$/) === depth) {
      column = Math.max(column, lines[end]!.text.length);
      end++;
    }
    if (end === start) end++;
    for (const { text, comment } of lines.slice(start, end)) {
      output.push(comment === undefined ? text : `${text.padEnd(column)}  ${comment}`);
    }
    start = end;
  }
  return output.join("\n");
}
