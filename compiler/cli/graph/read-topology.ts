import * as z from "zod/mini";
import { int, list, read, text } from "../../../runtime/interface/bounded.ts";
import type { Topology } from "../../../runtime/interface/topology.ts";
import { environmentError } from "../exit-code.ts";

const name = text(0, 256);
const count = int(0);
const amount = z.number().check(z.gte(0));
const formats = z.record(text(1, 128), text(0, 4_096));

const node = z.object({
  id: name,
  node: name,
  state: z.enum(["opening", "running", "ended", "failed"]),
  frames: count,
  workMs: z.optional(amount),
});
const stream = z.object({
  name: text(1, 1_024),
  format: text(0, 4_096),
  frames: count,
  bytes: count,
  dropped: count,
  queued: count,
  hopMs: z.optional(amount),
  framesPerSecond: z.optional(amount),
});
const connection = z.object({
  transport: name,
  engine: z.optional(name),
  state: z.enum(["connecting", "connected", "closed"]),
  address: text(0, 1_024),
  role: z.enum(["offerer", "answerer"]),
  sharedBy: z.optional(count),
  roundTripMs: z.optional(amount),
});
const failure = z.object({ target: name, code: name, message: text(0, 8_192) });
const remote = z.object({
  id: name,
  state: z.enum(["connecting", "connected", "failed", "ended"]),
  target: z.optional(name),
  standby: z.optional(name),
  failures: list(failure, 0, 256),
  get session(): z.ZodMiniOptional<typeof session> {
    return z.optional(session);
  },
});
const session = z.object({
  id: name,
  pipeline: name,
  openMs: z.optional(amount),
  nodes: list(node, 0, 4_096),
  streams: list(stream, 0, 16_384),
  get remotes(): z.ZodMiniArray<typeof remote> {
    return list(remote, 0, 256);
  },
  connection: z.optional(connection),
});
const pipeline = z.object({
  name,
  inputs: formats,
  outputs: formats,
  sessions: z.optional(list(session, 0, 1_024)),
  unlisted: z.optional(count),
});
const topology = z.object({
  version: z.literal(1),
  atMs: amount,
  peers: list(
    z.object({ name, addresses: list(text(0, 1_024), 0, 64), pipelines: list(pipeline, 0, 1_024) }),
    0,
    1_024,
  ),
});

/**
 * Reads what `mesh.topology()` gave, written as JSON.
 * @param file for messages
 * @throws {CommandError} that says where it is something else
 */
export function readTopology(file: string, json: string): Topology {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw environmentError(`${file} is no JSON.`, wayOut);
  }
  const found = read(topology, value);
  if (!found.success) {
    const { path, message } = found.flaw;
    throw environmentError(`${file} is no topology: ${path === "" ? "" : `${path}: `}${message}.`, wayOut);
  }
  return found.data as Topology;
}

const wayOut = "Write what `mesh.topology()` gives: `writeFileSync(file, JSON.stringify(mesh.topology()))`.";
