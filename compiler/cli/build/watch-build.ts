import { watch, type FSWatcher } from "node:fs";
import { dirname, join } from "node:path";
import { HostError } from "../../host/host.ts";
import { CommandError, exitCode, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { report } from "../report.ts";
import type { Round, Rounds } from "./rounds.ts";

/** An editor writes in several steps: what comes within this time belongs together. */
const settleMs = 15;

/** The code of nodes is verified once nothing has changed for so long: that takes longer than to write modules. */
const idleMs = 150;

/**
 * Builds, and builds again what a change touches, until interrupted.
 * @param folders where sources may appear
 */
export function watchBuild(rounds: Rounds, folders: readonly string[], io: Io): Promise<ExitCode> {
  return new Promise((resolve, reject) => {
    const watchers = new Map<string, FSWatcher>();
    const touched = new Set<string>();
    let unverified: Round["built"] = [];
    let timer: NodeJS.Timeout | undefined;
    let idle: NodeJS.Timeout | undefined;
    let work: Promise<void> = Promise.resolve();
    let last: ExitCode = exitCode.fine;
    let stopped = false;

    const follow = (files: Iterable<string>): void => {
      for (const folder of new Set([...folders, ...[...files].map((file) => dirname(file))])) {
        if (watchers.has(folder)) continue;
        try {
          const watcher = watch(folder, (_, name) => {
            // What is written here is no reason to write it again.
            if (name !== null && !String(name).endsWith(".mesh.ts")) again(join(folder, String(name)));
          });
          // A folder that is removed ends its watcher; the next round says what is missing.
          watcher.on("error", () => watchers.delete(folder));
          watchers.set(folder, watcher);
        } catch {
          // What cannot be watched is reported as unreadable when it is built.
        }
      }
    };

    const round = async (changed: ReadonlySet<string> | undefined): Promise<void> => {
      const startMs = performance.now();
      try {
        const found = await rounds.build(changed);
        last = rounds.exitCode;
        follow(rounds.read());
        if (changed === undefined || found.written.length > 0 || last !== exitCode.fine) {
          const count = `${found.written.length} file${found.written.length === 1 ? "" : "s"} written`;
          const tookMs = Math.round(performance.now() - startMs);
          io.out.write(waiting(`${count} in ${tookMs} ms; `));
        }
        const fresh = new Set(found.built.map(([, { file }]) => file));
        unverified = [...unverified.filter(([, { file }]) => !fresh.has(file)), ...found.built];
        verifyLater();
      } catch (error) {
        if (!(error instanceof CommandError) && !(error instanceof HostError)) throw error;
        last = report(error, io);
      }
    };

    const waiting = (lead: string): string => `${lead}${io.out.style.faint("waiting for changes, Ctrl-C ends")}\n`;

    const verifyLater = (): void => {
      clearTimeout(idle);
      if (unverified.length > 0) idle = setTimeout(() => void (work = work.then(verify).catch(fail)), idleMs);
    };

    const verify = async (): Promise<void> => {
      const before = last;
      unverified = await rounds.verify(unverified, untouched);
      last = rounds.exitCode;
      if (last !== before) io.out.write(waiting(""));
    };

    /** After a turn of the event loop, in which changes are heard of: those go first. */
    const untouched = async (): Promise<boolean> => {
      await new Promise((resolve) => setImmediate(resolve));
      return touched.size === 0 && !stopped;
    };

    const again = (path: string): void => {
      if (stopped || !/\.(mesh|wasm|[cm]?[jt]sx?)$/.test(path)) return;
      touched.add(path);
      clearTimeout(timer);
      timer = setTimeout(() => {
        const known = rounds.read();
        const worth = new Set([...touched].filter((one) => known.has(one) || one.endsWith(".mesh")));
        touched.clear();
        if (worth.size > 0) work = work.then(() => round(worth)).catch(fail);
        else verifyLater();
      }, settleMs);
    };

    const end = (): void => {
      stopped = true;
      stop();
      clearTimeout(timer);
      clearTimeout(idle);
      for (const watcher of watchers.values()) watcher.close();
    };
    const fail = (error: unknown): void => {
      end();
      reject(error as Error);
    };
    const stop = io.onInterrupt(() => {
      end();
      // To be ended is how a watch ends well; what it last found decides.
      void work.then(() => resolve(last));
    });
    work = rounds
      .prepare()
      .then(() => round(undefined))
      .catch(fail);
  });
}
