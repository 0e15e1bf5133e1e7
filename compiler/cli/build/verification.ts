import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { implementationsOf } from "../../codegen/implementations.ts";
import type { Digest } from "../../codegen/assemble.ts";
import { DeclaredNames } from "../../codegen/declared-names.ts";
import type { Morph } from "../../codegen/morph.ts";
import type { Claim, Verifier } from "../../codegen/verify.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { makeFolder, replaceFile } from "../../host/nodejs.ts";
import { nearestTsConfig } from "../../host/ts-config.ts";
import type { CompiledFile } from "../compile-file.ts";
import { version } from "../version.ts";
import { reachableFrom } from "./code-files.ts";
import { runtimeTypes } from "./runtime-types.ts";
import { textOf } from "./write-all.ts";

/** What was found to be right: the digest of all that a verdict rests on, by module and node. */
type Memory = Readonly<Record<string, string>>;

const lockFiles = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"];

export interface VerificationInit {
  readonly loadMorph: () => Promise<Morph>;
  readonly digest: Digest;
  readonly shown: (path: string) => string;
}

/** Holds the code of nodes against the contracts that were written, and remembers between builds what was right. */
export class Verification {
  readonly #init: VerificationInit;
  readonly #verifiers = new Map<string, Verifier>();

  constructor(init: VerificationInit) {
    this.#init = init;
  }

  /**
   * Verifies the code of the nodes that the file of a program declares.
   * @param module where its module has been written
   * @param unwritten modules that are not on the disk as they should be, by their paths
   */
  async verify(
    compiled: CompiledFile,
    module: string,
    unwritten: ReadonlyMap<string, string> = new Map(),
  ): Promise<Diagnostic[]> {
    const { root } = compiled.project;
    const names = new DeclaredNames(compiled.program.root);
    const claims = implementationsOf(compiled.program.root).flatMap((implementation): Claim[] => {
      const code = resolve(root, implementation.path);
      if (!/\.[cm]?tsx?$/.test(code) || !existsSync(code)) return [];
      const { code: contract, contract: types } = names.node(implementation.symbol);
      return [{ implementation, code, module, contract, types }];
    });
    if (claims.length === 0) return [];
    const place = memoryOf(root);
    const known = place === undefined ? {} : readMemory(place);
    const tsConfig = nearestTsConfig(dirname(module));
    const digests = new Map(claims.map((claim) => [claim, this.#digestOf(claim, root, tsConfig, unwritten)]));
    const open = claims.filter((claim) => known[keyOf(claim)] !== digests.get(claim));
    if (open.length === 0) return [];
    const verifier = await this.#verifierOf(tsConfig);
    const found = verifier.verify(open, unwritten);
    const wrong = new Set(found.map((one) => one.place.span));
    const right = open.filter((claim) => !wrong.has(claim.implementation.span));
    if (place !== undefined && right.length > 0) {
      writeMemory(place, { ...known, ...Object.fromEntries(right.map((one) => [keyOf(one), digests.get(one) ?? ""])) });
    }
    return found;
  }

  async #verifierOf(tsConfig: string | undefined): Promise<Verifier> {
    const known = this.#verifiers.get(tsConfig ?? "");
    if (known !== undefined) return known;
    const { Verifier: Loaded } = await import("../../codegen/verify.ts");
    const morph = await this.#init.loadMorph();
    const verifier = new Loaded({ morph, tsConfig, runtimeTypes: runtimeTypes(), shown: this.#init.shown });
    this.#verifiers.set(tsConfig ?? "", verifier);
    return verifier;
  }

  #digestOf(
    { code, module }: Claim,
    root: string,
    tsConfig: string | undefined,
    unwritten: ReadonlyMap<string, string>,
  ): string {
    const { digest } = this.#init;
    const settings = [tsConfig, ...lockFiles.map((name) => join(root, name))].map((file) =>
      file === undefined ? "" : digest(textOf(file) ?? ""),
    );
    const files = [...reachableFrom(code)].map(([path, text]) => [path, digest(text)]);
    return digest(JSON.stringify([version, settings, digest(unwritten.get(module) ?? textOf(module) ?? ""), files]));
  }
}

function keyOf({ module, implementation }: Claim): string {
  return `${module}#${implementation.symbol.name}`;
}

/** Beside the caches of other tools; nothing is remembered where a project has no installed packages. */
function memoryOf(root: string): string | undefined {
  const packages = join(root, "node_modules");
  return existsSync(packages) ? join(packages, ".cache", "pipeline-mesh", "verified.json") : undefined;
}

function readMemory(file: string): Memory {
  try {
    const data: unknown = JSON.parse(textOf(file) ?? "{}");
    const isMemory =
      typeof data === "object" && data !== null && Object.values(data).every((one) => typeof one === "string");
    return isMemory ? (data as Memory) : {};
  } catch {
    return {};
  }
}

/** What cannot be remembered is verified again. */
function writeMemory(file: string, content: Memory): void {
  try {
    makeFolder(dirname(file));
    replaceFile(file, `${JSON.stringify(content, undefined, 1)}\n`);
  } catch {
    // A cache that cannot be written costs time and nothing else.
  }
}
