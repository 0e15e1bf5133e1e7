import { resolvePackage } from "../common/assets.nodejs.ts";
import { Thread } from "../common/thread.ts";
import { runSilero, type SileroAnswer, type SileroRequest } from "./silero-program.nodejs.ts";

/**
 * The model on a thread of its own, for to load it would hold up all else for a second: every heartbeat, for one.
 * @returns undefined where the runtime is no module on the disk, as in a bundle that has it inside
 */
export async function sileroThread(model: Uint8Array): Promise<Thread<SileroRequest, SileroAnswer> | undefined> {
  let runtime: string;
  try {
    runtime = resolvePackage("onnxruntime-web/wasm");
  } catch {
    return undefined;
  }
  return Thread.start(runSilero, { runtime, model });
}
