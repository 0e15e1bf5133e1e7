import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { prepareLives } from "./runner.ts";

/** A mistake as one could make it: in one file, a piece of text that stands there once becomes another. */
export interface Planted {
  readonly what: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/** What the simulation has to find; nothing on the disk is changed for it. */
export const planted: readonly Planted[] = [
  {
    what: "resume: a frame is left out when what was not confirmed is sent again",
    file: "runtime/remote/kept-batches.ts",
    find: "if (number >= received) this.#hold(add(record));",
    put: "if (number > received) this.#hold(add(record));",
  },
  {
    what: "resume: the last frame that has been received is sent again",
    file: "runtime/remote/kept-batches.ts",
    find: "if (number >= received) this.#hold(add(record));",
    put: "if (number >= received - 1) this.#hold(add(record));",
  },
  {
    what: "failover: what is on its way counts as confirmed",
    file: "runtime/remote/kept-batches.ts",
    find: "if (number >= this.#confirmed) frames.push(this.#written(wire, number));",
    put: "if (number > this.#confirmed) frames.push(this.#written(wire, number));",
  },
  {
    what: "failover: two targets win, and nobody closes the later session",
    file: "runtime/remote/search.ts",
    find: "            init.discard(value);\n            return;",
    put: "            return;",
  },
  {
    what: "failover: a session that has been replaced still gives frames",
    file: "runtime/remote/hf-pipeline-node.ts",
    find: '    for (const link of attempt.links) link.fence();\n    this.#leave(attempt.session.close(new MeshError("cancelled", "Another session has taken its place.")));\n',
    put: "",
  },
  {
    what: "failback: what the target that is left has not confirmed is not waited for",
    file: "runtime/remote/drain.ts",
    find: "(session.confirmed?.(within) ?? Promise.resolve())",
    put: "Promise.resolve()",
  },
  {
    what: "retries: further attempts take nothing from the budget",
    file: "runtime/balancing/retry-budget.ts",
    find: "    if (waitMs > withinMs) return undefined;\n    this.#tokens -= 1;",
    put: "    if (waitMs > withinMs) return undefined;",
  },
  {
    what: "registry: an epoch is given a second time, to another owner",
    file: "runtime/signaling/registry/registry.ts",
    find: "const last = Math.max(Math.min(epoch, serviceLimits.broughtEpoch), this.#ended.get(id) ?? 0);",
    put: "const last = epoch;",
  },
  {
    what: "registry: a lease that is not renewed never ends",
    file: "runtime/signaling/registry/registry.ts",
    find: "({ id, epoch }) => void this.end(id, epoch).catch(() => undefined)",
    put: "() => undefined",
  },
  {
    what: "registry: an id goes to whoever asks for it",
    file: "runtime/signaling/registry/fencing.ts",
    find: "current !== undefined && !sameKey(current.key, key)",
    put: "current !== undefined && !sameKey(current.key, current.key)",
  },
  {
    what: "service: a conversation that does not answer is asked again and again",
    file: "runtime/mesh/service-lookup.ts",
    find: 'code === "peer-lost" || code === "deadline-exceeded"',
    put: 'code === "peer-lost"',
  },
  {
    what: "service: who watches is not told what has gone",
    file: "runtime/signaling/service/watch.ts",
    find: "if (gone.length > 0)",
    put: "if (gone.length > 1)",
  },
  {
    what: "balancing: a session that is over stays in the load that its peer reports",
    file: "runtime/mesh/open-sessions.ts",
    find: "      this.#running.delete(session);\n",
    put: "",
  },
  {
    what: "balancing: what was sent to a candidate counts for ever",
    file: "runtime/balancing/candidate.ts",
    find: '      if (sent.atUs > forgottenUs) break;\n      sent.state = "over";',
    put: '      if (sent.atUs > forgottenUs - 1e12) break;\n      sent.state = "over";',
  },
  {
    what: "balancing: the same key goes elsewhere each time",
    file: "runtime/balancing/policies/hash.policy.ts",
    find: "const wanted = key ?? randomId(random);",
    put: "const wanted = `${key} ${randomId(random)}`;",
  },
  {
    what: "timers: a heartbeat goes on after the end of its connection",
    file: "runtime/remote/leg.ts",
    find: "    this.#over = true;\n    this.#stopHeartbeat();",
    put: "    this.#over = true;",
  },
];

export interface Search {
  readonly planted: Planted;
  /** How many lives it took; undefined when none has found it. */
  readonly lives: number | undefined;
  /** What was seen of it. */
  readonly broken: string;
}

/**
 * Plants a mistake, and lives until it is found.
 * @param most lives at most
 * @throws {Error} when the text that it replaces does not stand there once
 */
export async function find(
  one: Planted,
  init: { readonly first: number; readonly most: number; readonly jobs: number },
): Promise<Search> {
  const lives = await prepareLives([plugin(one)]);
  let seen = 0;
  let broken = "";
  try {
    await lives.run({
      first: init.first,
      count: init.most,
      jobs: init.jobs,
      onLife: (line) => {
        // Another job may be in the middle of a life.
        if (broken !== "") return false;
        seen += 1;
        broken = line.broken[0] ?? "";
        return broken === "";
      },
    });
  } finally {
    lives.close();
  }
  return { planted: one, lives: broken === "" ? undefined : seen, broken };
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(`../../${file}`, import.meta.url));
}

/** The text of a file of the project. */
export function source(file: string): string {
  return readFileSync(pathOf(file), "utf8");
}

function plugin({ file, find: text, put }: Planted): Plugin {
  const path = pathOf(file);
  return {
    name: "planted",
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, (args) => {
        if (args.path !== path) return undefined;
        const written = source(file);
        if (written.split(text).length !== 2)
          throw new Error(`${file} does not hold once what is to be replaced: ${text}`);
        return { contents: written.replace(text, () => put), loader: "ts" };
      });
    },
  };
}
