import { whenAborted } from "../interface/abort.ts";
import type { ExecuteRequest, ExecuteResponse } from "../interface/calls.ts";
import { isMedia } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import type { PipelineDescription } from "../interface/description.ts";
import type { PolicyPlan } from "../interface/plan.ts";
import { randomId, type Random } from "../interface/random.ts";
import type { PipelineEndpoint, PipelineSession, SessionRequest } from "../interface/session.ts";
import type { UnaryCalls } from "../interface/transport.ts";
import { parseMeshUri } from "../interface/uri.ts";
import { ownRequest, RenamedSession, soleNames } from "../pipeline/port-names.ts";
import { agreedFormats } from "../remote/agreement.ts";
import { cborEncoding, gainsByCbor } from "../remote/cbor/choose.ts";
import { protocolVersion } from "../remote/limits.ts";
import { askedEndpoint } from "./asked-session.ts";
import { ask, type AskInit } from "./asking.ts";
import { BatchSession } from "./batch-session.ts";
import { bytesOfCalls } from "./bytes-of-calls.ts";
import { CallSession } from "./call-session.ts";
import { RetryBudget } from "../balancing/retry-budget.ts";

export interface BatchEndpointInit {
  readonly uri: string;
  /** Left out where the transport has no calls: questions go over a session then. */
  readonly unary: UnaryCalls | undefined;
  /** The same pipeline by a session: for what no call can carry. */
  readonly streamed: PipelineEndpoint;
  readonly policy: PolicyPlan;
  /** What the interface of the remote says; the pipeline may say it too. */
  readonly idempotent: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

type Question = Pick<ExecuteRequest, "inputs" | "context">;

/** A batch pipeline on another peer, asked call by call. */
export function batchEndpoint(init: BatchEndpointInit): PipelineEndpoint {
  const { uri, unary, clock, random, policy } = init;
  const { callTimeoutMs } = policy;
  const streamed = askedEndpoint({ endpoint: init.streamed, uri, clock, callTimeoutMs, idempotent: init.idempotent });
  if (unary === undefined) return streamed;
  const budget = new RetryBudget(clock);
  return {
    async open(asked) {
      const { description, maxRequestBytes, encodings } = await unary.describe(uri, asked.signal);
      // What a call carries has no format to agree on.
      if (!description.batch || hasMedia(asked)) return streamed.open(asked);
      const names = soleNames(description, asked);
      const request = names === undefined ? asked : ownRequest(asked, names);
      const formats = agreed(description, request);
      const idempotent = init.idempotent || description.idempotent === true;
      const sent = { params: request.params, maxRequestBytes, inCbor: inCbor(description, encodings) };
      const restored = bytesOfCalls(description.outputs, description.schemas, "format-mismatch");
      const attempt = async (question: Question, signal: AbortSignal): Promise<ExecuteResponse> => {
        const answer = await unary.execute(uri, { ...sent, ...question, signal });
        if (answer === undefined) return askOnce(init.streamed, description, request, question, signal);
        return restored?.(answer) ?? answer;
      };
      const asking: Omit<AskInit, "attempt"> = { clock, random, policy, budget, idempotent, uri };
      const session = new BatchSession({
        id: randomId(random),
        pipeline: parseMeshUri(uri).pipeline ?? "",
        request,
        idempotent,
        formats,
        ask: (inputs, signal, context) =>
          ask({ ...asking, attempt: (within) => attempt({ inputs, context }, within) }, signal),
        describe: () => ({
          connection: { transport: parseMeshUri(uri).scheme, state: "connected", address: uri, role: "offerer" },
        }),
      });
      return names === undefined ? session : new RenamedSession(session, names);
    },
  };
}

function hasMedia({ inputs, outputs }: SessionRequest): boolean {
  return [...Object.values(inputs), ...Object.values(outputs).map(({ type }) => type)].some((type) => isMedia(type));
}

/** @throws {MeshError} `protocol-violation` that names the port */
function agreed(
  { inputs, outputs, schemas }: PipelineDescription,
  request: SessionRequest,
): PipelineSession["formats"] {
  const side = (ports: PipelineDescription["inputs"]): { port: string; type: (typeof ports)[string]["type"] }[] =>
    Object.entries(ports).map(([port, { type }]) => ({ port, type }));
  const window = { frames: 1, bytes: 1 };
  return agreedFormats(
    {
      type: "accept",
      version: protocolVersion,
      inputs: side(inputs).map((one) => ({ ...one, window })),
      outputs: side(outputs),
      schemas: { ...schemas },
    },
    request,
  );
}

/** A question that is too large for a message goes over a session of its own. */
async function askOnce(
  endpoint: PipelineEndpoint,
  description: PipelineDescription,
  { params }: SessionRequest,
  { inputs, context = {} }: Question,
  signal: AbortSignal,
): Promise<ExecuteResponse> {
  const session = await CallSession.open(endpoint, description, { params, inputs: Object.keys(inputs), context });
  const unlisten = whenAborted(signal, () => void session.close(signal.reason as never));
  try {
    signal.throwIfAborted();
    return await session.ask(inputs, { last: true, context });
  } finally {
    unlisten();
  }
}

/** The inputs whose records go in CBOR. */
function inCbor(
  { inputs, schemas }: PipelineDescription,
  encodings: readonly string[],
): ReadonlySet<string> | undefined {
  if (!encodings.includes(cborEncoding)) return undefined;
  return new Set(Object.keys(inputs).filter((port) => inputs[port] && gainsByCbor(inputs[port].type, schemas)));
}
