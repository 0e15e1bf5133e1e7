import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { envNumber } from "../../support/env-number.ts";
import { peer, pipeline } from "./registry/support.ts";
import { fuzzedService, maxPeers, readSaid, type FuzzedService, type Line } from "./support/fuzzed-service.ts";

const runs = envNumber("MESH_SIGNALING_FUZZ", 2_000);
const seed = envNumber("MESH_SIGNALING_FUZZ_SEED", 20_261_129);

interface Request {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}
type Step =
  | { readonly do: "ask"; readonly line: number; readonly request: Request }
  | { readonly do: "say"; readonly line: number; readonly text: string }
  | { readonly do: "answer"; readonly line: number; readonly result: unknown; readonly end: boolean }
  | { readonly do: "hang up" | "open"; readonly line: number }
  | { readonly do: "wait"; readonly ms: number };

const lines = 4;
const peerId = fc.constantFrom("a", "b", "c", "constructor");
const name = fc.constantFrom("Hearing", "Speaking", "toString");
const epoch = fc.nat(6);
const load = fc.record(
  { inFlight: fc.nat(3), slots: fc.integer({ min: 1, max: 3 }), latencyMs: fc.nat(50) },
  { requiredKeys: ["inFlight"] },
);
const registration = fc
  .record({
    id: peerId,
    keyOf: fc.constantFrom("a", "b", "c"),
    epoch,
    relay: fc.boolean(),
    names: fc.uniqueArray(name, { maxLength: 3 }),
    leaseMs: fc.constantFrom(5_000, 30_000, 120_000),
    load: fc.option(load, { nil: undefined }),
    anonymous: fc.nat(9).map((one) => one === 0),
  })
  .map(({ id, keyOf, names, anonymous, ...more }) => {
    const { key } = peer(keyOf);
    const all = { ...peer(id), ...more, key, pipelines: names.map((one) => pipeline(one)) };
    return anonymous ? { ...all, id: undefined } : all;
  });
const query = fc.record(
  { pipeline: name, peer: peerId, batch: fc.boolean(), interface: fc.constant("0".repeat(32)) },
  { requiredKeys: [] },
);
const asked = <P>(method: string, params: fc.Arbitrary<P>): fc.Arbitrary<Request> =>
  params.map((given) => ({ method, params: given as Request["params"] }));
const request = fc.oneof(
  { weight: 3, arbitrary: asked("hello", fc.constant({ versions: [1] })) },
  { weight: 4, arbitrary: asked("register", registration) },
  {
    weight: 2,
    arbitrary: asked(
      "hello",
      fc.record(
        { versions: fc.constant([1]), pipeline: name, peer: peerId },
        { requiredKeys: ["versions", "pipeline"] },
      ),
    ),
  },
  { weight: 1, arbitrary: asked("offer", fc.constant({ sdp: "v=0" })) },
  { weight: 2, arbitrary: asked("renew", fc.record({ id: peerId, epoch })) },
  { weight: 1, arbitrary: asked("unregister", fc.record({ id: peerId, epoch })) },
  { weight: 1, arbitrary: asked("report", fc.record({ id: peerId, epoch, load })) },
  {
    weight: 2,
    arbitrary: asked(
      "discover",
      fc
        .tuple(query, fc.constantFrom(undefined, "", "a/", "zz", "b/Hearing"), fc.constantFrom(undefined, 1, 200))
        .map(([given, cursor, limit]) => ({ ...given, cursor, limit })),
    ),
  },
  { weight: 2, arbitrary: asked("watch", query) },
  {
    weight: 2,
    arbitrary: asked(
      "connect",
      fc
        .tuple(query, fc.constantFrom("round_robin", "least_loaded", "hash", "fastest", "adaptive"))
        .map(([given, prefer]) => ({ ...given, prefer })),
    ),
  },
  { weight: 1, arbitrary: asked("bye", fc.constant({})) },
);

/** What a message is turned into that somebody has tampered with. */
const tampering = fc.tuple(
  fc.nat(6),
  fc.nat(400),
  fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(-1, 1e300, "", null, [], {}, "x".repeat(70))),
);

