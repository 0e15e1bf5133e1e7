import { MeshError } from "../../interface/errors.ts";
import type { NatsClients } from "./nats-types.ts";

/** Exactly these, for the three depend on each other by version; later ones need a later Node. */
const version = "3.3.1";
const names = ["@nats-io/transport-node", "@nats-io/jetstream", "@nats-io/kv"] as const;

/**
 * The clients of NATS, which are only there where somebody has installed them.
 * @throws {MeshError} `dependency-missing`
 */
export async function natsClients(
  importPackage: (name: string) => Promise<unknown> = importInstalled,
): Promise<NatsClients> {
  try {
    const [node, jetstream, kv] = await Promise.all(names.map((name) => importPackage(name)));
    return { ...(node as object), ...(jetstream as object), ...(kv as object) } as NatsClients;
  } catch (error) {
    const absent = (error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND";
    const reason = absent ? "they are not installed" : MeshError.from(error).message.split("\n")[0];
    throw new MeshError("dependency-missing", `The packages for NATS cannot be loaded: ${reason}.`, {
      cause: error,
      hint: `Install them beside pipeline-mesh: \`npm install ${names.map((name) => `${name}@${version}`).join(" ")}\`.`,
    });
  }
}

/** Bundlers are to leave this import alone. */
function importInstalled(name: string): Promise<unknown> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}
