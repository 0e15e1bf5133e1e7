/** What is to be run, as the user has chosen it. */
export interface RunRequest {
  /** The program, absolute or relative to where it is run. */
  readonly file: string;
  /** Only this peer. */
  readonly peer?: string | undefined;
  /** A session is opened with this pipeline. */
  readonly pipeline?: string | undefined;
  /** Files by port. */
  readonly inputs?: ReadonlyMap<string, string>;
  readonly outputs?: ReadonlyMap<string, string>;
  /** Each peer in a process of its own; means nothing for one peer. */
  readonly processes: boolean;
  /** What the settings add. */
  readonly more: readonly string[];
}

/** The words after `meshc`; its answers come as a JSON object a line. */
export function runArguments({ file, peer, pipeline, inputs, outputs, processes, more }: RunRequest): string[] {
  const each = (option: string, files: ReadonlyMap<string, string> = new Map()): string[] =>
    [...files].flatMap(([port, path]) => [option, `${port}=${path}`]);
  return [
    "run",
    file,
    ...(peer === undefined ? (processes ? ["--processes"] : []) : ["--peer", peer]),
    ...(pipeline === undefined ? [] : ["--pipeline", pipeline]),
    ...each("--in", inputs),
    ...each("--out", outputs),
    ...more,
    "--format",
    "json",
  ];
}

/** What a run is called in lists: `main.mesh`, `main.mesh: gpu`. */
export function runTitle({ file, peer, pipeline }: Pick<RunRequest, "file" | "peer" | "pipeline">): string {
  const name = file.split(/[\\/]/).at(-1) ?? file;
  const what = peer ?? pipeline;
  return what === undefined ? name : `${name}: ${what}`;
}

/** What files a port takes and gives, by its type as it is written. */
export interface PortFiles {
  /** Has to be given a file for a session to be opened. */
  readonly needed: boolean;
  /** Endings, without the dot. */
  readonly endings: readonly string[];
  /** Sound is played or kept in a file; text and records are shown where no file is named. */
  readonly isMedia: boolean;
}

export function filesOfPort(type: string): PortFiles {
  const plain = type.trim();
  const isMedia = /^(audio|video|tensor|bytes)\b/.test(plain);
  return {
    needed: !plain.endsWith("?") && !/^signal\b/.test(plain),
    endings: /^audio\b/.test(plain) ? ["wav"] : ["jsonl", "txt"],
    isMedia,
  };
}
