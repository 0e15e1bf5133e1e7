import type { Diagnostic as TypeScriptDiagnostic, Node, Project, SourceFile, Type } from "ts-morph";
import { Reporter } from "../check/reporter.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { reportMissingExport, type Implementation } from "./implementations.ts";
import type { Morph } from "./morph.ts";

/** Code of a node that is to be held against the contract that a generated module declares. */
export interface Claim {
  readonly implementation: Implementation;
  /** The file of the code, absolute. */
  readonly code: string;
  /** The generated module that declares the contract, absolute. */
  readonly module: string;
  /** The name of the type in that module which the code has to be of. */
  readonly contract: string;
  /** The name of the type in that module which says what the node is given, takes and sends. */
  readonly types: string;
}

export interface VerifierInit {
  readonly morph: Morph;
  /** The `tsconfig.json` that the code is checked by; undefined where there is none. */
  readonly tsConfig: string | undefined;
  /** Where the types of `pipeline-mesh` are, for projects that it is not installed in. */
  readonly runtimeTypes: string | undefined;
  /** Shows a path in a message. */
  readonly shown: (path: string) => string;
}

/** Lines of a reason that are shown. */
const maxReasonLines = 6;

/** Holds code against contracts by TypeScript's own rules, and keeps what it has read for the next time. */
export class Verifier {
  readonly #init: VerifierInit;
  readonly #project: Project;

