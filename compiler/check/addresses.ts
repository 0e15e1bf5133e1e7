import type { CallSyntax, StringSyntax } from "../../grammar/syntax.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";
import type { ValueReader } from "./values.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { FileInfo } from "./program.ts";
import type { ParameterInfo } from "./parameter.ts";
import { replaceFix, type Reporter } from "./reporter.ts";

/** `scheme://[peer@]host[:port][/path]`, taken apart. */
export interface Address {
  /** Without the `+wss` of signaling that is encrypted. */
  readonly scheme: string;
  /** Signaling is encrypted: `webrtc+wss`. */
  readonly secure: boolean;
  /** The id of a peer that is called through the service at the address; undefined where there is none. */
  readonly peer: string | undefined;
  /** Without the brackets of an IPv6 address; in lower case. */
  readonly host: string;
  /** Undefined where none is written. */
  readonly port: number | undefined;
  /** Without its leading slash; undefined where there is none. */
  readonly path: string | undefined;
}

/** The port of an address that names none, as it is for the runtime. */
export const usualPort = 7443;

const shape =
  /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:([A-Za-z0-9][A-Za-z0-9._~-]{0,127})@)?(\[[0-9A-Fa-f:.]+\]|[^:/?#[\]@\s]+)(?::(\d{1,5}))?(?:\/([^?#\s]*))?$/;

/** Undefined when the text is no address. */
export function parseAddress(text: string): Address | undefined {
  const match = shape.exec(text);
  const [, scheme, peer, host, port, path] = match ?? [];
  if (scheme === undefined || host === undefined || (port !== undefined && Number(port) > 65_535)) return undefined;
  const plain = scheme.toLowerCase().replace(/^webrtc\+wss$/, "webrtc");
  return {
    scheme: plain,
    secure: plain !== scheme.toLowerCase(),
    peer,
    host: host.replaceAll(/[[\]]/g, "").toLowerCase(),
    port: port === undefined ? undefined : Number(port),
    path: path === undefined || path === "" ? undefined : path,
  };
}

/** True for an address that only programs on the same machine reach. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** What stands at a place, as far as it is known at build time: the text itself, or the default of `env(…)`. */
export function knownText(value: PlanValue): string | undefined {
  const known = "literal" in value ? value.literal : "env" in value ? value.default : undefined;
  return typeof known === "string" ? known : undefined;
}

export interface AddressRules {
  /** What is asked for, as in "an address to listen at". */
  readonly what: string;
  readonly schemes: readonly string[];
  readonly example: string;
  /** True where the address names a pipeline, and perhaps a peer behind a service. */
  readonly path: boolean;
  /** Several may stand side by side, with commas between them. */
  readonly list?: true;
}

export const targetAddress: AddressRules = {
  what: "the address of a pipeline",
  schemes: ["webrtc", "grpc"],
  example: "webrtc://host:7443/pipeline",
  path: true,
};

export const listenAddress: AddressRules = {
  what: "an address to listen at",
  schemes: ["webrtc", "grpc"],
  example: "webrtc://127.0.0.1:7443",
  path: false,
};

export const registryAddress: AddressRules = {
  what: "the address of a signaling service",
  schemes: ["wss", "ws"],
  example: "wss://signal.example.com",
  path: false,
  list: true,
};

/** Reads an address in quotes or from the environment; undefined after a mistake that has been reported. */
export function readAddress(
  file: FileInfo,
  syntax: StringSyntax | CallSyntax,
  rules: AddressRules,
  params: ReadonlyMap<string, ParameterInfo>,
  tools: { readonly values: ValueReader; readonly reporter: Reporter },
): PlanValue | undefined {
  const read = tools.values.read(file, syntax, { kind: "scalar", name: "text" }, params);
  const text = read && knownText(read);
  if (read === undefined || text === undefined) return read;
  const at = syntax.kind === "Call" ? (syntax.arguments[1] ?? syntax) : syntax;
  // Without its closing quote it is not known where the address ends.
  if (tools.reporter.hasErrorIn(file.source, at.span)) return undefined;
  const parts = rules.list === true ? text.split(",").map((part) => part.trim()) : [text];
  for (const part of parts) {
    const flaw = flawOf(part, rules);
    if (flaw === undefined) continue;
    const { message, hint, near } = flaw;
    const changed = near && parts.map((one) => (one === part ? near : one)).join(",");
    const fixes =
      changed === undefined
        ? []
        : [replaceFix(`Change to "${changed}"`, file.source, at.span, JSON.stringify(changed), false)];
    tools.reporter.report("MESH3003", file.source, at.span, message, { hint, fixes });
    return undefined;
  }
  return read;
}

interface Flaw {
  readonly message: string;
  readonly hint: string;
  /** What may have been meant instead. */
  readonly near?: string;
}

/** What is wrong with an address; undefined for one that is right. */
function flawOf(text: string, rules: AddressRules): Flaw | undefined {
  const found = parseAddress(text);
  if (found === undefined) {
    // What stands before the @ is not shown: it may be a password.
    const [, before, behind] = /^[^/]*:\/\/([^/]*)@([^/]*)/.exec(text) ?? [];
    if (behind === "" && rules.path) {
      return {
        message: `Behind the @ there is no host: that of the signaling service which passes the call on.`,
        hint: `Write it as in "webrtc://tts-1@signal.example.com/Speaking".`,
      };
    }
    if (before !== undefined && rules.path) {
      const without = text.replace("@", "");
      return {
        message:
          before === ""
            ? `Before the @ there is no id of a peer.`
            : `What stands before the @ is not the id of a peer.`,
        ...(before === "" && parseAddress(without) !== undefined && { near: without }),
        hint: `An id has up to 128 letters, digits, ".", "_", "~" and "-"; passwords have no place in an address. Write it as in "webrtc://tts-1@signal.example.com/Speaking".`,
      };
    }
    return { message: `"${text}" is not ${rules.what}.`, hint: `Write it as in "${rules.example}".` };
  }
  if (!rules.schemes.includes(found.scheme)) {
    const near = suggest(found.scheme, rules.schemes);
    const wanted = rules.schemes.map((one) => `\`${one}\``).join(" or ");
    return {
      message: `"${text}" is not ${rules.what}: its scheme is \`${found.scheme}\`, not ${wanted}.`,
      hint: near === undefined ? `Write it as in "${rules.example}".` : `Did you mean \`${near}\`?`,
      ...(near !== undefined && { near: text.replace(/^[^:]*/, near) }),
    };
  }
  if (found.peer !== undefined && (!rules.path || found.scheme !== "webrtc")) {
    const without = text.replace(`${found.peer}@`, "");
    return rules.path
      ? {
          message: `"${text}" calls \`${found.peer}\` through a service, which passes on calls of WebRTC alone.`,
          hint: `Write it as in "webrtc://${found.peer}@host:7440/pipeline", or give the address of the peer itself.`,
        }
      : {
          message: `"${text}" is not ${rules.what}: it names a peer before the @.`,
          hint: `Write "${without}".`,
          near: without,
        };
  }
  if (rules.path && (found.path === undefined || found.path.includes("/"))) {
    const message =
      found.path === undefined
        ? `"${text}" names a peer, but none of its pipelines.`
        : `"${text}" has a path of several parts.`;
    return { message, hint: `The path is the name of one pipeline, as in "${rules.example}".` };
  }
  return undefined;
}
