import { resolve } from "node:path";
import { isStandard } from "../../check/program.ts";
import { findImplementations } from "../../codegen/implementations.ts";
import { loadMorph } from "../../codegen/morph.ts";
import { findModuleProblems } from "../../codegen/wasm-modules.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { nodejsHost } from "../../host/nodejs.ts";
import { layoutOf, moduleJobOf } from "../build/builder.ts";
import type { OutputLayout } from "../build/layout.ts";
import { digest, PrintingHere } from "../build/printing.ts";
import { rootsOf } from "../build/rounds.ts";
import { settingsOf, type BuildOutput } from "../build/settings.ts";
import { Verification } from "../build/verification.ts";
import { CommandError } from "../exit-code.ts";
import { shownPath } from "../sources.ts";
import { Workspaces } from "../workspaces.ts";

/**
 * Says of the code of nodes what a build says of it, and writes nothing: modules that have not been built, or not since something changed,
 * are printed for TypeScript alone.
 */
export class CodeCheck {
  readonly #printing = new PrintingHere();
  readonly #byRoot = new Map<string, { readonly workspaces: Workspaces; readonly verification: Verification }>();

  /**
   * @param root of the project, absolute
   * @param path of the program in it
   * @returns nothing for a program with errors, whose contracts are not known
   */
  async of(root: string, path: string): Promise<readonly Diagnostic[]> {
    const { workspaces, verification } = this.#toolsOf(root);
    const file = resolve(root, path);
    workspaces.renew([file]);
    workspaces.add(file);
    const compiled = workspaces.compile(file);
    if (compiled.plan === undefined) return [];
    const host = nodejsHost(root);
    const missing = findImplementations([compiled.program.root], host);
    const found = [...missing, ...findModuleProblems(compiled.checked, compiled.program.root, host)];
    if (missing.length > 0) return found;
    const files = [...compiled.program.files.values()]
      .filter(({ module }) => !isStandard(module))
      .map(({ source }) => resolve(root, source.path));
    const output = await outputOf(root);
    const layout = layoutOf(files, rootsOf(output.sources, root), output.out);
    const texts = await this.#unwritten(files, workspaces, layout, output);
    return [...found, ...(await verification.verify(compiled, layout.of(file).module, texts))];
  }

  /** The modules that a build would write now, by their paths. */
  async #unwritten(
    files: readonly string[],
    workspaces: Workspaces,
    layout: OutputLayout,
    { target }: BuildOutput,
  ): Promise<ReadonlyMap<string, string>> {
    const texts = new Map<string, string>();
    for (const file of files) workspaces.add(file);
    for (const file of files) {
      const compiled = { ...workspaces.compile(file), file };
      const { plan } = compiled;
      if (plan === undefined) continue;
      const outputs = layout.of(file);
      const job = moduleJobOf({ compiled, plan, outputs, layout, target });
      if (job === undefined) continue;
      const [module] = await this.#printing.print(job, plan, outputs);
      if (module !== undefined) texts.set(module.path, module.text);
    }
    return texts;
  }

  #toolsOf(root: string): { readonly workspaces: Workspaces; readonly verification: Verification } {
    const known = this.#byRoot.get(root) ?? {
      workspaces: new Workspaces({ cwd: root }),
      verification: new Verification({ loadMorph, digest, shown: (one) => shownPath(one, root) }),
    };
    this.#byRoot.set(root, known);
    return known;
  }
}

/** Where a build writes to first: types are the same wherever they stand. What is wrong with the configuration is told elsewhere. */
async function outputOf(root: string): Promise<BuildOutput & { readonly sources: readonly string[] }> {
  const nothing = { target: "node", out: undefined, sources: [] } as const;
  try {
    const request = { given: [], out: undefined, target: undefined, warningsAsErrors: undefined };
    const { outputs, sources } = await settingsOf(request, root);
    const [first] = outputs;
    return first === undefined ? nothing : { ...first, sources };
  } catch (error) {
    if (error instanceof CommandError) return nothing;
    throw error;
  }
}
