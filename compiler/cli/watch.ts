import { statSync, watch, type FSWatcher } from "node:fs";
import { dirname, join } from "node:path";
import { HostError } from "../host/host.ts";
import { CommandError, exitCode, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { report } from "./report.ts";

/** An editor writes in several steps: what comes within this time belongs together. */
const settleMs = 50;

/** What is done once, and again after each change. */
export interface Watched {
  /** Said as it begins. */
  readonly says: string;
  /** @returns what was read: files, absolute, and folders that more programs may appear in */
  work(): Promise<Done> | Done;
}

interface Done {
  readonly exitCode: ExitCode;
  readonly read: ReadonlySet<string>;
}

/** Does something, and does it again whenever a file that was read changes or a program appears beside one, until interrupted. */
export function watchFiles({ says, work }: Watched, io: Io): Promise<ExitCode> {
  return new Promise((resolve) => {
    const folders = new Map<string, FSWatcher>();
    let timer: NodeJS.Timeout | undefined;
    let last: ExitCode = exitCode.fine;
    let current: ReadonlySet<string> = new Set();
    let isAtWork = false;
    let isAskedAgain = false;

    const follow = (read: ReadonlySet<string>): void => {
      current = read;
      const wanted = new Set([...read].map(folderOf));
      for (const [folder, watcher] of folders) {
        if (wanted.has(folder)) continue;
        watcher.close();
        folders.delete(folder);
      }
      for (const folder of wanted) {
        if (folders.has(folder)) continue;
        try {
          const watcher = watch(folder, (_, name) => {
            if (name === null || String(name).endsWith(".mesh") || current.has(join(folder, String(name)))) again();
          });
          // A folder that is removed ends its watcher; the next check says what is missing.
          watcher.on("error", () => folders.delete(folder));
          folders.set(folder, watcher);
        } catch {
          // What cannot be watched has been reported as unreadable by the check.
        }
      }
    };

    const once = async (): Promise<void> => {
      if (isAtWork) {
        isAskedAgain = true;
        return;
      }
      isAtWork = true;
      // A window starts anew, so that what has been put right is out of sight; a file keeps everything.
      if (io.out.isTTY) io.out.write("\u001b[2J\u001b[3J\u001b[H");
      // An editor that reads this forgets what it was told before.
      io.out.write(`${io.out.style.faint(says)}\n`);
      try {
        const done = await work();
        last = done.exitCode;
        follow(done.read);
      } catch (error) {
        if (!(error instanceof CommandError || error instanceof HostError)) throw error;
        last = report(error, io);
      }
      isAtWork = false;
      io.out.write(`${io.out.style.faint("waiting for changes; Ctrl-C ends")}\n`);
      if (isAskedAgain) again();
      isAskedAgain = false;
    };

    const again = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void once(), settleMs);
    };

    const stop = io.onInterrupt(() => {
      stop();
      clearTimeout(timer);
      for (const watcher of folders.values()) watcher.close();
      // To be ended is how a watch ends well; what it last found decides.
      resolve(last);
    });
    follow(new Set([io.cwd]));
    void once();
  });
}

function folderOf(path: string): string {
  try {
    return statSync(path).isDirectory() ? path : dirname(path);
  } catch {
    return dirname(path);
  }
}
