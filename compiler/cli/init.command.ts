import type { Command } from "./command.ts";
import { templates } from "./init/templates.ts";

export const initCommand: Command = {
  name: "init",
  summary: "Writes a project that checks, builds, runs and tests at once",
  usage: "[DIR] [options]",
  details: [
    "Writes into DIR, or into the current folder, which has to be empty: a program, the code of its nodes in TypeScript, a test, package.json with scripts, and settings for editors.",
    `The templates: ${templates.map(({ name, summary }) => `${name} is ${summary}`).join("; ")}.`,
    "In a terminal it asks for what no option says. Ctrl-C leaves nothing behind.",
  ],
  options: [
    {
      name: "template",
      value: "TEMPLATE",
      choices: templates.map(({ name }) => name),
      description: "what to begin with; hello where nobody can be asked",
    },
    { name: "name", value: "NAME", description: "the name in package.json; by default that of the folder" },
  ],
  examples: [
    { line: "meshc init", does: "asks, and writes into the current folder" },
    { line: "meshc init demo --template browser", does: "a page with a pipeline in it, in the folder demo" },
  ],
  positionals: [0, 1],
  completes: "folders",
  async run(args, io) {
    const { initProject } = await import("./init/init-project.ts");
    return initProject({ folder: args.positionals[0], template: args.value("template"), name: args.value("name") }, io);
  },
};