  constructor(init: VerifierInit) {
    const { morph, tsConfig, runtimeTypes } = init;
    const { ts: typescript } = morph;
    this.#init = init;
    this.#project = new morph.Project({
      ...(tsConfig !== undefined && { tsConfigFilePath: tsConfig }),
      skipAddingFilesFromTsConfig: true,
      skipFileDependencyResolution: true,
      compilerOptions: {
        ...(tsConfig === undefined && {
          strict: true,
          target: typescript.ScriptTarget.ES2022,
          lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
          module: typescript.ModuleKind.ESNext,
          moduleResolution: typescript.ModuleResolutionKind.Bundler,
        }),
        noEmit: true,
        skipLibCheck: true,
        allowImportingTsExtensions: true,
        allowJs: true,
        checkJs: false,
        // What belongs to how a project is built is not for us to complain of.
        composite: false,
        incremental: false,
        isolatedDeclarations: false,
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
    });
    const options = this.#project.compilerOptions.get();
    if (runtimeTypes !== undefined && !options.paths?.["pipeline-mesh"]) {
      this.#project.compilerOptions.set({ paths: { ...options.paths, "pipeline-mesh": [runtimeTypes] } });
    }
  }

  /**
   * @param unwritten modules that are not on the disk as they should be, by their paths
   * @returns what does not fit, each at the `from` of the node
   */
  verify(claims: readonly Claim[], unwritten: ReadonlyMap<string, string> = new Map()): Diagnostic[] {
    for (const file of this.#project.getSourceFiles()) file.refreshFromFileSystemSync();
    for (const [path, text] of unwritten) this.#project.createSourceFile(path, text, { overwrite: true });
    const reporter = new Reporter();
    const checks = claims.map((claim, index) => ({ claim, file: this.#checkFile(claim, index) }));
    for (const { claim, file } of checks) this.#report(claim, file, reporter);
    for (const { file } of checks) this.#project.removeSourceFile(file);
    return reporter.inOrder([...new Set(claims.map((one) => one.implementation.file.source))]);
  }

  /** A file that is right if and only if the code fits its contract. */
  #checkFile({ implementation, code, module, contract, types }: Claim, index: number): SourceFile {
    const { name } = implementation.symbol;
    const text = [
      `import type { ${contract} as Contract, ${types} as Types } from ${JSON.stringify(module)};`,
      `import { ${name} as code } from ${JSON.stringify(code)};`,
      "export const checked: Contract = code;",
      "export declare const types: Types;",
    ].join("\n");
    return this.#project.createSourceFile(`${module}.check${index}.ts`, text, { overwrite: true });
  }

  #report(claim: Claim, check: SourceFile, reporter: Reporter): void {
    const { implementation, code } = claim;
    const { symbol, file, span, path } = implementation;
    const source = this.#project.getSourceFile(code) ?? this.#project.addSourceFileAtPathIfExists(code);
    if (source === undefined) return;
    const exported = source.getExportedDeclarations();
    const [declaration] = exported.get(symbol.name) ?? [];
    if (declaration === undefined) {
      const names = [...exported.keys()].filter((name) => name !== "default");
      reportMissingExport(implementation, names, reporter);
      return;
    }
    const reason = this.#mismatch(check, declaration);
    if (reason === undefined) return;
    const message = `The code of \`${symbol.name}\` in \`${path}\` does not fit its declaration.`;
    reporter.report("MESH3020", file.source, span, message, {
      label: "declared here",
      notes: [`TypeScript says: ${reason}`],
      hint: `Declare it as \`export const ${symbol.name}: ${claim.contract} = …\` to see the mistake where it is made.`,
    });
  }

  /** Why the code does not fit; undefined where it does. */
  #mismatch(check: SourceFile, declaration: Node): string | undefined {
    const code = check.getVariableDeclarationOrThrow("checked").getInitializerOrThrow().getType();
    const isDefined = ["DefinedNode", "NodeDefinition"].includes(code.compilerType.symbol?.name ?? "");
    // What `defineNode` returns tells nothing of what it was given, so the types that it was given are compared.
    const outside = isDefined
      ? this.#argumentMismatch(check, declaration)
      : check
          .getPreEmitDiagnostics()
          .filter(isError)
          .map((one) => reasonOf(one, this.#init.morph))[0];
    if (outside !== undefined) return outside;
    // Where the code is declared to be what the contract asks for, what is wrong shows in the code itself.
    const file = declaration.getSourceFile();
    const statement = declaration.getFirstAncestor((node) => node.getParent() === file);
    const inside = file
      .getPreEmitDiagnostics()
      .find((one) => isError(one) && statement !== undefined && within(one, statement.getPos(), statement.getEnd()));
    return inside === undefined ? undefined : `${this.#placeOf(inside)}: ${reasonOf(inside, this.#init.morph)}`;
  }

  /** Compares the type argument of `defineNode<…>`: the parameters alone, or the whole contract. */
  #argumentMismatch(check: SourceFile, declaration: Node): string | undefined {
    const call = declaration.getFirstDescendantByKind(this.#init.morph.SyntaxKind.CallExpression);
    const [argument] = call?.getTypeArguments() ?? [];
    if (argument === undefined) return undefined;
    const checker = this.#project.getTypeChecker().compilerObject;
    const wanted = check.getVariableDeclarationOrThrow("types").getType();
    const given = argument.getType();
    const part = (type: Type, name: string): Type | undefined => type.getProperty(name)?.getTypeAtLocation(check);
    const isWhole = ["params", "inputs", "outputs"].every((name) => given.getProperty(name) !== undefined);
    const pairs = isWhole
      ? (["params", "inputs", "outputs"] as const).map((name) => [name, part(wanted, name), part(given, name)] as const)
      : [["params", part(wanted, "params"), given] as const];
    for (const [name, declared, taken] of pairs) {
      if (declared === undefined || taken === undefined) continue;
      // What comes in has to fit what the code takes, and what it sends what the program declares.
      const [from, to] = name === "outputs" ? [taken, declared] : [declared, taken];
      if (checker.isTypeAssignableTo(from.compilerType, to.compilerType)) continue;
      const words = { params: "parameters", inputs: "inputs", outputs: "outputs" }[name];
      const [own, other] = [taken, declared].map((type) => type.getText(check).replace(/import\("[^"]*"\)\./g, ""));
      return `the ${words} of the code are \`${own}\`, those of the node \`${other}\`.`;
    }
    return undefined;
  }

  #placeOf(diagnostic: TypeScriptDiagnostic): string {
    const file = diagnostic.getSourceFile();
    const line = diagnostic.getLineNumber();
    return file === undefined ? "" : `${this.#init.shown(file.getFilePath())}${line === undefined ? "" : `:${line}`}`;
  }
}

function isError(diagnostic: TypeScriptDiagnostic): boolean {
  // DiagnosticCategory.Error of TypeScript.
  return Number(diagnostic.getCategory()) === 1;
}

function within(diagnostic: TypeScriptDiagnostic, start: number, end: number): boolean {
  const at = diagnostic.getStart() ?? -1;
  return at >= start && at < end;
}

/** The chain of reasons that TypeScript gives, from what does not fit down to why. */
function reasonOf(diagnostic: TypeScriptDiagnostic, morph: Morph): string {
  const text = morph.ts.flattenDiagnosticMessageText(diagnostic.compilerObject.messageText, "\n");
  const lines = text.split("\n").map((line) => line.trim());
  if (lines.length <= maxReasonLines) return lines.join(" ");
  // The first line says what, the last ones why.
  return [lines[0], "…", ...lines.slice(1 - maxReasonLines)].join(" ");
}
