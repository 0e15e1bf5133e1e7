import { nodejsClock } from "../../../runtime/platform/clock.nodejs.ts";
import { delay } from "../../../runtime/interface/clock.ts";
import type { Plan } from "../../../runtime/interface/plan.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { startChild, type Child, type ChildEnd } from "./child.ts";
import type { PlainError, RunMessage } from "./messages.ts";
import type { RunReporter } from "./reporter.ts";
import type { RunOptions } from "./run-options.ts";

/** What a process may take to end in good order. */
const graceMs = 600;

export interface RunProcesses {
  readonly plan: Plan;
  /** The .mesh file, as the user wrote it. */
  readonly file: string;
  readonly peers: readonly string[];
  readonly pipeline: string | undefined;
  readonly options: RunOptions;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly reporter: RunReporter;
  /** Aborts when the run is to end. */
  readonly signal: AbortSignal;
}

export interface ProcessesEnd {
  readonly code: ExitCode;
  readonly error: PlainError | undefined;
}

/**
 * Runs each peer in a process of its own. The peer of the session starts when all others listen, so that it finds
 * them; the run ends with its session, or when it is told to.
 *
 * A process that dies under a session does not end the run: whether the others cope is for the session to show.
 */
export async function runProcesses(run: RunProcesses): Promise<ProcessesEnd> {
  return new Processes(run).run();
}

class Processes {
  readonly #run: RunProcesses;
  readonly #children: Child[] = [];
  readonly #errors = new Map<string, PlainError>();
  #stopping = false;

  constructor(run: RunProcesses) {
    this.#run = run;
  }

  async run(): Promise<ProcessesEnd> {
    const { signal } = this.#run;
    const interrupted = new Promise<ProcessesEnd>((resolve) => {
      const end = (): void => resolve({ code: exitCode.interrupted, error: undefined });
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
    });
    try {
      return await Promise.race([interrupted, this.#untilOver()]);
    } finally {
      await this.#stopAll();
    }
  }

  async #untilOver(): Promise<ProcessesEnd> {
    const { peers, pipeline } = this.#run;
    const owner = pipeline === undefined ? undefined : this.#ownerOf(pipeline);
    const others = peers.filter((peer) => peer !== owner).map((peer) => this.#start(peer, []));
    const ready = await Promise.all(others.map((child) => child.ready));
    const failed = others[ready.indexOf(false)];
    if (failed !== undefined) return this.#failure(failed, await failed.ended);
    if (owner === undefined) {
      // Without a session the peers are all there is; one that goes ends the run.
      const gone = await Promise.race(others.map(async (child) => ({ child, end: await child.ended })));
      return this.#failure(gone.child, gone.end);
    }
    const session = this.#start(owner, this.#sessionArguments(pipeline ?? ""));
    const end = await session.ended;
    if (end.code === exitCode.fine) return { code: exitCode.fine, error: undefined };
    return this.#failure(session, end);
  }

  #ownerOf(pipeline: string): string {
    const { plan, peers } = this.#run;
    const runs = (peer: string): boolean => plan.peers[peer]?.runs.some((one) => one.pipeline === pipeline) ?? false;
    return peers.find(runs) ?? peers[0] ?? "";
  }

  #start(peer: string, more: readonly string[]): Child {
    const { file, cwd, env, reporter } = this.#run;
    const child = startChild({
      peer,
      args: [file, ...more],
      cwd,
      env,
      onMessage: (message) => {
        this.#note(peer, message);
        reporter.message(message, peer);
      },
    });
    this.#children.push(child);
    void this.#tellEnd(child);
    return child;
  }

  async #tellEnd(child: Child): Promise<void> {
    const end = await child.ended;
    // One that said why it ends has no need of a second line.
    const expected = this.#stopping || end.code === exitCode.fine || this.#errors.has(child.peer);
    this.#run.reporter.gone(child.peer, howEnded(child, end), expected);
  }

  #note(peer: string, message: RunMessage): void {
    if (message.type === "ended" && message.error !== undefined) this.#errors.set(peer, message.error);
  }

  /** The files belong to one pipeline, so the names are made unmistakable. */
  #sessionArguments(pipeline: string): string[] {
    const { inputs, outputs, params } = this.#run.options;
    return [
      "--pipeline",
      pipeline,
      ...inputs.flatMap(({ port, file }) => ["--in", `${port}=${file}`]),
      ...outputs.flatMap(({ port, file }) => ["--out", `${port}=${file}`]),
      ...[...params].flatMap(([name, value]) => ["--param", `${name}=${value}`]),
    ];
  }

  #failure(child: Child, end: ChildEnd): ProcessesEnd {
    const error = this.#errors.get(child.peer) ?? {
      code: "peer-lost",
      message: `The peer \`${child.peer}\` has gone: its process ${howEnded(child, end)}.`,
    };
    const known = Object.values(exitCode).find((one) => one === end.code);
    return { code: known === undefined || known === exitCode.fine ? exitCode.environment : known, error };
  }

  async #stopAll(): Promise<void> {
    this.#stopping = true;
    for (const child of this.#children) child.stop();
    const all = Promise.all(this.#children.map((child) => child.ended));
    await Promise.race([all, delay(nodejsClock, graceMs)]);
    for (const child of this.#children) child.kill();
    await all;
  }
}

function howEnded({ pid }: Child, { code, signal }: ChildEnd): string {
  const number = pid === undefined ? "" : ` ${pid}`;
  if (signal !== null) return `${number} was ended by ${signal}`.trim();
  return code === null ? "could not be started" : `${number} ended with code ${code}`.trim();
}
