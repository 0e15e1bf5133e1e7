import type {
  BudgetSyntax,
  ExpressionSyntax,
  FlowSyntax,
  HopSyntax,
  InstanceSyntax,
  NameSyntax,
  PipelineSyntax,
  PortSyntax,
  StepSyntax,
  TypeSyntax,
} from "../../../grammar/syntax.ts";
import type { ParsedFile } from "../../check/sources.ts";
import type { Declared, Meaning } from "./meaning.ts";
import type { Names } from "./names.ts";

/** What is done with what is found. */
export interface FlowVisitor {
  readonly module: string;
  refer(name: NameSyntax, meaning: Meaning): void;
  instance(scope: Declared, instance: InstanceSyntax): void;
  expression(scope: Declared, value: ExpressionSyntax, wanted?: TypeSyntax, module?: string): void;
}

/** A type with the file that it is written in. */
export interface WrittenType {
  readonly type: TypeSyntax;
  readonly module: string;
}

/** Finds what the names in the flows of a pipeline mean: boxes, their ports, and fields of what they carry. */
export class FlowNames {
  readonly #file: ParsedFile;
  readonly #names: Names;
  readonly #visitor: FlowVisitor;

  constructor(file: ParsedFile, names: Names, visitor: FlowVisitor) {
    this.#file = file;
    this.#names = names;
    this.#visitor = visitor;
  }

  pipeline(declared: Declared<PipelineSyntax>): void {
    for (const member of declared.syntax.members) {
      if (member.kind === "Flow") this.#flow(declared, member);
      else if (member.kind === "Budget") this.#budget(declared, member);
    }
  }

  #flow(scope: Declared, { source, hops }: FlowSyntax): void {
    this.#step(scope, source, "out", undefined);
    this.#hops(scope, hops, carried(scope, source, this.#names, this.#file));
  }

  #hops(scope: Declared, hops: readonly HopSyntax[], carries: WrittenType | undefined): void {
    let before = carries;
    for (const { step } of hops) {
      if (step === undefined) continue;
      this.#step(scope, step, "in", before);
      before = carried(scope, step, this.#names, this.#file);
    }
  }

  /** @param carries what comes to the step */
  #step(scope: Declared, step: StepSyntax, direction: "in" | "out", carries: WrittenType | undefined): void {
    switch (step.kind) {
      case "Endpoint": {
        const box = this.#own(scope, step.target);
        const declared = box && declaredOf(box, this.#names, this.#file);
        if (declared !== undefined) this.#port(declared, step.port);
        break;
      }
      case "Inline": {
        this.#visitor.instance(scope, step.instance);
        const declared = this.#names.find(this.#file, step.instance.callee.text)?.declared;
        if (declared !== undefined) this.#port(declared, step.port);
        break;
      }
      case "Group":
        for (const { source, hops } of step.branches) {
          this.#step(scope, source, direction, carries);
          this.#hops(scope, hops, carried(scope, source, this.#names, this.#file));
        }
        break;
      case "Any":
        this.#fields(step.field, carries);
        if (step.group !== undefined) this.#step(scope, step.group, direction, carries);
        break;
      case "First":
        for (const { value } of step.arguments) if (value !== undefined) this.#visitor.expression(scope, value);
        if (step.group !== undefined) this.#step(scope, step.group, direction, carries);
        break;
      case "Route": {
        const field = this.#fields(step.field, carries);
        for (const { match, hops } of step.cases) {
          if (match !== undefined) this.#visitor.expression(scope, match, field?.type, field?.module);
          this.#hops(scope, hops, carries);
        }
        break;
      }
      case "Flush":
        this.#own(scope, step.target);
        break;
      default:
        step satisfies never;
    }
  }

  #budget(scope: Declared, { from, to }: BudgetSyntax): void {
    for (const one of [from, to]) {
      const box = one && this.#own(scope, one.target);
      const declared = box && declaredOf(box, this.#names, this.#file);
      if (declared !== undefined && one !== undefined) this.#port(declared, one.port);
    }
  }

  /** A name of the pipeline itself: a port, a `let`, a remote. */
  #own(scope: Declared, name: NameSyntax): Meaning | undefined {
    const meaning = this.#names.member(scope, name.text);
    if (meaning === undefined || !["port", "let", "remote"].includes(meaning.kind)) return undefined;
    this.#visitor.refer(name, meaning);
    return meaning;
  }

  #port(declared: Declared, name: NameSyntax | undefined): void {
    const meaning = name && this.#names.member(declared, name.text);
    if (name !== undefined && meaning?.kind === "port") this.#visitor.refer(name, meaning);
  }

  /** Fields of a record, one inside the other. @returns the type of the last */
  #fields(path: readonly NameSyntax[], carries: WrittenType | undefined): WrittenType | undefined {
    let type = carries;
    for (const name of path) {
      const field = type && fieldsOf(type, this.#names).find((one) => one.name === name.text);
      if (field === undefined) return undefined;
      this.#visitor.refer(name, field);
      type = typeOfField(field);
    }
    return type;
  }
}

