import { MeshError } from "../../../interface/errors.ts";
import type { Log } from "../../../interface/node.ts";
import type { IceOptions } from "../ice.ts";
import type { WebrtcEngine } from "./engine.ts";
import type { NodeDatachannel } from "./node-datachannel-types.ts";

/**
 * What may be chosen in Node; `auto` is node-datachannel where it is installed, but for connections that have to go through a
 * TURN server, and werift otherwise.
 */
export type EngineName = "auto" | "werift" | "node-datachannel";

export interface EngineChoice {
  readonly name: EngineName;
  readonly ice?: IceOptions | undefined;
  readonly log: Log;
  /** Imports the package; for tests. */
  readonly importLibrary?: () => Promise<unknown>;
}

/**
 * Loads the engine that is asked for.
 * @throws {MeshError} `dependency-missing` when it is node-datachannel by name and cannot be loaded, `invalid-argument` when
 * that cannot do what is asked for
 */
export async function chooseEngine(choice: EngineChoice): Promise<WebrtcEngine> {
  const { name, ice = {}, log, importLibrary = importInstalled } = choice;
  if (name === "werift" || (name === "auto" && ice.transportPolicy === "relay")) return werift(ice);
  try {
    const library = (await importLibrary()) as NodeDatachannel;
    const { nodeDatachannelEngine } = await import("./node-datachannel.nodejs.ts");
    return nodeDatachannelEngine({ library, ice });
  } catch (error) {
    if (error instanceof MeshError) throw error;
    if (name === "node-datachannel") throw cannotLoad(error);
    // Whoever has installed it expects it to be used.
    if (!isAbsent(error)) {
      log("warn", "node-datachannel is installed and cannot be loaded; werift is used instead", {
        reason: firstLine(error),
      });
    }
    return werift(ice);
  }
}

/** Native code cannot be bundled, and may not be there: bundlers are to leave this import alone. */
function importInstalled(): Promise<unknown> {
  const packageName = "node-datachannel";
  return import(/* @vite-ignore */ /* webpackIgnore: true */ packageName);
}

async function werift(ice: IceOptions): Promise<WebrtcEngine> {
  return (await import("./werift.nodejs.ts")).weriftEngine({ ice });
}

function cannotLoad(error: unknown): MeshError {
  const reason = isAbsent(error) ? "it is not installed" : firstLine(error);
  return new MeshError("dependency-missing", `The WebRTC engine node-datachannel cannot be loaded: ${reason}.`, {
    cause: error,
    hint: "Install it with `npm install node-datachannel@0.33.4`, or use werift, which needs nothing.",
  });
}

/** True when the package itself is not there; a part of it that is missing is another matter. */
function isAbsent(error: unknown): boolean {
  const { code, message = "" } = error as { code?: unknown; message?: string };
  return code === "ERR_MODULE_NOT_FOUND" && /'node-datachannel'/.test(message);
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split("\n")[0] ?? "").replace(/\.$/, "");
}
