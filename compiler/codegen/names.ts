/** Words that TypeScript does not let a module declare, as a type or as a value. */
const reserved: readonly string[] = [
  ..."break case catch class const continue debugger default delete do else enum export extends false finally for".split(
    " ",
  ),
  ..."function if import in instanceof new null return super switch this throw true try typeof var void while".split(
    " ",
  ),
  ..."with as async await implements interface let package private protected public static yield from of type".split(
    " ",
  ),
  ..."any bigint boolean never number object string symbol undefined unknown".split(" "),
  ..."NaN Infinity arguments eval exports globalThis module require".split(" "),
];

/** What generated code takes from the language's own library, and so must not be shadowed. */
const globals: readonly string[] = [
  ..."Float32Array Int16Array Object Omit Partial Pick Promise Readonly Record RegExp Uint8Array".split(" "),
];

/**
 * Gives every declaration of a module a name of its own.
 *
 * Names of the program come first and stay as they are wherever TypeScript allows it; what is derived from them, and
 * then what is imported, makes way.
 */
export class Names {
  readonly #taken = new Set<string>([...reserved, ...globals]);

  /** The first of the candidates that is free, else the last one with a number behind it. */
  take(...candidates: readonly [string, ...string[]]): string {
    const last = candidates.at(-1) ?? candidates[0];
    let found = candidates.find((one) => !this.#taken.has(one));
    for (let count = 2; found === undefined; count += 1) {
      if (!this.#taken.has(`${last}${count}`)) found = `${last}${count}`;
    }
    this.#taken.add(found);
    return found;
  }
}

/** `assistant` to `Assistant`, for names that begin with a verb: `launchAssistant`. */
export function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
