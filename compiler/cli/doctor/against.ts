import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "../../../grammar/index.ts";
import type { PipelineDescription } from "../../../runtime/interface/description.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { differencesOf } from "../../pull/drift.ts";
import { interfaceText } from "../../pull/interface-text.ts";
import { lockOf } from "../../pull/lock.ts";
import { environmentError, usageError } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { shownPath } from "../sources.ts";
import { failed, fine, type Finding } from "./finding.ts";

/** An interface in a file, as a pipeline is to have it. */
export interface Expected {
  readonly shown: string;
  readonly name: string;
  readonly text: string;
}

/** @throws {CommandError} when there is no such file, or no interface in it */
export function readAgainst(file: string, io: Io): Expected {
  const path = resolve(io.cwd, file);
  const shown = shownPath(path, io.cwd);
  let whole: string;
  try {
    whole = readFileSync(path, "utf8");
  } catch (error) {
    throw environmentError(
      `${shown} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      "Name a file that `meshc pull` has written.",
    );
  }
  const text = lockOf(whole)?.body ?? whole;
  const [first] = parse(text).file.declarations;
  if (first?.kind === "Interface") return { shown, name: first.name.text, text };
  throw usageError(`${shown} does not begin with an interface.`, "Name a file that `meshc pull` has written.");
}

/** What the pipeline takes and gives otherwise. */
export function against(described: PipelineDescription, { shown, name, text }: Expected): Finding {
  const differences = differencesOf(text, interfaceText(described, name));
  if (differences.length === 0) return fine("interface", `is that of ${shown}`);
  const more = differences.map(({ message }) => message).join("\n");
  const error = new MeshError("format-mismatch", `The pipeline is not as ${shown} has it:\n${more}`);
  return failed("interface", error, "Pull it again with `meshc pull`, and check the program against it.");
}
