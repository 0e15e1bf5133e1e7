import type { OptionalKind, PropertySignatureStructure, StatementStructures } from "ts-morph";
import type { NodePlan } from "../../runtime/interface/plan.ts";
import { isStandard, type DeclarationSymbol } from "../check/program.ts";
import { isWasmPath } from "../check/wasm-shape.ts";
import { docs } from "./docs.ts";
import type { ModuleScope } from "./scope.ts";
import { propertyKey, stringLiteral } from "./text.ts";
import { structureKind } from "./structure-kind.ts";

/** One node that pipelines of the plan use, however often. */
interface UsedNode {
  /** By which the runtime finds its code: its name, with module and export where two share one. */
  readonly key: string;
  readonly plan: NodePlan;
  /** The keys of the pipelines that it stands in. */
  readonly pipelines: Set<string>;
  /** Where it is declared; undefined for what is not in the program's own files. */
  symbol: DeclarationSymbol | undefined;
  /** Put in by the compiler only. */
  inserted: boolean;
  /** Some instance runs on a thread of its own. */
  onThread: boolean;
  /** Some instance does not. */
  inline: boolean;
}

/** What the options of a launch say about nodes. */
export interface GivenNodes {
  readonly properties: OptionalKind<PropertySignatureStructure>[];
  /** True when the code of some node has to be given. */
  readonly required: boolean;
}

/** The nodes of a program, and where their code comes from. */
export class NodeSet {
  readonly #scope: ModuleScope;
  readonly #used: readonly UsedNode[];
  readonly #interface: string;
  #urlName: string | undefined;

  constructor(scope: ModuleScope) {
    this.#scope = scope;
    this.#used = usedNodes(scope);
    this.#interface = this.#open.length === 0 ? "" : scope.declared.names.take("Nodes");
  }

  /** Those whose code may be given at launch: all but what the compiler put in. */
  get #open(): readonly UsedNode[] {
    return this.#used.filter((one) => !one.inserted);
  }

  /** The interface of the code that may be given at launch; none where the program has no nodes. */
  statements(): StatementStructures[] {
    if (this.#open.length === 0) return [];
    return [
      {
        kind: structureKind.Interface,
        name: this.#interface,
        isExported: true,
        properties: this.#open.map((one) => ({
          name: propertyKey(one.key).replace(/^\[|\]$/g, ""),
          isReadonly: true,
          type: this.#contractOf(one),
        })),
        ...docs("The code of the nodes. What is given at launch takes the place of what the program names."),
      },
    ];
  }

  /** What has to be given and what may be given to whom runs these pipelines. */
  givenTo(pipelines: Iterable<string>): GivenNodes {
    if (this.#open.length === 0) return { properties: [], required: false };
    const reached = this.#reachedFrom(pipelines);
    const abstract = this.#open.filter(
      (one) => one.plan.implementation === undefined && [...one.pipelines].some((key) => reached.has(key)),
    );
    const required = abstract.length > 0;
    const keys = abstract.map((one) => stringLiteral(one.key)).join(" | ");
    const all = `Partial<${this.#interface}>`;
    return {
      properties: [
        {
          name: "nodes",
          isReadonly: true,
          hasQuestionToken: !required,
          type: required ? `Pick<${this.#interface}, ${keys}> & ${all}` : `${all} | undefined`,
        },
      ],
      required,
    };
  }

  /** `{ Answer, Vad }`: the code by key, imported from where the program says. */
  tableText(): string {
    return table(
      this.#used.flatMap((one) => {
        const { implementation } = one.plan;
        if (implementation === undefined || !one.inline) return [];
        const { module, export: name } = implementation;
        const from = this.#from(module);
        const key = propertyKey(one.key);
        if (isWasmPath(module)) return [`${key}: ${this.#scope.value("wasmNode")}(${this.#addressOf(from)})`];
        const local = this.#scope.import(from, name, false, `${name}Code`);
        return [key === local ? key : `${key}: ${local}`];
      }),
    );
  }

  /** The code of instances on threads, by key: not imported here, but by its address there. Undefined where there are none. */
  workersText(): string | undefined {
    const entries = this.#used.flatMap((one) => {
      const { implementation } = one.plan;
      if (implementation === undefined || !one.onThread) return [];
      const { module, export: name } = implementation;
      const from = this.#from(module);
      const given = isStandard(module)
        ? [`import.meta.resolve(${stringLiteral(from)})`, stringLiteral(name)]
        : [this.#addressOf(from), stringLiteral(name), "import.meta.url"];
      return [`${propertyKey(one.key)}: ${this.#scope.value("workerNode")}(${given.join(", ")})`];
    });
    return entries.length === 0 ? undefined : table(entries);
  }

  /** Where the code of an implementation is imported from. */
  #from(module: string): string {
    return isStandard(module) ? "pipeline-mesh/stdlib" : this.#scope.input.layout.implementation(module);
  }

  /** Written out at the place where it is used: this is how bundlers find the files that they have to take along. */
  #addressOf(from: string): string {
    return `new ${this.#url}(${stringLiteral(from.replace(/[%?#\\]/g, encodeURIComponent))}, import.meta.url)`;
  }

  /** The class of addresses, by a name that nothing in the module hides. */
  get #url(): string {
    this.#urlName ??= this.#scope.declared.names.take("URL") === "URL" ? "URL" : "globalThis.URL";
    return this.#urlName;
  }

  #contractOf({ symbol }: UsedNode): string {
    const scope = this.#scope;
    if (symbol === undefined || isStandard(symbol.file.module)) return scope.type("AnyNode");
    if (symbol.file === scope.file) return scope.declared.node(symbol).code;
    const { code } = scope.otherNames(symbol.file).node(symbol);
    return scope.import(scope.input.layout.module(symbol.file.source.path), code, true, `Imported${code}`);
  }

  /** These pipelines, and those that their remotes fall back to here. */
  #reachedFrom(pipelines: Iterable<string>): Set<string> {
    const found = new Set<string>();
    const visit = (key: string): void => {
      if (found.has(key)) return;
      found.add(key);
      for (const remote of this.#scope.input.plan.pipelines[key]?.remotes ?? []) {
        for (const target of remote.targets) if (target.kind === "local") visit(target.pipeline);
      }
    };
    for (const key of pipelines) visit(key);
    return found;
  }
}

