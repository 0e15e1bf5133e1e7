import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Io, Output } from "../../../compiler/cli/io.ts";
import { meshc } from "../../../compiler/cli/meshc.ts";
import { style } from "../../../compiler/diagnostics/style.ts";

/** A folder of its own with `meshc` in it, in this process. */
export interface CommandLine extends Disposable {
  readonly folder: string;
  write(name: string, text: string): void;
  read(name: string): string;
  run(...args: string[]): Promise<{ code: number; out: string; err: string }>;
  /** Starts a command that goes on; `said` resolves once the text has been written since it was last asked for. */
  start(...args: string[]): { said(text: string): Promise<void>; interrupt(): void; ended: Promise<number> };
}

interface Heard {
  text: string;
  /** Told of every write. */
  onWrite: () => void;
}

function outputTo(heard: Heard): Output {
  return {
    write: (text) => {
      heard.text += text;
      heard.onWrite();
    },
    isTTY: false,
    columns: 80,
    rows: 24,
    style: style({ color: false, hyperlinks: false }),
    flushed: () => Promise.resolve(),
  };
}

function listener(): Heard {
  return { text: "", onWrite: () => undefined };
}

export function commandLine(): CommandLine {
  const folder = mkdtempSync(join(tmpdir(), "mesh-cli-"));
  writeFileSync(join(folder, "package.json"), "{}");
  const io = (out: Heard, err: Heard, onInterrupt: Io["onInterrupt"]): Io => ({
    out: outputTo(out),
    err: outputTo(err),
    cwd: folder,
    env: {},
    onInterrupt,
  });
  return {
    folder,
    write(name, text) {
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    },
    read: (name) => readFileSync(join(folder, name), "utf8"),
    async run(...args) {
      const [out, err] = [listener(), listener()];
      const code = await meshc(
        args,
        io(out, err, () => () => undefined),
      );
      return { code, out: out.text, err: err.text };
    },
    start(...args) {
      const out = listener();
      let interrupt: (() => void) | undefined;
      const ended = meshc(
        args,
        io(out, listener(), (callback) => {
          interrupt = callback;
          return () => undefined;
        }),
      );
      return {
        said: (text) =>
          new Promise((resolve) => {
            const look = (): void => {
              const at = out.text.indexOf(text);
              if (at === -1) return;
              out.text = out.text.slice(at + text.length);
              resolve();
            };
            out.onWrite = look;
            look();
          }),
        interrupt: () => interrupt?.(),
        ended,
      };
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
