import { parse, type ParseResult } from "../../grammar/index.ts";
import type { Host } from "../host/host.ts";
import { nodejsHost } from "../host/nodejs.ts";

/**
 * What programs have in common that are compiled in one go: a file that several of them import, and the standard library,
 * are read and parsed once. Good for as long as nothing changes on the disk.
 */
export class SharedSources {
  readonly #hosts = new Map<string, Host>();
  readonly #trees = new Map<string, ParseResult>();

  /** The disk below a folder, absolute. */
  host(root: string): Host {
    const known = this.#hosts.get(root) ?? readingOnce(nodejsHost(root));
    this.#hosts.set(root, known);
    return known;
  }

  /** Trees are never changed by those who read them. */
  readonly parse = (text: string): ParseResult => {
    const known = this.#trees.get(text) ?? parse(text);
    this.#trees.set(text, known);
    return known;
  };
}

function readingOnce(host: Host): Host {
  return {
    ...host,
    readFile: once((path) => host.readFile(path)),
    readStandard: once((name) => host.readStandard(name)),
  };
}

/** What throws is asked again. */
function once(read: (name: string) => string | undefined): (name: string) => string | undefined {
  const known = new Map<string, string | undefined>();
  return (name) => {
    if (known.has(name)) return known.get(name);
    const text = read(name);
    known.set(name, text);
    return text;
  };
}
