import { MeshError } from "../../../runtime/interface/errors.ts";
import { checkIce, parseIceServer, type IceOptions } from "../../../runtime/transports/webrtc/ice.ts";
import type { EngineName } from "../../config.ts";
import type { Arguments } from "../command.ts";
import { splitOnce } from "../arguments.ts";
import { usageError } from "../exit-code.ts";
import { originsOf } from "../origins.ts";
import { formatMeshUri } from "../../../runtime/interface/uri.ts";
import { serviceUris } from "../signal/service-uri.ts";

/** `[pipeline.]port=FILE` */
export interface PortFile {
  readonly pipeline: string | undefined;
  readonly port: string;
  readonly file: string;
}

export interface RunOptions {
  readonly file: string;
  readonly peer: string | undefined;
  readonly pipeline: string | undefined;
  readonly inputs: readonly PortFile[];
  readonly outputs: readonly PortFile[];
  /** As written, by name. */
  readonly params: ReadonlyMap<string, string>;
  readonly processes: boolean;
  /** Left out, that of `mesh.config.ts`. */
  readonly engine: EngineName | undefined;
  /** As written; left out, those of `mesh.config.ts`. */
  readonly iceServers: readonly string[] | undefined;
  readonly iceTransportPolicy: "all" | "relay" | undefined;
  /** Addresses of signaling services, as `ServiceLookup` and `Registrar` take them. */
  readonly registers: readonly string[];
  readonly discovers: readonly string[];
  readonly id: string | undefined;
  /** Files in PEM. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** Of pages that may call, beside those that may anyway. */
  readonly allowedOrigins: readonly string[];
  readonly compression: "gzip" | undefined;
  /** As written: `5s`, `500ms`; left out, that of `mesh.config.ts`. */
  readonly drain: string | undefined;
  readonly format: "text" | "json";
}

/** @throws {CommandError} with exit code 2 */
export function readRunOptions(args: Arguments): RunOptions {
  const [file = ""] = args.positionals;
  const peer = args.value("peer");
  const processes = args.has("processes");
  if (processes && peer !== undefined) {
    throw usageError("`--processes` runs every peer and `--peer` one of them.", "Leave one of the two out.");
  }
  const params = new Map<string, string>();
  for (const given of args.values("param")) {
    const [name, value] = splitOnce(given, "=");
    if (name === "" || value === undefined) throw usageError(`\`--param ${given}\` is not of the form NAME=VALUE.`);
    if (params.has(name)) throw usageError(`The parameter \`${name}\` is given twice.`, "Give it once.");
    params.set(name, value);
  }
  return {
    file,
    peer,
    pipeline: args.value("pipeline"),
    inputs: portFiles("in", args.values("in")),
    outputs: portFiles("out", args.values("out")),
    params,
    processes,
    // The options of the command let nothing else through.
    engine: args.value("engine") as EngineName | undefined,
    iceServers: args.values("ice-server").length === 0 ? undefined : args.values("ice-server"),
    iceTransportPolicy: args.has("relay-only") ? "relay" : undefined,
    ...readSignaling(args, peer),
    tlsCert: args.value("tls-cert"),
    tlsKey: args.value("tls-key"),
    allowedOrigins: originsOf(args),
    compression: args.value("compression") as "gzip" | undefined,
    drain: args.value("drain"),
    format: args.value("format") === "json" ? "json" : "text",
  };
}

function readSignaling(args: Arguments, peer: string | undefined): Pick<RunOptions, "registers" | "discovers" | "id"> {
  const id = args.value("id");
  if (id !== undefined && peer === undefined) {
    throw usageError(
      "`--id` is of one peer.",
      "Say which by `--peer`, or leave it out: each peer gets an id of its own.",
    );
  }
  if (id !== undefined && !peerId.test(id)) {
    throw usageError(
      `\`--id ${id}\` is no id.`,
      "It is made of letters, digits and . _ ~ - and begins with a letter or digit.",
    );
  }
  const services = (name: string): string[] =>
    args.values(name).map((given) => serviceUris(given).map(formatMeshUri).join(","));
  return { registers: services("register"), discovers: services("discover"), id };
}

const peerId = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/;

/** How long callers are waited for when none is said. */
const defaultDrain = "5s";

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000 };

/** How long callers are waited for, in milliseconds. @throws {CommandError} with exit code 2 */
export function drainMsOf({ drain = defaultDrain }: Pick<RunOptions, "drain">): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|min)$/.exec(drain) ?? [];
  const ms = Number(amount) * (unitsMs[unit ?? ""] ?? Number.NaN);
  if (ms >= 0 && ms <= 3_600_000) return ms;
  throw usageError(
    `\`${drain}\` is not a time to wait for callers.`,
    "Write it as `5s`, `500ms` or `2min`, of an hour at most; `0s` ends at once.",
  );
}

function portFiles(option: "in" | "out", given: readonly string[]): PortFile[] {
  const seen = new Set<string>();
  return given.map((text) => {
    const [name, file] = splitOnce(text, "=");
    if (name === "" || file === undefined || file === "") {
      throw usageError(`\`--${option} ${text}\` is not of the form PORT=FILE or PIPELINE.PORT=FILE.`);
    }
    const at = name.lastIndexOf(".");
    const port = name.slice(at + 1);
    if (seen.has(port)) throw usageError(`The port \`${port}\` is given two files.`, "Give it one.");
    seen.add(port);
    return { pipeline: at === -1 ? undefined : name.slice(0, at), port, file };
  });
}

/** How paths are looked for. @throws {CommandError} with exit code 2 for a server that is none, or what the engine cannot do */
export function iceOf({ engine, iceServers = [], iceTransportPolicy = "all" }: RunOptions): IceOptions {
  if (engine === "node-datachannel" && iceTransportPolicy === "relay") {
    throw usageError(
      "The WebRTC engine node-datachannel cannot keep to TURN servers alone.",
      "Leave `--engine` out, or name werift.",
    );
  }
  try {
    return checkIce({ servers: iceServers.map(parseIceServer), transportPolicy: iceTransportPolicy });
  } catch (error) {
    if (error instanceof MeshError) throw usageError(error.message, error.hint);
    throw error;
  }
}
