import type {
  CapSyntax,
  ExpressionSyntax,
  InstanceSyntax,
  NameSyntax,
  ParameterSyntax,
  PeerTargetSyntax,
  RecordSyntax,
  ScenarioSyntax,
  SignatureMemberSyntax,
  TargetValueSyntax,
  TypeSyntax,
} from "../../../grammar/syntax.ts";
import type { NamedDeclaration } from "../../check/program.ts";
import type { ParsedFile } from "../../check/sources.ts";
import { FlowNames } from "./flow-names.ts";
import { isNamed, meaningOf, type Declared, type Meaning, type Occurrence } from "./meaning.ts";
import type { Names } from "./names.ts";

/** All names of a file that mean something, in no certain order. */
export function occurrencesIn(file: ParsedFile, names: Names): readonly Occurrence[] {
  return new Finder(file, names).find();
}

class Finder {
  readonly #file: ParsedFile;
  readonly #names: Names;
  readonly #found: Occurrence[] = [];
  readonly #flows: FlowNames;

  constructor(file: ParsedFile, names: Names) {
    this.#file = file;
    this.#names = names;
    this.#flows = new FlowNames(file, names, {
      refer: (name, meaning) => this.#refer(name, meaning),
      instance: (scope, instance) => this.#instance(scope, instance),
      expression: (scope, value, wanted, module) => this.#expression(scope, value, wanted, module),
      module: file.module,
    });
  }

  find(): readonly Occurrence[] {
    for (const { names } of this.#file.syntax.imports) {
      for (const { name, alias } of names) {
        const found = this.#names.find(this.#file, (alias ?? name).text);
        if (found === undefined) continue;
        const meaning = meaningOf(found.declared);
        this.#found.push({ span: name.span, meaning, role: "import", alias: false });
        if (alias !== undefined) this.#found.push({ span: alias.span, meaning, role: "import", alias: true });
      }
    }
    for (const one of this.#file.syntax.declarations) {
      if (one.kind === "Scenario") this.#scenario(one);
      else if (isNamed(one)) this.#declaration(one);
    }
    return this.#found;
  }

  #declaration(syntax: NamedDeclaration): void {
    const declared: Declared = { module: this.#file.module, syntax };
    const isFirst = this.#names.declarationsOf(this.#file).get(syntax.name.text) === syntax;
    this.#define(meaningOf(declared));
    if (isFirst) for (const one of this.#names.members(declared)) if (hasName(one)) this.#define(one);
    switch (syntax.kind) {
      case "Record":
        this.#record(declared, syntax);
        break;
      case "Interface":
        this.#members(declared, syntax.members);
        break;
      case "Node":
        for (const { bound } of syntax.variables) if (bound !== undefined) this.#cap(declared, bound);
        this.#parameters(declared, syntax.parameters);
        this.#members(declared, syntax.members);
        break;
      case "Pipeline":
        this.#parameters(declared, syntax.parameters);
        this.#top(syntax.conformsTo);
        this.#members(
          declared,
          syntax.members.filter((one): one is SignatureMemberSyntax => !inner.has(one.kind)),
        );
        for (const member of syntax.members) {
          if (member.kind === "Let" && member.value !== undefined) this.#instance(declared, member.value);
          if (member.kind === "Remote") {
            this.#top(member.interface);
            this.#top(member.policy);
            for (const { value } of member.targets) if (value !== undefined) this.#target(declared, value);
          }
        }
        this.#flows.pipeline({ module: this.#file.module, syntax });
        break;
      case "Peer":
        for (const member of syntax.members) if (member.kind === "Runs") this.#instance(declared, member.instance);
        break;
      default:
    }
  }

  #record(declared: Declared, { fields }: RecordSyntax): void {
    for (const { type, defaultValue } of fields) {
      this.#type(declared, type);
      if (defaultValue !== undefined) this.#expression(undefined, defaultValue, type);
    }
  }

  #parameters(declared: Declared, parameters: readonly ParameterSyntax[]): void {
    for (const { type, defaultValue } of parameters) {
      this.#type(declared, type);
      if (defaultValue !== undefined) this.#expression(declared, defaultValue, type);
    }
  }

  #members(declared: Declared, members: readonly SignatureMemberSyntax[]): void {
    for (const member of members) {
      if (member.kind === "Port") this.#type(declared, member.type);
      if (member.kind !== "Requires") continue;
      for (const { alternatives } of member.conditions) {
        for (const one of alternatives) {
          const values = one.kind === "Comparison" ? [one.value] : one.values.map((part) => part.value);
          for (const value of values) if (value !== undefined) this.#expression(declared, value);
        }
      }
    }
  }

  #type(scope: Declared, type: TypeSyntax | undefined): void {
    if (type === undefined) return;
    switch (type.kind) {
      case "NamedType":
        this.#top(type.name);
        for (const cap of type.caps ?? []) this.#cap(scope, cap);
        break;
      case "NarrowedType":
        this.#type(scope, type.base);
        break;
      default:
        this.#type(scope, type.element);
    }
  }

  #cap(scope: Declared, { alternatives }: CapSyntax): void {
    for (const one of alternatives) {
      const parts = one.kind === "Shape" ? one.sides : [one];
      for (const part of parts) {
        if (part.kind !== "Name") continue;
        const meaning = this.#names.member(scope, part.text);
        if (meaning?.kind === "variable" || meaning?.kind === "parameter") this.#refer(part, meaning);
      }
    }
  }

  #instance(scope: Declared | undefined, instance: InstanceSyntax): void {
    const callee = this.#top(instance.callee);
    for (const { name, value } of instance.arguments) {
      const parameter = callee && this.#names.member(callee, name.text);
      const isOne = parameter?.kind === "parameter";
      if (isOne) this.#refer(name, parameter);
      const wanted = isOne && parameter.syntax.kind === "Parameter" ? parameter.syntax.type : undefined;
      if (value !== undefined) this.#expression(scope, value, wanted, callee?.module);
    }
  }

  #target(scope: Declared | undefined, value: TargetValueSyntax): void {
    if (value.kind === "Instance") this.#instance(scope, value);
    else if (value.kind === "PeerTarget") this.#peerTarget(value);
    else if (value.kind === "ServiceTarget") {
      for (const { alternatives } of value.where) {
        for (const one of alternatives) {
          if (one.kind === "Comparison" && one.value !== undefined) this.#expression(scope, one.value);
        }
      }
    }
  }

  /** `gpu.Hearing`: the name that the peer runs it as is most often that of the pipeline itself. */
  #peerTarget({ peer, pipeline }: PeerTargetSyntax): void {
    const found = this.#top(peer);
    if (found?.syntax.kind !== "Peer") return;
    const file = this.#fileOf(found.module);
    for (const member of found.syntax.members) {
      if (member.kind !== "Runs" || (member.as?.value ?? member.instance.callee.text) !== pipeline.text) continue;
      const run = file && this.#names.find(file, member.instance.callee.text);
      if (run !== undefined) this.#refer(pipeline, meaningOf(run.declared));
      return;
    }
  }

  #expression(scope: Declared | undefined, value: ExpressionSyntax, wanted?: TypeSyntax, module?: string): void {
    switch (value.kind) {
      case "Name": {
        const own = scope && this.#names.member(scope, value.text);
        if (own?.kind === "parameter") return this.#refer(value, own);
        const meant = this.#enumValue(value.text, wanted, module ?? this.#file.module);
        if (meant !== undefined) this.#refer(value, meant);
        return;
      }
      case "String": {
        // The word of an enum may stand in quotes, which are no part of its name.
        const meant = this.#enumValue(value.value, wanted, module ?? this.#file.module);
        const { start, end } = value.span;
        if (meant === undefined || end - start !== value.value.length + 2) return;
        this.#found.push({ span: { start: start + 1, end: end - 1 }, meaning: meant, role: "reference", alias: false });
        return;
      }
      case "List":
        for (const item of value.items) {
          this.#expression(scope, item, wanted?.kind === "ListType" ? wanted.element : undefined, module);
        }
        return;
      case "Call":
        for (const one of value.arguments) this.#expression(scope, one);
        return;
      default:
    }
  }

  /** The value of an enum that a word means where that is asked for. @param module where the type is written */
  #enumValue(word: string, type: TypeSyntax | undefined, module: string): Meaning | undefined {
    if (type === undefined) return undefined;
    if (type.kind !== "NamedType") return this.#enumValue(word, "base" in type ? type.base : type.element, module);
    const file = this.#fileOf(module);
    const found = file && this.#names.find(file, type.name.text)?.declared;
    const value = found?.syntax.kind === "Enum" ? this.#names.member(found, word) : undefined;
    return value?.kind === "enumValue" ? value : undefined;
  }

  #scenario(scenario: ScenarioSyntax): void {
    const pipeline = this.#top(scenario.pipeline);
    const port = (name: NameSyntax | undefined): void => {
      const meaning = name && pipeline && this.#names.member(pipeline, name.text);
      if (name !== undefined && meaning !== undefined) this.#refer(name, meaning);
    };
    for (const step of scenario.steps) {
      switch (step.kind) {
        case "AtStep":
          this.#top(step.peer);
          this.#top(step.otherPeer);
          break;
        case "ExpectUses":
          port(step.remote);
          if (step.target?.kind === "Endpoint") this.#top(step.target.target);
          else if (step.target !== undefined) this.#target(undefined, step.target);
          break;
        case "ExpectLatency":
          port(step.from?.target);
          port(step.to?.target);
          break;
        default:
          port(step.port);
      }
    }
  }

  /** A name at the top level. */
  #top(name: NameSyntax | undefined): Declared | undefined {
    const found = name && this.#names.find(this.#file, name.text);
    if (name === undefined || found === undefined) return undefined;
    const { declared, alias } = found;
    this.#found.push({ span: name.span, meaning: meaningOf(declared), role: "reference", alias });
    return declared;
  }

  #define(meaning: Meaning): void {
    this.#found.push({ span: meaning.nameSpan, meaning, role: "definition", alias: false });
  }

  #refer(name: NameSyntax, meaning: Meaning): void {
    this.#found.push({ span: name.span, meaning, role: "reference", alias: false });
  }

  #fileOf(module: string): ParsedFile | undefined {
    return module === this.#file.module ? this.#file : this.#names.file(module);
  }
}

const inner: ReadonlySet<string> = new Set(["Let", "Remote", "Flow", "Budget"]);

/** The word `in` of a port without a name is a keyword like any other. */
function hasName({ syntax }: Meaning): boolean {
  return syntax.kind !== "Port" || syntax.name !== undefined;
}
