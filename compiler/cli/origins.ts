import type { Arguments } from "./command.ts";
import { usageError } from "./exit-code.ts";

/** The option that lets in pages from elsewhere. */
export const allowOrigin = {
  name: "allow-origin",
  value: "ORIGIN",
  repeated: true,
} as const;

/** What `--allow-origin` names, as browsers write it. @throws {CommandError} with exit code 2 */
export function originsOf(args: Pick<Arguments, "values">): readonly string[] {
  return args.values(allowOrigin.name).map((given) => {
    if (given === "*") return given;
    const { origin } = URL.canParse(given) ? new URL(given) : { origin: "null" };
    // A page tells its origin without a path, so that one would fit none.
    if (origin !== "null" && [origin, `${origin}/`].includes(given.toLowerCase())) return origin;
    throw usageError(
      `\`--${allowOrigin.name} ${given}\` is no origin.`,
      "Write the scheme, the host and, where it is not the usual one, the port, as in `https://app.example.com`; `*` stands for all.",
    );
  });
}
