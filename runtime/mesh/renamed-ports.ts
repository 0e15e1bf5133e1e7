import type { PipelineEndpoint, PipelineSession, SessionRequest } from "../interface/session.ts";

/** From the names of a program to those of the pipeline that was found; what is not in it is called the same. */
export interface PortRenames {
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** An endpoint whose ports are called otherwise than where it is. */
export function renamedPorts(endpoint: PipelineEndpoint, names: PortRenames): PipelineEndpoint {
  if (Object.keys(names.inputs).length + Object.keys(names.outputs).length === 0) return endpoint;
  return { open: async (request) => renamedSession(await endpoint.open(thereOf(request, names)), names) };
}

function thereOf(request: SessionRequest, { inputs, outputs }: PortRenames): SessionRequest {
  return {
    ...request,
    inputs: renamed(request.inputs, inputs),
    outputs: renamed(request.outputs, outputs),
    live: request.live && {
      inputs: request.live.inputs.map((port) => inputs[port] ?? port),
      outputs: request.live.outputs.map((port) => outputs[port] ?? port),
    },
  };
}

function renamed<T>(ports: Readonly<Record<string, T>>, names: Readonly<Record<string, string>>): Record<string, T> {
  return Object.fromEntries(Object.entries(ports).map(([port, value]) => [names[port] ?? port, value]));
}

function inverse(names: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(names).map(([here, there]) => [there, here]));
}

function renamedSession(session: PipelineSession, names: PortRenames): PipelineSession {
  const [inputs, outputs] = [inverse(names.inputs), inverse(names.outputs)];
  const { id, closed, formats, idempotent, tracks, resume, unanswered, confirmed, irreplaceable } = session;
  return {
    id,
    closed,
    inputs: renamed(session.inputs, inputs),
    formats: { inputs: renamed(formats.inputs, inputs), outputs: renamed(formats.outputs, outputs) },
    close: (error) => session.close(error),
    describe: () => session.describe(),
    live: undefined,
    ...(idempotent !== undefined && { idempotent }),
    ...(resume !== undefined && { resume: (signal) => resume.call(session, signal) }),
    ...(unanswered !== undefined && { unanswered: () => renamed(unanswered.call(session), inputs) }),
    ...(confirmed !== undefined && { confirmed: (signal) => confirmed.call(session, signal) }),
    ...(irreplaceable !== undefined && { irreplaceable: () => irreplaceable.call(session) }),
    ...(tracks !== undefined && {
      tracks: {
        send: (input, track, onCarried) => tracks.send(names.inputs[input] ?? input, track, onCarried),
        receive: (output, onTrack) => tracks.receive(names.outputs[output] ?? output, onTrack),
      },
    }),
  };
}
