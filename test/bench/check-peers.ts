/** The other checkers: TypeSpec's compiler, over files that it finds in memory. */
import { compile, NodeHost, type CompilerHost, type Program, type SourceFile } from "@typespec/compiler";
import { createSourceFile } from "@typespec/compiler";

const root = "/bench/";

/** TypeSpec's compile of files in memory: parsing, binding and checking; it writes nothing. */
export class TypeSpecProject {
  readonly #texts: Map<string, string>;
  readonly #main: string;
  #program: Program | undefined;

  constructor(texts: Readonly<Record<string, string>>, main: string) {
    this.#texts = new Map(Object.entries(texts).map(([path, text]) => [root + path, text]));
    this.#main = root + main;
  }

  update(path: string, text: string): void {
    this.#texts.set(root + path, text);
  }

  /** @param again goes on from what was compiled before, as its editor support does */
  async compile(again: boolean): Promise<void> {
    const before = again ? this.#program : undefined;
    this.#program = await compile(this.#host(), this.#main, { noEmit: true, config: "none" }, before);
    const wrong = this.#program.diagnostics.find((one) => one.severity === "error");
    if (wrong !== undefined) throw new Error(`TypeSpec: ${wrong.message}`);
  }

  #host(): CompilerHost {
    const texts = this.#texts;
    return {
      ...NodeHost,
      readFile: async (path: string): Promise<SourceFile> => {
        const text = texts.get(path);
        return text === undefined ? NodeHost.readFile(path) : createSourceFile(text, path);
      },
      stat: async (path: string) =>
        texts.has(path) ? { isFile: () => true, isDirectory: () => false } : NodeHost.stat(path),
      realpath: async (path: string) => (path.startsWith(root) ? path : NodeHost.realpath(path)),
    };
  }
}
