import { basename, resolve } from "node:path";
import { suggest } from "../../diagnostics/suggest.ts";
import { environmentError, exitCode, usageError, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { shownPath } from "../sources.ts";
import { version } from "../version.ts";
import { terminalQuestions, type Questions } from "./questions.ts";
import { templateFiles } from "./template-files.ts";
import { templates } from "./templates.ts";
import { obstacleIn, writeProject } from "./write-project.ts";

/** What was given on the command line. */
export interface InitRequest {
  readonly folder: string | undefined;
  readonly template: string | undefined;
  readonly name: string | undefined;
}

interface Choice {
  readonly template: string;
  readonly name: string;
}

/** What npm takes as the name of a package. */
const packageName = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const maxNameLength = 214;

/** Writes a project into an empty folder, all of it or nothing. */
export async function initProject(
  request: InitRequest,
  io: Io,
  questions: Questions | undefined = terminalQuestions(),
): Promise<ExitCode> {
  try {
    const folder = resolve(io.cwd, request.folder ?? ".");
    const shown = shownPath(folder, io.cwd);
    const where = shown === "." ? "This folder" : shown;
    const obstacle = obstacleIn(folder);
    if (obstacle !== undefined) {
      throw environmentError(
        `${where} is not empty: ${obstacle}.`,
        "A project is written to a new folder: `meshc init NAME` makes one.",
      );
    }
    const { name } = request;
    if (name !== undefined && refusal(name) !== undefined) throw usageError(refusal(name) ?? "", nameHint(name));
    const choice = await choose(request, nameOf(folder), io, questions);
    if (choice === undefined) {
      io.err.write("\nNothing has been written.\n");
      return exitCode.interrupted;
    }
    const files = templateFiles(choice.template, { name: choice.name, version });
    writeProject(folder, files, where);
    io.out.write(farewell(choice, files.length, shown, io));
    return exitCode.fine;
  } finally {
    questions?.close();
  }
}

/** @returns undefined when the person has had enough */
async function choose(
  { template, name }: InitRequest,
  byDefault: string,
  io: Io,
  questions: Questions | undefined,
): Promise<Choice | undefined> {
  const [first] = templates;
  if (questions === undefined || (template !== undefined && name !== undefined)) {
    return { template: template ?? first?.name ?? "", name: name ?? byDefault };
  }
  const chosen = template ?? (await askTemplate(io, questions));
  const called = chosen === undefined ? undefined : (name ?? (await askName(byDefault, io, questions)));
  return chosen === undefined || called === undefined ? undefined : { template: chosen, name: called };
}

async function askTemplate(io: Io, questions: Questions): Promise<string | undefined> {
  const width = Math.max(...templates.map(({ name }) => name.length));
  for (const [index, { name, summary }] of templates.entries()) {
    io.out.write(`  ${index + 1}  ${io.out.style.bold(name.padEnd(width))}  ${summary}\n`);
  }
  for (;;) {
    const answer = await questions.ask("Which template? (1) ");
    if (answer === undefined) return undefined;
    const found = templates.find(({ name }, index) => answer === name || answer === String(index + 1));
    if (answer === "" || found !== undefined) return (found ?? templates[0])?.name;
    const near = suggest(
      answer,
      templates.map(({ name }) => name),
    );
    const help =
      near === undefined ? `Give a number from 1 to ${templates.length}, or a name.` : `Did you mean ${near}?`;
    io.out.write(`There is no template \`${answer}\`. ${help}\n`);
  }
}

async function askName(byDefault: string, io: Io, questions: Questions): Promise<string | undefined> {
  for (;;) {
    const answer = await questions.ask(`What is it called? (${byDefault}) `);
    if (answer === undefined) return undefined;
    const name = answer === "" ? byDefault : answer;
    const reason = refusal(name);
    if (reason === undefined) return name;
    io.out.write(`${reason} ${nameHint(name)}\n`);
  }
}

function refusal(name: string): string | undefined {
  if (packageName.test(name) && name.length <= maxNameLength) return undefined;
  return `\`${name}\` cannot be the name of a package.`;
}

function nameHint(name: string): string {
  const near = tidied(name);
  return `It takes small letters, digits, \`-\`, \`_\` and \`.\`${near === "" ? "" : `, such as \`${near}\``}.`;
}

/** The folder's name as npm takes it. */
function nameOf(folder: string): string {
  return tidied(basename(folder)) || "my-mesh";
}

function tidied(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[-._]+|[-._]+$/g, "")
    .slice(0, maxNameLength);
}

function farewell({ template, name }: Choice, count: number, shown: string, { out }: Io): string {
  const steps = [
    ...(shown === "." ? [] : [`cd ${/[^\w./@-]/.test(shown) ? `'${shown}'` : shown}`]),
    "npm install",
    "npm start",
  ];
  return [
    `${out.style.good(name)}: ${count} files written, from the template ${template}.`,
    "",
    ...steps.map((step) => `  ${step}`),
    "",
    `README.md tells the rest.`,
    "",
  ].join("\n");
}