function usedNodes(scope: ModuleScope): UsedNode[] {
  const used = new Map<string, UsedNode>();
  const { plan } = scope.input;
  for (const [key, pipeline] of Object.entries(plan.pipelines)) {
    for (const node of pipeline.nodes) {
      const id = idOf(node);
      const known = used.get(id);
      if (known === undefined) {
        const symbol = declarationOf(node, scope);
        used.set(id, {
          key: node.node,
          plan: node,
          pipelines: new Set([key]),
          symbol,
          inserted: node.inserted === true,
          onThread: isOnThread(node),
          inline: !isOnThread(node),
        });
      } else {
        if (isOnThread(node)) known.onThread = true;
        else known.inline = true;
        known.pipelines.add(key);
        if (node.inserted !== true) known.inserted = false;
      }
    }
  }
  const all = [...used.values()];
  return all
    .map((one) => {
      const isShared = all.some((other) => other !== one && other.plan.node === one.plan.node);
      return isShared && one.plan.implementation !== undefined ? { ...one, key: idOf(one.plan) } : one;
    })
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** WebAssembly is called where the pipeline runs, which needs no module of code. */
function isOnThread({ run, implementation }: NodePlan): boolean {
  return run?.worker === true && !isWasmPath(implementation?.module ?? "");
}

function table(entries: readonly string[]): string {
  if (entries.length === 0) return "{}";
  const flat = `{ ${entries.join(", ")} }`;
  return flat.length < 80 ? flat : `{\n${entries.map((one) => `    ${one},\n`).join("")}  }`;
}

function idOf({ implementation, node }: NodePlan): string {
  return implementation === undefined ? node : `${implementation.module}#${implementation.export}`;
}

/** The declaration of a node of the plan: the one of its name whose code is the same. */
function declarationOf(node: NodePlan, scope: ModuleScope): DeclarationSymbol | undefined {
  const candidates = [...scope.input.checked.program.files.values()].flatMap((file) => {
    const symbol = file.declarations.get(node.node);
    return symbol?.syntax.kind === "Node" ? [symbol] : [];
  });
  const { implementation } = node;
  return (
    candidates.find((symbol) =>
      implementation === undefined
        ? symbol.syntax.kind === "Node" && !symbol.syntax.members.some((one) => one.kind === "From")
        : isStandard(implementation.module)
          ? symbol.file.module === implementation.module
          : !isStandard(symbol.file.module) && scope.implementationOf(symbol) === implementation.module,
    ) ?? candidates[0]
  );
}
