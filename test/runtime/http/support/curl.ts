import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";

/** Why curl cannot be run; undefined where it can. */
export const noCurl = spawnSync("curl", ["--version"]).status === 0 ? undefined : "there is no `curl`";
if (noCurl !== undefined) console.warn(`Skipping what curl does: ${noCurl}; install it with \`apt-get install curl\`.`);

export interface Answered {
  /** Of curl: 0 when it has its answer. */
  readonly code: number | null;
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Asks as a user does. */
export async function curl(...args: readonly string[]): Promise<Answered> {
  const child = started(...args, "--include");
  child.stdin.end();
  return answered(child);
}

/** The same with a body that is written bit by bit: of `-T .` curl reads as much as there is, and its answer meanwhile. */
export function started(...args: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn("curl", ["--silent", "--no-buffer", "--max-time", "20", ...args]);
}

export async function answered(child: ChildProcessWithoutNullStreams): Promise<Answered> {
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  let rest = text.replaceAll("\r\n", "\n");
  // What comes before the answer, such as `100 Continue`, has no body.
  while (/^HTTP\/1.1 1\d\d/.test(rest)) rest = rest.slice(rest.indexOf("\n\n") + 2);
  const [head = "", ...body] = rest.split("\n\n");
  const [first = "", ...lines] = head.split("\n");
  const headers = lines.map((line): [string, string] => {
    const at = line.indexOf(":");
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
  });
  return {
    code,
    status: Number(/^HTTP\/1.1 (\d+)/.exec(first)?.[1]),
    headers: Object.fromEntries(headers),
    body: body.join("\n\n"),
  };
}
