/**
 * PocketSphinx (https://github.com/cmusphinx/pocketsphinx), the library and the model that Debian packages, called
 * through the package koffi on a thread of each recogniser's own.
 */
import { MeshError } from "../../runtime/interface/errors.ts";
import { toIntegers } from "../audio/pcm.ts";
import { missingPackage } from "../common/assets.ts";
import { resolvePackage } from "../common/assets.nodejs.ts";
import { Thread, type ThreadProgram } from "../common/thread.ts";
import {
  type PocketSphinxAnswer,
  type PocketSphinxFailure,
  type PocketSphinxInit,
  type PocketSphinxRequest,
  runPocketSphinx,
} from "./pocketsphinx-program.nodejs.ts";
import type { Heard, Recogniser } from "./recogniser.ts";

// Asked for by name for the same reason as in assets.nodejs.ts.
const { existsSync } = process.getBuiltinModule("node:fs");
const { join } = process.getBuiltinModule("node:path");

/** Environment variables, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The library in place of the installed one: a path, or a name that the system's loader knows. */
export const libraryVariable = "MESH_POCKETSPHINX_LIBRARY";

const systemPackages = ["libpocketsphinx3", "pocketsphinx-en-us"];
const need = { node: "Recognise", packages: ["koffi"] };
const libraryNames = ["libpocketsphinx.so.3", "libpocketsphinx.3.dylib"];
const modelFolders = ["/usr/share/pocketsphinx/model", "/usr/local/share/pocketsphinx/model"];

type PocketSphinxThread = Thread<PocketSphinxRequest, PocketSphinxAnswer>;
export type PocketSphinxProgram = ThreadProgram<PocketSphinxInit, PocketSphinxRequest, PocketSphinxAnswer>;

/**
 * Loads a model.
 * @param model a folder of models, such as `en-us`
 * @throws {MeshError} `dependency-missing` with the command that installs what is missing; `invalid-argument`
 */
export async function openPocketSphinx(
  model: string,
  env: Environment = process.env,
  program: PocketSphinxProgram = runPocketSphinx,
): Promise<Recogniser> {
  const init: PocketSphinxInit = {
    koffi: findKoffi(),
    libraries: env[libraryVariable] ? [env[libraryVariable]] : libraryNames,
    options: modelOptions(model),
  };
  const start = async (): Promise<PocketSphinxThread> => {
    const thread: PocketSphinxThread = await Thread.start(program, init);
    const answer = await thread.call({ do: "load" });
    if (answer === undefined || !("failed" in answer)) return thread;
    thread.close();
    throw failureOf(answer, model);
  };
  return new PocketSphinx(await start(), start);
}

function findKoffi(): string {
  try {
    return resolvePackage("koffi");
  } catch (error) {
    throw missingPackage("koffi", need, error);
  }
}

function modelOptions(model: string): string[] {
  if (!/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/.test(model)) {
    throw new MeshError("invalid-argument", `${JSON.stringify(model)} is not the name of a model`, {
      hint: "Models are named by their language, such as en-us.",
    });
  }
  for (const folder of modelFolders) {
    const at = join(folder, model);
    const files = { hmm: join(at, model), lm: join(at, `${model}.lm.bin`), dict: join(at, `cmudict-${model}.dict`) };
    if (Object.values(files).every((file) => existsSync(file))) {
      return Object.entries(files).flatMap(([name, file]) => [`-${name}`, file]);
    }
  }
  throw failureOf({ failed: "model", reason: `it is not in ${modelFolders.join(" or ")}` }, model);
}

function failureOf({ failed, reason }: PocketSphinxFailure, model: string): MeshError {
  if (failed === "koffi") return missingPackage("koffi", need, new Error(reason));
  const what = failed === "library" ? "the library PocketSphinx" : `the model ${model} of PocketSphinx`;
  return new MeshError("dependency-missing", `Recognise needs ${what}, which could not be loaded`, {
    cause: new Error(reason),
    hint: `Install it with \`apt-get install ${systemPackages.join(" ")}\`.`,
  });
}

class PocketSphinx implements Recogniser {
  readonly #restart: () => Promise<PocketSphinxThread>;
  #thread: PocketSphinxThread;

  constructor(thread: PocketSphinxThread, restart: () => Promise<PocketSphinxThread>) {
    this.#thread = thread;
    this.#restart = restart;
  }

  async start(): Promise<void> {
    if (!this.#thread.alive) this.#thread = await this.#restart();
    await this.#thread.call({ do: "start" });
  }

  async hear(samples: Float32Array): Promise<void> {
    await this.#thread.call({ do: "process", samples: toIntegers(samples) });
  }

  async finish(): Promise<Heard> {
    const answer = await this.#thread.call({ do: "finish" });
    if (answer === undefined || !("text" in answer)) throw new MeshError("internal", "PocketSphinx gave no answer");
    const { text, words } = answer;
    const sum = words.reduce((total, one) => total + one, 0);
    return { text, confidence: words.length === 0 ? 0 : Math.min(1, sum / words.length) };
  }

  async release(): Promise<void> {
    // What the library holds is not freed by the end of a thread.
    if (this.#thread.alive) await this.#thread.call({ do: "free" }).catch(() => undefined);
    this.#thread.close();
  }
}
