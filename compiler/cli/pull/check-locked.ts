import { resolve } from "node:path";
import { parse } from "../../../grammar/index.ts";
import type { Span } from "../../../grammar/syntax.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { catalog } from "../../diagnostics/catalog.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { HostError } from "../../host/host.ts";
import { differencesOf } from "../../pull/drift.ts";
import { lockOf, type Lock } from "../../pull/lock.ts";
import type { SourceFile } from "../../source/source-file.ts";
import { compileFile } from "../compile-file.ts";
import { CommandError } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { findSources, shownPath } from "../sources.ts";
import { askInterface, checkedUri, hashOf } from "./ask.ts";

/** What the pulled files of some programs say otherwise than the pipelines that they were pulled from. */
export interface Locked {
  /** By the absolute path of the file. */
  readonly found: ReadonlyMap<string, readonly Diagnostic[]>;
  /** Pipelines that could not be asked, and why. */
  readonly failures: readonly Error[];
}

/** Pipelines that are asked at the same time. */
const atOnce = 8;

/** Asks every pipeline from which a file was pulled that one of the programs reads. */
export async function checkLocked(given: readonly string[], io: Io, signal: AbortSignal): Promise<Locked> {
  const waiting = [...pulledFiles(given, io)];
  const found = new Map<string, readonly Diagnostic[]>();
  const failures: Error[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [path, { source, lock }] = next;
      try {
        found.set(path, await driftOf(source, lock, signal));
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof CommandError || error instanceof MeshError)) throw error;
        failures.push(withFile(error, shownPath(path, io.cwd)));
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { found, failures };
}

function withFile(error: CommandError | MeshError, shown: string): Error {
  const message = `${shown} cannot be compared: ${error.message}`;
  return error instanceof CommandError
    ? new CommandError(error.exitCode, message, error.hint)
    : new MeshError(error.code, message, { hint: error.hint });
}

function pulledFiles(given: readonly string[], io: Io): Map<string, { source: SourceFile; lock: Lock }> {
  const pulled = new Map<string, { source: SourceFile; lock: Lock }>();
  for (const file of findSources(given, io.cwd)) {
    try {
      const { program, project } = compileFile(file, io);
      for (const { source } of program.files.values()) {
        const lock = lockOf(source.text);
        if (lock !== undefined) pulled.set(resolve(project.root, source.path), { source, lock });
      }
    } catch (error) {
      // The check itself says which file cannot be read.
      if (!(error instanceof HostError)) throw error;
    }
  }
  return pulled;
}

async function driftOf(source: SourceFile, lock: Lock, signal: AbortSignal): Promise<Diagnostic[]> {
  const uri = checkedUri(lock.uri);
  const [declared] = parse(source.text).file.declarations;
  const name = declared?.kind === "Interface" ? declared.name.text : undefined;
  const fresh = await askInterface(uri, name, signal);
  const edited = hashOf(lock.body) !== lock.hash;
  const differences = differencesOf(lock.body, fresh);
  if (differences.length === 0) return [];
  const again = `meshc pull ${uri}${name === undefined ? "" : ` --as ${name}`} --out ${source.path}`;
  const [first] = differences.flatMap((one) => (one.span === undefined ? [] : [one.span]));
  const span = first === undefined ? headOf(source) : moved(first, lock.bodyStart, source);
  const code = edited ? "MESH3031" : "MESH3030";
  const message = edited
    ? `This interface was edited since it was pulled, and is not that of ${uri}.`
    : `The pipeline at ${uri} has changed since its interface was pulled.`;
  return [
    {
      code,
      severity: catalog[code].severity,
      message,
      place: { source, span },
      notes: differences.map((one) => `${one.message}.`),
      hint: `Pull it again: \`${again}${edited ? " --force" : ""}\`.`,
      related: [],
      fixes: [],
    },
  ];
}

/** The line that says where the file was pulled from. */
function headOf({ text }: SourceFile): Span {
  const end = text.indexOf("\n");
  return { start: 0, end: end === -1 ? text.length : end };
}

/** A place of the body, whose lines end with `\n` alone, in the file. */
function moved({ start, end }: Span, bodyStart: number, { text }: SourceFile): Span {
  const place = (offset: number): number => {
    let at = bodyStart;
    for (let left = offset; left > 0; at += 1) if (!(text[at] === "\r" && text[at + 1] === "\n")) left -= 1;
    return at;
  };
  return { start: place(start), end: place(end) };
}
