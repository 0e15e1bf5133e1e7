import type { FlowType, Schemas } from "../../runtime/interface/caps.ts";
import type { Plan } from "../../runtime/interface/plan.ts";
import type { CheckedProgram } from "../check/check.ts";
import { joinPath } from "../check/load.ts";
import { isStandard, type DeclarationSymbol, type FileInfo, type TypeSymbol } from "../check/program.ts";
import { DeclaredNames } from "./declared-names.ts";
import { HeldTexts } from "./held-texts.ts";
import { capitalised } from "./names.ts";
import { Origins } from "./origins.ts";
import type { NamedText, Vocabulary } from "./payload.ts";

/** How files are called in an import of the module that is written. */
export interface Layout {
  /** The code of a node, by its path in the project. */
  implementation(path: string): string;
  /** The module of another `.mesh` file, by the path of that file in the project. */
  module(path: string): string;
}

/** What a module is made from. */
export interface ModuleInput {
  readonly checked: CheckedProgram;
  readonly plan: Plan;
  readonly layout: Layout;
  readonly target: "node" | "browser";
}

/** One name that is imported. */
export interface ImportedName {
  readonly name: string;
  readonly local: string;
  readonly typeOnly: boolean;
}

/** What the sections of one module share: names, imports, and what is known of records and enums. */
export class ModuleScope implements Vocabulary {
  readonly input: ModuleInput;
  readonly file: FileInfo;
  readonly declared: DeclaredNames;
  readonly origins = new Origins();
  readonly held = new HeldTexts();
  readonly #imports = new Map<string, Map<string, { local: string; typeOnly: boolean }>>();
  readonly #symbols = new Map<string, TypeSymbol>();
  readonly #emitted = new Set<DeclarationSymbol>();
  readonly #others = new Map<FileInfo, DeclaredNames>();
  readonly #differing: ReadonlySet<string>;

  constructor(input: ModuleInput) {
    this.input = input;
    this.file = input.checked.program.root;
    this.declared = new DeclaredNames(this.file);
    for (const file of input.checked.program.files.values()) {
      for (const symbol of file.declarations.values()) {
        if (symbol.syntax.kind === "Record" || symbol.syntax.kind === "Enum")
          this.#symbols.set(symbol.key, symbol as TypeSymbol);
      }
    }
    this.#differing = withDefaults(input.checked.schemas);
  }

  // ---- imports ------------------------------------------------------------------------------------------------

  /** A value of the door `pipeline-mesh`, under the name that it has here. */
  value(name: string): string {
    return this.import("pipeline-mesh", name, false, `mesh${capitalised(name)}`);
  }

  /** A type of the door `pipeline-mesh`, under the name that it has here. */
  type(name: string): string {
    return this.import("pipeline-mesh", name, true, `Mesh${name}`);
  }

  /** @param instead the name it gets here where its own is taken */
  import(module: string, name: string, typeOnly: boolean, instead: string): string {
    const names = this.#imports.get(module) ?? new Map<string, { local: string; typeOnly: boolean }>();
    this.#imports.set(module, names);
    const known = names.get(name);
    const local = known?.local ?? this.declared.names.take(name, instead);
    names.set(name, { local, typeOnly: typeOnly && known?.typeOnly !== false });
    return local;
  }

  /** All imports: packages before files, each in order of name. */
  get imports(): { readonly module: string; readonly names: readonly ImportedName[] }[] {
    return [...this.#imports]
      .toSorted(([a], [b]) => (rank(a) < rank(b) ? -1 : 1))
      .map(([module, names]) => ({
        module,
        names: [...names]
          .map(([name, one]) => ({ name, ...one }))
          .toSorted((a, b) => Number(a.typeOnly) - Number(b.typeOnly) || (a.name < b.name ? -1 : 1)),
      }));
  }

  // ---- records and enums --------------------------------------------------------------------------------------

  /** The records and enums that this module declares: its own, and those of the standard library that are used. */
  isOwn(symbol: DeclarationSymbol): boolean {
    return symbol.file === this.file || isStandard(symbol.file.module);
  }

  symbol(key: string): TypeSymbol {
    const found = this.#symbols.get(key);
    if (found === undefined) throw new RangeError(`there is no record or enum ${key}`);
    return found;
  }

  /** From now on other schemas may refer to this one by name. */
  emitted(symbol: DeclarationSymbol): void {
    this.#emitted.add(symbol);
  }

  /** True when a record reads otherwise than it is written, for something in it has a default. */
  differs(key: string): boolean {
    return this.#differing.has(key);
  }

  named(key: string): NamedText {
    const symbol = this.symbol(key);
    const differs = this.differs(key);
    if (this.isOwn(symbol)) {
      const { name, input } = this.declared.schema(symbol);
      return { name, input: differs ? input : name, declared: this.#emitted.has(symbol) };
    }
    const names = this.otherNames(symbol.file).schema(symbol);
    const module = this.input.layout.module(symbol.file.source.path);
    // One import serves the schema and its type, for both have one name.
    const name = this.import(module, names.name, false, `Imported${names.name}`);
    const input = differs ? this.import(module, names.input, true, `${name}Input`) : name;
    return { name, input, declared: !this.#reaches(symbol.file, this.file) };
  }

  /** Where the code of a node is, as the plan says it; undefined for an abstract node. */
  implementationOf(symbol: DeclarationSymbol): string | undefined {
    if (symbol.syntax.kind !== "Node") return undefined;
    const from = symbol.syntax.members.find((one) => one.kind === "From")?.path?.value;
    return from === undefined ? undefined : (joinPath(symbol.file.source.path, from) ?? from);
  }

  json(): string {
    return this.type("JsonValue");
  }

  zod(): string {
    return this.value("z");
  }

  /** The names that the module of another file exports. */
  otherNames(file: FileInfo): DeclaredNames {
    const known = this.#others.get(file) ?? new DeclaredNames(file);
    this.#others.set(file, known);
    return known;
  }

  #reaches(from: FileInfo, to: FileInfo, seen = new Set<FileInfo>()): boolean {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return [...from.imports.values()].some((binding) => this.#reaches(binding.symbol.file, to, seen));
  }
}

/** The keys of the records and enums that a type speaks of. */
export function namesIn(type: FlowType): string[] {
  switch (type.kind) {
    case "named":
      return [type.name];
    case "list":
    case "map":
    case "optional":
      return namesIn(type.element);
    default:
      return [];
  }
}

/** Packages come before files. */
function rank(module: string): string {
  return `${module.startsWith(".") ? 1 : 0} ${module}`;
}

/** Records that have a field with a default, and those that hold such records. */
function withDefaults(schemas: Schemas): Set<string> {
  const found = new Set<string>();
  for (const [key, schema] of Object.entries(schemas)) {
    if (schema.kind === "record" && schema.fields.some((field) => field.default !== undefined)) found.add(key);
  }
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [key, schema] of Object.entries(schemas)) {
      if (schema.kind !== "record") continue;
      if (schema.fields.some((field) => namesIn(field.type).some((one) => found.has(one)))) found.add(key);
    }
  }
  return found;
}
