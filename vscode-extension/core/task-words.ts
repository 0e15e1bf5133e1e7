/** What a task of the type `mesh` may do. */
export const taskCommands = ["check", "build", "watch"] as const;
export type TaskCommand = (typeof taskCommands)[number];

export interface MeshTask {
  readonly command: TaskCommand;
  /** The program; left out, what `mesh.config.ts` names. */
  readonly file?: string;
}

/** The words after `meshc`, and the matcher that reads what it prints. */
export function taskWords({ command, file }: MeshTask): { readonly words: string[]; readonly matcher: string } {
  const files = file === undefined ? [] : [file];
  return command === "watch"
    ? { words: ["check", ...files, "--watch"], matcher: "$meshc-watch" }
    : { words: [command, ...files], matcher: "$meshc" };
}

/** A task as a user has written it in tasks.json; undefined for what is none. */
export function readTask(definition: Readonly<Record<string, unknown>>): MeshTask | undefined {
  const { command, file } = definition;
  const known = taskCommands.find((one) => one === command);
  if (known === undefined) return undefined;
  return typeof file === "string" && file !== "" ? { command: known, file } : { command: known };
}