function tampered({ method, params }: Request, [way, at, value]: [number, number, unknown]): string {
  const whole: Record<string, unknown> = { jsonrpc: "2.0", id: 1, method, params };
  const text = JSON.stringify(whole);
  const where = at % text.length;
  const [members, keys] =
    at % 2 === 0 ? [whole, Object.keys(whole)] : [params as Record<string, unknown>, Object.keys(params)];
  const key = keys[at % Math.max(1, keys.length)] ?? "id";
  if (way === 0) return text.slice(0, where);
  if (way === 1) return `${text.slice(0, where)}${JSON.stringify(value)}${text.slice(where)}`;
  if (way === 2) return `[${text},${text}]`;
  if (way === 3)
    return text.replace("{", `{"__proto__":${JSON.stringify(value)},"constructor":${JSON.stringify(value)},`);
  if (way === 4) return text.replace(/\{/g, '{"a":{"a":{"a":{"a":');
  const changed = { ...members };
  if (way === 5) delete changed[key];
  else changed[key] = value;
  return JSON.stringify(at % 2 === 0 ? changed : { ...whole, params: changed });
}

const line = fc.nat(lines - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 14, arbitrary: fc.record({ do: fc.constant("ask" as const), line, request }) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(line, request, tampering)
      .map(([at, one, how]) => ({ do: "say" as const, line: at, text: tampered(one, how) })),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("say" as const), line, text: fc.string({ maxLength: 40 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("answer" as const),
      line,
      result: fc.jsonValue({ maxDepth: 1 }),
      end: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("hang up" as const, "open" as const), line }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(1, 999, 5_000, 10_000, 31_000, 125_000),
    }),
  },
);

/** Who has an id, as it has to be by what was answered. */
interface Owner {
  readonly key: unknown;
  readonly epoch: number;
  readonly line: Line;
  leaseMs: number;
  /** The lease runs until then at least, and with a broken connection no longer. */
  sinceMs: number;
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

/** One run: does the steps, and holds each answer against what came before. */
class Run {
  readonly #at: FuzzedService;
  readonly #lines: Line[] = [];
  readonly #owners = new Map<string, Owner>();
  readonly #asked = new Map<string, Request>();
  readonly #read = new Map<Line, number>();
  /** The last call that was passed on over a line. */
  readonly #calls = new Map<Line, number>();
  #nextId = 100;

