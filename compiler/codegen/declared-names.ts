import { isStandard, type DeclarationSymbol, type FileInfo } from "../check/program.ts";
import { capitalised, Names } from "./names.ts";

/** How a record or enum is called in a module. */
export interface SchemaNames {
  readonly name: string;
  /** The type before defaults are filled in, where it differs. */
  readonly input: string;
}

export interface NodeNames {
  /** What its parameters, inputs and outputs are. */
  readonly contract: string;
  /** What its code has to be. */
  readonly code: string;
  readonly params: string;
}

export interface PipelineNames {
  readonly running: string;
  readonly params: string;
  readonly options: string;
  readonly launch: string;
}

/** What a name turns into that TypeScript does not allow: `Promise` to `PromiseRecord`. */
const suffixes = { Record: "Record", Enum: "Enum", Pipeline: "Pipeline" } as const;

/**
 * The names of all that a module exports for the declarations of its file. They depend on that file alone, so that a
 * module that imports from another one knows them.
 */
export class DeclaredNames {
  /** For what else the module has to name. */
  readonly names = new Names();
  readonly #schemas = new Map<DeclarationSymbol, SchemaNames>();
  readonly #nodes = new Map<DeclarationSymbol, NodeNames>();
  readonly #pipelines = new Map<DeclarationSymbol, PipelineNames>();

  constructor(file: FileInfo) {
    const symbols = [...file.declarations.values()];
    const own = new Map(symbols.map((symbol) => [symbol, this.#own(symbol)]));
    for (const symbol of symbols) this.#derive(symbol, own.get(symbol) ?? symbol.name);
  }

  schema(symbol: DeclarationSymbol): SchemaNames {
    const known = this.#schemas.get(symbol);
    if (known !== undefined) return known;
    // Declared elsewhere: in the standard library, whose types this module declares for itself, or in another module.
    const name = this.names.take(symbol.name, isStandard(symbol.file.module) ? `Std${symbol.name}` : `${symbol.name}2`);
    const made = { name, input: this.names.take(`${name}Input`) };
    this.#schemas.set(symbol, made);
    return made;
  }

  node(symbol: DeclarationSymbol): NodeNames {
    const known = this.#nodes.get(symbol);
    if (known !== undefined) return known;
    const { name } = symbol;
    const made = {
      contract: this.names.take(`${name}Contract`),
      code: this.names.take(`${name}Node`),
      params: this.names.take(`${name}Params`),
    };
    this.#nodes.set(symbol, made);
    return made;
  }

  pipeline(symbol: DeclarationSymbol): PipelineNames {
    const known = this.#pipelines.get(symbol);
    if (known === undefined) throw new RangeError(`\`${symbol.name}\` is no pipeline of this module`);
    return known;
  }

  #own(symbol: DeclarationSymbol): string {
    const { kind } = symbol.syntax;
    if (kind !== "Record" && kind !== "Enum" && kind !== "Pipeline") return symbol.name;
    return this.names.take(symbol.name, `${symbol.name}${suffixes[kind]}`);
  }

  #derive(symbol: DeclarationSymbol, name: string): void {
    const { kind } = symbol.syntax;
    if (kind === "Record" || kind === "Enum") {
      // An enum has no defaults of its own, so its name is all there is.
      this.#schemas.set(symbol, { name, input: kind === "Enum" ? name : this.names.take(`${name}Input`) });
    } else if (kind === "Node") {
      this.node(symbol);
    } else if (kind === "Pipeline") {
      this.#pipelines.set(symbol, {
        running: name,
        params: this.names.take(`${symbol.name}Params`),
        options: this.names.take(`${symbol.name}Options`),
        launch: this.names.take(`launch${capitalised(symbol.name)}`),
      });
    }
  }
}
