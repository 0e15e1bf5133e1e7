import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Environment } from "../../language-server/environment.ts";
import { AskedThread } from "../asked-thread.ts";

/** What the thread is asked: the code that a file declares. */
export interface CodeQuestion {
  readonly root: string;
  /** In the project. */
  readonly path: string;
}

/** From dist/chunks it is one step up. The server that comes with the extension has none, for it knows no TypeScript. */
const code = new URL("../verifier.js", import.meta.url);

/** So long after the last question what TypeScript has read is let go of: it is more than all else that a server holds. */
const idleMs = 15_000;

/** Verifies on a thread of its own, so that nobody who types waits for TypeScript; undefined where that is not at hand. */
export function startVerifying(): Environment["verify"] {
  if (!existsSync(fileURLToPath(code))) return undefined;
  const thread = new AskedThread<CodeQuestion, readonly Diagnostic[]>(code, "meshc lsp");
  let idle: NodeJS.Timeout | undefined;
  return async (root, path) => {
    clearTimeout(idle);
    try {
      return await thread.ask({ root, path });
    } finally {
      clearTimeout(idle);
      idle = setTimeout(() => void thread.end(), idleMs).unref();
    }
  };
}
