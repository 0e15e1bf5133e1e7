import type { MeshEvent } from "../../../runtime/interface/events.ts";

/** What a timeline says of an event; undefined for what needs no word. */
export function happeningOf(event: MeshEvent): string | undefined {
  switch (event.kind) {
    case "remote-connected":
      return `${event.remote} uses ${event.target}`;
    case "remote-failed": {
      const next = event.next === undefined ? "" : `; next is ${event.next}`;
      return `${event.remote} gives up ${event.target}: ${event.error.message.replace(/\.$/, "")}${next}`;
    }
    case "remote-breaker":
      return `${event.remote}: the breaker of ${event.target} is ${event.state}`;
    case "node-failed":
      return `${event.node} fails: ${event.error.message}`;
    case "node-restarting":
      return `${event.node} is opened anew after: ${event.error.message}`;
    case "node-stalled":
      return `${event.node} has not come back for ${Math.round(event.forMs / 1000)}s`;
    case "join-stalled":
      return `${event.node} finds no set: ${event.full} is full`;
    case "registration-lost":
      return `${event.peer} is not registered at ${event.service}: ${event.error.message}`;
    default:
      return undefined;
  }
}