  constructor(at: FuzzedService) {
    this.#at = at;
    for (let count = 0; count < lines; count += 1) this.#lines.push(at.open());
    // Most of what is worth asking comes after this.
    for (const one of this.#lines.slice(1)) this.#ask(one, { method: "hello", params: { versions: [1] } });
  }

  async take(step: Step): Promise<void> {
    if (step.do === "wait") this.#at.clock.advance(step.ms);
    else {
      const one = this.#lines[step.line] as Line;
      if (step.do === "ask") this.#ask(one, step.request);
      else if (step.do === "say") this.#say(one, step.text);
      else if (step.do === "answer") this.#answer(one, step.result, step.end);
      else if (step.do === "hang up") one.hangUp();
      else if (one.closed !== undefined) this.#lines[step.line] = this.#at.open();
    }
    // All that the store does is done within a few turns of the microtasks.
    for (let turn = 0; turn < 12; turn += 1) await undefined;
    for (const one of this.#lines) this.#hear(one);
    expect(this.#at.registry.directory.size).toBeLessThanOrEqual(maxPeers);
  }

  async end(): Promise<void> {
    for (const one of this.#lines) one.hangUp();
    for (let minute = 0; minute < 5; minute += 1) {
      this.#at.clock.advance(60_000);
      for (let turn = 0; turn < 12; turn += 1) await undefined;
    }
    const { clock, registry, service, refusals } = this.#at;
    expect(service.figures).toMatchObject({ conversations: 0, peers: 0, calls: 0 });
    expect([registry.directory.size, registry.directory.length, clock.pending]).toEqual([0, 0, 0]);
    expect(service.peersPerAddress.size).toBe(0);
    expect(Object.values(refusals.figures).every((count) => Number.isInteger(count) && count > 0)).toBe(true);
    await this.#at.close();
  }

  #ask(one: Line, asks: Request): void {
    const id = String((this.#nextId += 1));
    this.#asked.set(id, asks);
    one.say(JSON.stringify({ jsonrpc: "2.0", id, ...asks }));
  }

  /** What is no message of its own may be one all the same. */
  #say(one: Line, tampered: string): void {
    const text = tampered.replaceAll('"id":1,', () => `"id":"${(this.#nextId += 1)}",`);
    const message = parsed(text);
    if (typeof message?.["method"] === "string") {
      const params = (message["params"] ?? {}) as Request["params"];
      this.#asked.set(String(message["id"]), { method: message["method"], params });
    }
    one.say(text);
  }

  #answer(one: Line, result: unknown, end: boolean): void {
    const call = this.#calls.get(one) ?? 1;
    const message = { message: { jsonrpc: "2.0", id: 1, result: result as object } };
    const params = { call, ...(end ? { end: { code: 1_000, reason: "" } } : message) };
    one.say(JSON.stringify({ jsonrpc: "2.0", method: "relay", params }));
  }

  #hear(one: Line): void {
    const from = this.#read.get(one) ?? 0;
    this.#read.set(one, one.said.length);
    // A step has one answer, and tells the watches of what it changes: no more than there can be.
    expect(one.said.length - from).toBeLessThan(200);
    for (const text of one.said.slice(from)) {
      // What a called peer answers goes through as it is: it is no word of the service.
      if (text.includes('"id":1,"result"')) continue;
      const said = readSaid(text, (id) => this.#asked.get(String(id))?.method);
      if (said.kind === "notification" && said.method === "relay") this.#calls.set(one, Number(said.params["call"]));
      const request = said.kind === "success" ? this.#asked.get(String(said.id)) : undefined;
      if (request !== undefined && said.kind === "success") this.#hold(one, request, said.result);
    }
  }

  /** @throws when a registration is answered as if it was of somebody else */
  #hold(one: Line, { method, params }: Request, result: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#at.clock.nowUs() / 1_000;
    if (method === "register") {
      const id = String(result["id"]);
      const before = this.#owners.get(id);
      const epochNow = Number(result["epoch"]);
      if (before !== undefined) {
        const runs = before.line.closed === undefined && nowMs < before.sinceMs + before.leaseMs;
        if (runs) expect(params["key"]).toBe(before.key);
        if (runs) expect(epochNow).toBeGreaterThan(before.epoch);
      }
      expect(epochNow).toBeGreaterThan(Number(params["epoch"] ?? 0));
      this.#owners.set(id, {
        key: params["key"],
        epoch: epochNow,
        line: one,
        leaseMs: Number(result["leaseMs"]),
        sinceMs: nowMs,
      });
    } else if (method === "renew" || method === "report" || method === "unregister") {
      const owner = this.#owners.get(String(params["id"]));
      expect(owner?.line === one && owner.epoch === params["epoch"]).toBe(true);
      if (method === "unregister") this.#owners.delete(String(params["id"]));
      else if (owner !== undefined) owner.sinceMs = nowMs;
    } else if (method === "discover") {
      const found = result["found"] as readonly {
        readonly peer: string;
        readonly pipeline: string;
        readonly epoch: number;
      }[];
      expect(new Set(found.map((each) => `${each.peer}/${each.pipeline}`)).size).toBe(found.length);
      for (const each of found) expect(each.epoch).toBe(this.#owners.get(each.peer)?.epoch);
    }
  }
}

describe("a signaling service under fuzz", () => {
  it(`answers whatever comes by its schema, gives an id to one owner, and keeps nothing: ${runs} runs`, async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      const steps = fc.array(step, { minLength: 8, maxLength: 26, size: "max" });
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          const run = new Run(await fuzzedService());
          for (const one of all) await run.take(one);
          await run.end();
        }),
        { numRuns: runs, seed },
      );
    } finally {
      process.off("unhandledRejection", note);
    }
    expect(unhandled).toEqual([]);
  });
});
