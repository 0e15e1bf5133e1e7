/** Whom frames are for, where that is not whom their session was opened for. */
import {
  readContext,
  traceParentFromBytes,
  traceParentToBytes,
  type RequestContext,
} from "../interface/request-context.ts";
import type { FrameContext } from "./stream-sink.ts";

/** @param opened what the session was opened for @param now for what it is used from now on */
export function differenceOf(opened: RequestContext, now: RequestContext): FrameContext {
  const { origin, traceParent } = now;
  return {
    ...(traceParent !== opened.traceParent && { traceParent: traceParentToBytes(traceParent) }),
    ...(origin !== undefined && origin !== opened.origin && { origin: new TextEncoder().encode(origin) }),
  };
}

/** What frames are for that say so. */
export function saidWith(opened: RequestContext, said: FrameContext | undefined): RequestContext {
  if (said === undefined) return opened;
  const { origin, traceParent } = said;
  // A state belongs to its trace parent, and there is none in a frame.
  const trace = traceParent === undefined ? opened : { traceParent: traceParentFromBytes(traceParent) };
  return readContext({ ...trace, origin: origin === undefined ? opened.origin : new TextDecoder().decode(origin) });
}
