import type { Command } from "./command.ts";
import { exitCode } from "./exit-code.ts";

const shells = ["bash", "zsh", "fish"] as const;

export const completionCommand: Command = {
  name: "completion",
  summary: "Prints what a shell needs to complete commands, options and files",
  usage: "bash|zsh|fish",
  options: [],
  examples: [
    { line: 'eval "$(meshc completion bash)"', does: "for this bash; put it into ~/.bashrc to have it always" },
    { line: 'eval "$(meshc completion zsh)"', does: "the same for zsh, after compinit" },
    { line: "meshc completion fish > ~/.config/fish/completions/meshc.fish", does: "for every fish from then on" },
  ],
  positionals: [1, 1],
  completes: shells,
  async run(args, io) {
    const [given = ""] = args.positionals;
    const [{ commands }, { bash, fish, zsh }, { usageError }] = await Promise.all([
      import("./commands.ts"),
      import("./completion.ts"),
      import("./exit-code.ts"),
    ]);
    const script = { bash, zsh, fish }[given];
    if (script === undefined)
      throw usageError(`There is no completion for \`${given}\`.`, `There is ${shells.join(", ")}.`);
    io.out.write(script(commands));
    return exitCode.fine;
  },
};