/** The node, pipeline or interface behind a `let` or a remote. */
export function declaredOf(box: Meaning, names: Names, file: ParsedFile): Declared | undefined {
  const { syntax } = box;
  const name =
    syntax.kind === "Let" ? syntax.value?.callee.text : syntax.kind === "Remote" ? syntax.interface?.text : undefined;
  return name === undefined ? undefined : names.find(file, name)?.declared;
}

/** The type of what comes out of a step, as it is written; undefined where that is not clear. */
export function carried(scope: Declared, step: StepSyntax, names: Names, file: ParsedFile): WrittenType | undefined {
  switch (step.kind) {
    case "Endpoint": {
      const box = names.member(scope, step.target.text);
      if (box?.syntax.kind === "Port") return typeOfPort(box);
      const declared = box && declaredOf(box, names, file);
      return declared && outputType(declared, step.port?.text, names);
    }
    case "Inline": {
      const declared = names.find(file, step.instance.callee.text)?.declared;
      return declared && outputType(declared, step.port?.text, names);
    }
    case "Group": {
      const [first] = step.branches;
      const last = first && (first.hops.length === 0 ? first.source : first.hops.at(-1)?.step);
      return last && carried(scope, last, names, file);
    }
    default:
      return undefined;
  }
}

function typeOfPort({ syntax, module }: Meaning): WrittenType | undefined {
  return syntax.kind === "Port" && syntax.type !== undefined ? { type: syntax.type, module } : undefined;
}

function outputType(declared: Declared, port: string | undefined, names: Names): WrittenType | undefined {
  const found = port === undefined ? defaultPortOf(declared, "out", names) : names.member(declared, port);
  return found && typeOfPort(found);
}

/** The port that is meant where none is named: the only one that is neither a signal nor optional, or the sole one. */
export function defaultPortOf(declared: Declared, direction: "in" | "out", names: Names): Meaning | undefined {
  const all = portsOf(declared, direction, names);
  const plain = all.filter(({ syntax }) => {
    const { type } = syntax as PortSyntax;
    return type?.kind !== "OptionalType" && !(type?.kind === "NamedType" && type.name.text === "signal");
  });
  if (plain.length > 0) return plain.length === 1 ? plain[0] : undefined;
  return all.length === 1 ? all[0] : undefined;
}

export function portsOf(declared: Declared, direction: "in" | "out", names: Names): Meaning[] {
  return names
    .members(declared)
    .filter(({ kind, syntax }) => kind === "port" && syntax.kind === "Port" && syntax.direction === direction);
}

/** The fields of the record that a type names, optional or not. */
export function fieldsOf({ type, module }: WrittenType, names: Names): readonly Meaning[] {
  if (type.kind === "OptionalType") return fieldsOf({ type: type.element, module }, names);
  const file = type.kind === "NamedType" ? names.file(module) : undefined;
  const declared = type.kind === "NamedType" && file ? names.find(file, type.name.text)?.declared : undefined;
  return declared?.syntax.kind === "Record" ? names.members(declared) : [];
}

function typeOfField({ syntax, module }: Meaning): WrittenType | undefined {
  return syntax.kind === "Field" && syntax.type !== undefined ? { type: syntax.type, module } : undefined;
}
