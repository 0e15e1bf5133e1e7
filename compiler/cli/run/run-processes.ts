import { resolve } from "node:path";
import { delay, type Clock } from "../../../runtime/interface/clock.ts";
import type { Plan } from "../../../runtime/interface/plan.ts";
import { giveTime } from "../../../runtime/interface/time-given.ts";
import { exitCode } from "../exit-code.ts";
import { listensByTls } from "./certificate.ts";
import type { Child, ChildEnd, ChildInit } from "./child.ts";
import type { RunEnd, RunMessage } from "./messages.ts";
import { removeUnfinished } from "./output-file.ts";
import type { RunReporter } from "./reporter.ts";
import { drainMsOf, type RunOptions } from "./run-options.ts";

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
  readonly clock: Clock;
  /** Starts the process of a peer. */
  readonly start: (init: ChildInit) => Child;
  /** Aborts when the run is to end. */
  readonly signal: AbortSignal;
  /** Aborts when it is not to wait for callers any longer. */
  readonly atOnce: AbortSignal;
}

/**
 * Runs each peer in a process of its own. The session is opened when all peers listen, so that it finds them; the run
 * ends with its session, or when it is told to.
 *
 * A process that dies under a session does not end the run: whether the others cope is for the session to show.
 */
export async function runProcesses(run: RunProcesses): Promise<RunEnd> {
  return new Processes(run).run();
}

class Processes {
  readonly #run: RunProcesses;
  readonly #children: Child[] = [];
  /** What each process said last. */
  readonly #ends = new Map<string, RunEnd>();
  #stopping = false;

  constructor(run: RunProcesses) {
    this.#run = run;
  }

  async run(): Promise<RunEnd> {
    const { signal } = this.#run;
    const interrupted = new Promise<undefined>((done) => {
      if (signal.aborted) done(undefined);
      else signal.addEventListener("abort", () => done(undefined), { once: true });
    });
    let end: RunEnd | undefined;
    let owner: string | undefined;
    try {
      const { pipeline } = this.#run;
      owner = pipeline === undefined ? undefined : this.#ownerOf(pipeline);
      end = await Promise.race([interrupted, this.#untilOver(owner)]);
    } finally {
      await this.#stopAll();
    }
    // An interrupted session still says how far it came.
    return end ?? { code: exitCode.interrupted, summary: this.#ends.get(owner ?? "")?.summary };
  }

  async #untilOver(owner: string | undefined): Promise<RunEnd> {
    const children = this.#run.peers.map((peer) => this.#start(peer, peer === owner ? this.#sessionArguments() : []));
    const failed = await firstFailed(children);
    if (failed !== undefined) return this.#failure(failed, await failed.ended);
    const session = children.find((child) => child.peer === owner);
    if (session === undefined) {
      // Without a session the peers are all there is; one that goes ends the run.
      const gone = await Promise.race(children.map(async (child) => ({ child, end: await child.ended })));
      return this.#failure(gone.child, gone.end);
    }
    session.go();
    const end = await session.ended;
    const said = this.#ends.get(session.peer);
    return end.code === exitCode.fine && said !== undefined ? said : this.#failure(session, end);
  }

  #ownerOf(pipeline: string): string {
    const { plan, peers } = this.#run;
    const runs = (peer: string): boolean => plan.peers[peer]?.runs.some((one) => one.pipeline === pipeline) ?? false;
    return peers.find(runs) ?? peers[0] ?? "";
  }

  /** Each process is given a certificate that it needs, and no other. */
  #certificateArguments(peer: string): string[] {
    const { plan, options, env } = this.#run;
    const { tlsCert, tlsKey } = options;
    if (tlsCert === undefined || tlsKey === undefined || !listensByTls({ plan, peers: [peer], env })) return [];
    return ["--tls-cert", tlsCert, "--tls-key", tlsKey];
  }

  #start(peer: string, more: readonly string[]): Child {
    const { file, options, cwd, env, reporter, start } = this.#run;
    const child = start({
      peer,
      args: [file, ...connectionArguments(options), ...this.#certificateArguments(peer), ...more],
      cwd,
      env,
      onMessage: (message) => {
        // The last word of a process is not that of the run.
        if (message.type === "ended") this.#ends.set(peer, message);
        else reporter.message(message, peer);
      },
    });
    this.#children.push(child);
    this.#tell({ type: "started", peer, pid: child.pid });
    void this.#tellEnd(child);
    return child;
  }

