import type { HttpResponse, HttpService } from "./message.ts";
import { problemResponse } from "./problem.ts";
import { MeshError } from "../interface/errors.ts";

/** `GET /healthz`: the process answers. `GET /readyz`: it takes new peers and calls; with what it has to do, in figures. */
export function healthService(isReady: () => boolean, figures: () => object): HttpService {
  return {
    front: (at) => ({
      what: "a signaling service of pipeline-mesh",
      lines: [
        `A peer registers with it: meshc run FILE --register ws://${at}`,
        `What is registered: meshc discover ws://${at}`,
        `How it is: http://${at}/healthz`,
      ],
    }),
    async answer({ method, path }) {
      const found = healthAt(path, isReady, figures);
      if (found === undefined) {
        const hint = "This is a signaling service: /healthz, /readyz, and a WebSocket at /.";
        return problemResponse(new MeshError("invalid-argument", `There is nothing at ${path}.`, { hint }), 404);
      }
      if (method === "GET" || method === "HEAD") return found;
      const { headers, ...rest } = problemResponse(
        new MeshError("invalid-argument", `${method} is not known at ${path}.`),
        405,
      );
      return { ...rest, headers: { ...headers, allow: "GET, HEAD" } };
    },
    // Whether it is ready says `isReady`.
    drain: () => undefined,
  };
}

/** What a health check is answered; undefined at another path. */
export function healthAt(path: string, isReady: () => boolean, figures: () => object): HttpResponse | undefined {
  if (path !== "/healthz" && path !== "/readyz") return undefined;
  const ready = path === "/healthz" || isReady();
  return {
    status: ready ? 200 : 503,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
    body: `${JSON.stringify({ status: ready ? "ok" : "stopping", ...figures() })}\n`,
  };
}
