import { statSync, watch, type FSWatcher } from "node:fs";
import { dirname } from "node:path";
import { checkFiles, type CheckOptions } from "./check-files.ts";
import { CommandError, exitCode, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { report } from "./report.ts";
import { Workspaces } from "./workspaces.ts";

/** An editor writes in several steps: what comes within this time belongs together. */
const settleMs = 50;

/** Checks, and checks again whenever a file that was read changes or a file appears beside one, until interrupted. */
export function watchFiles(given: readonly string[], options: CheckOptions, io: Io): Promise<ExitCode> {
  return new Promise((resolve) => {
    const folders = new Map<string, FSWatcher>();
    let timer: NodeJS.Timeout | undefined;
    const workspaces = new Workspaces(io);
    let last: ExitCode = exitCode.fine;

    const follow = (read: ReadonlySet<string>): void => {
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
            if (name === null || String(name).endsWith(".mesh")) again();
          });
          // A folder that is removed ends its watcher; the next check says what is missing.
          watcher.on("error", () => folders.delete(folder));
          folders.set(folder, watcher);
        } catch {
          // What cannot be watched has been reported as unreadable by the check.
        }
      }
    };

    const check = (): void => {
      // A window starts anew, so that what has been put right is out of sight; a file keeps everything.
      if (io.out.isTTY) io.out.write("\u001b[2J\u001b[3J\u001b[H");
      // An editor that reads this forgets what it was told before.
      io.out.write(`${io.out.style.faint("checking…")}\n`);
      try {
        const checked = checkFiles(given, options, io, workspaces);
        last = checked.exitCode;
        follow(checked.read);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        last = report(error, io);
      }
      io.out.write(`${io.out.style.faint("waiting for changes; Ctrl-C ends")}\n`);
    };

    const again = (): void => {
      clearTimeout(timer);
      timer = setTimeout(check, settleMs);
    };

    const stop = io.onInterrupt(() => {
      stop();
      clearTimeout(timer);
      for (const watcher of folders.values()) watcher.close();
      // To be ended is how a watch ends well; what it last found decides.
      resolve(last);
    });
    follow(new Set([io.cwd]));
    check();
  });
}

function folderOf(path: string): string {
  try {
    return statSync(path).isDirectory() ? path : dirname(path);
  } catch {
    return dirname(path);
  }
}