  async #tellEnd(child: Child): Promise<void> {
    const { peer } = child;
    const end = await child.ended;
    // One that said why it ends has no need of a second line.
    const expected = this.#stopping || end.code === exitCode.fine || this.#ends.get(peer)?.error !== undefined;
    this.#tell({ type: "exited", peer, pid: child.pid, how: howEnded(end), expected });
    this.#clear(child);
  }

  #tell(message: RunMessage): void {
    this.#run.reporter.message(message, "");
  }

  /** A process that was killed could not take its unfinished files away. */
  #clear({ pid }: Child): void {
    if (pid === undefined) return;
    for (const { file } of this.#run.options.outputs) removeUnfinished(resolve(this.#run.cwd, file), pid);
  }

  /** The files belong to one pipeline, so the names are made unmistakable. */
  #sessionArguments(): string[] {
    const { pipeline = "", options } = this.#run;
    const { inputs, outputs, params } = options;
    return [
      "--pipeline",
      pipeline,
      ...inputs.flatMap(({ port, file }) => ["--in", `${port}=${file}`]),
      ...outputs.flatMap(({ port, file }) => ["--out", `${port}=${file}`]),
      ...[...params].flatMap(([name, value]) => ["--param", `${name}=${value}`]),
    ];
  }

  #failure(child: Child, end: ChildEnd): RunEnd {
    const said = this.#ends.get(child.peer);
    const error = said?.error ?? {
      code: "peer-lost",
      message: `The peer \`${child.peer}\` has gone: its process ${howEnded(end)}.`,
    };
    const known = Object.values(exitCode).find((one) => one === end.code);
    const code = known === undefined || known === exitCode.fine ? exitCode.environment : known;
    return { code, error, summary: said?.summary };
  }

  async #stopAll(): Promise<void> {
    this.#stopping = true;
    const { options, pipeline, signal, atOnce, clock } = this.#run;
    // A run that has a session, or has failed, is over; else the peers may have callers that wait for answers.
    const drainMs = pipeline === undefined && signal.aborted && !atOnce.aborted ? drainMsOf(options) : 0;
    for (const child of this.#children) child.stop(drainMs === 0);
    const all = Promise.all(this.#children.map((child) => child.ended));
    if (drainMs > 0) {
      await Promise.race([all, delay(clock, drainMs, atOnce).catch(() => undefined)]);
      for (const child of this.#children) child.stop(true);
    }
    await new Promise<void>((resolve) => {
      const grace = giveTime(clock, graceMs, resolve);
      void all.then(() => {
        grace.stop();
        resolve();
      });
    });
    for (const child of this.#children) child.kill();
    await all;
  }
}

/** @returns undefined when all listen; the first that ends before it does, without waiting for the others */
async function firstFailed(children: readonly Child[]): Promise<Child | undefined> {
  const failed = new Promise<Child>((resolve) => {
    for (const child of children) void child.ready.then((isReady) => (isReady ? undefined : resolve(child)));
  });
  const all = Promise.all(children.map((child) => child.ready));
  return Promise.race([failed, all.then((ready) => (ready.includes(false) ? failed : undefined))]);
}

function howEnded({ code, signal }: ChildEnd): string {
  if (signal !== null) return `was ended by ${signal}`;
  return code === null ? "could not be started" : `ended with code ${code}`;
}

/** How the peers connect and part, as a process of its own is told. */
function connectionArguments(options: RunOptions): string[] {
  const { engine = "auto", iceServers = [], iceTransportPolicy, registers, discovers } = options;
  const { allowedOrigins, compression, drain } = options;
  const each = (option: string, values: readonly string[]): string[] => values.flatMap((value) => [option, value]);
  return [
    "--engine",
    engine,
    ...each("--ice-server", iceServers),
    ...each("--register", registers),
    ...each("--discover", discovers),
    ...each("--allow-origin", allowedOrigins),
    ...each("--compression", compression === undefined ? [] : [compression]),
    ...each("--drain", drain === undefined ? [] : [drain]),
    ...(iceTransportPolicy === "relay" ? ["--relay-only"] : []),
  ];
}
