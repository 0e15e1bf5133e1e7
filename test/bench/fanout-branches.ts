import { EventEmitter } from "node:events";
import { Readable, Writable } from "node:stream";
import { Subject } from "rxjs";
import type { FlowType } from "../../runtime/interface/caps.ts";
import type { Frame } from "../../runtime/interface/frame.ts";
import { defineNode, type NodeDefinition } from "../../runtime/interface/node.ts";
import { PipelineBuilder, planWith } from "../support/pipeline-plan-builder.ts";
import { runToEnd } from "../support/run-to-end.ts";

/** Frames that every branch gets before those that count. */
const warmup = 600;

/**
 * Sends so many frames to each of so many branches, or to nobody.
 * @returns microseconds of processor time from the first frame that counts to the last delivered; to nobody, to the last sent
 */
export type Fan = (frames: number, branches: number) => number | Promise<number>;

/** What a branch does with a frame. Several of them, for an engine that sees one function everywhere puts it in place of the call. */
const works: readonly ((sum: number, value: number) => number)[] = [
  (sum, value) => (sum + value) | 0,
  (sum, value) => (sum ^ value) | 0,
  (sum, value) => (sum - value) | 0,
  (sum, value) => (sum + (value & 7)) | 0,
];

/** Counts what is delivered and takes the time. */
class Deliveries {
  readonly #warm: number;
  readonly #all: number;
  /** All branches have had the frames that do not count. */
  readonly warm: Promise<void>;
  #onWarm: () => void = () => undefined;
  #count = 0;
  #sum = 0;
  #start = process.cpuUsage();
  #us: number | undefined;

  constructor(frames: number, branches: number) {
    this.#warm = warmup * branches;
    this.#all = this.#warm + frames * branches;
    this.warm = branches === 0 ? Promise.resolve() : new Promise((resolve) => (this.#onWarm = resolve));
  }

  /** What the branch with this number does with a frame. */
  branch(index: number): (frame: Frame) => void {
    const work = works[index % works.length] as (typeof works)[number];
    return (frame) => {
      this.#sum = work(this.#sum, frame.payload as number);
      this.#count += 1;
      if (this.#count === this.#warm) this.#onWarm();
      else if (this.#count === this.#all) this.#done();
    };
  }

  /** The first frame that counts is about to be sent. */
  start(): void {
    this.#start = process.cpuUsage();
  }

  /** The last frame has been sent. */
  sent(): void {
    if (this.#all === 0) this.#done();
  }

  get us(): number {
    if (this.#us === undefined) throw new Error(`${this.#count} of ${this.#all} deliveries have come`);
    return this.#us;
  }

  #done(): void {
    const { user, system } = process.cpuUsage(this.#start);
    this.#us = user + system;
  }
}

const frameOf = (index: number): Frame => ({
  timestampUs: index * 20_000,
  seq: index,
  epoch: 0,
  flags: 0,
  payload: index,
});

/** Sends the frames of both parts by a function that is called for each. */
function sendAll(deliveries: Deliveries, frames: number, send: (frame: Frame) => void): number {
  for (let index = 0; index < warmup; index += 1) send(frameOf(index));
  deliveries.start();
  for (let index = 0; index < frames; index += 1) send(frameOf(warmup + index));
  deliveries.sent();
  return deliveries.us;
}

export const subject: Fan = (frames, branches) => {
  const deliveries = new Deliveries(frames, branches);
  const source = new Subject<Frame>();
  for (let index = 0; index < branches; index += 1) source.subscribe(deliveries.branch(index));
  return sendAll(deliveries, frames, (frame) => source.next(frame));
};

export const eventEmitter: Fan = (frames, branches) => {
  const deliveries = new Deliveries(frames, branches);
  const source = new EventEmitter();
  source.setMaxListeners(branches);
  for (let index = 0; index < branches; index += 1) source.on("frame", deliveries.branch(index));
  return sendAll(deliveries, frames, (frame) => source.emit("frame", frame));
};

/** A queue before each branch, as Node has it. */
export const nodeStreams: Fan = async (frames, branches) => {
  const deliveries = new Deliveries(frames, branches);
  let next = 0;
  const source = new Readable({
    objectMode: true,
    highWaterMark: 64,
    read() {
      // To wait here would make each later read cost more; what waits before the writers is not worth it.
      if (next === warmup) deliveries.start();
      if (next < warmup + frames) this.push(frameOf(next));
      else {
        deliveries.sent();
        this.push(null);
      }
      next += 1;
    },
  });
  source.setMaxListeners(0);
  const ends = Array.from({ length: branches }, async (_, index) => {
    const take = deliveries.branch(index);
    const end = new Writable({
      objectMode: true,
      highWaterMark: 64,
      write(frame: Frame, _encoding, done) {
        take(frame);
        done();
      },
    });
    source.pipe(end);
    await new Promise((resolve) => end.once("finish", resolve));
  });
  if (branches === 0) await new Promise((resolve) => source.resume().once("end", resolve));
  await Promise.all(ends);
  return deliveries.us;
};

const integer: FlowType = { kind: "scalar", name: "int" };

/** Ours: a session with a source whose output is linked to so many nodes. @param sync whether the branches are declared so */
export const sessionOf =
  (sync: boolean): Fan =>
  async (frames, branches) => {
    const deliveries = new Deliveries(frames, branches);
    const nodes: Record<string, NodeDefinition> = {
      Source: defineNode({
        open: (_, { emit }) => ({
          async run() {
            for (let index = 0; index < warmup + frames; index += 1) {
              if (index === warmup) {
                await deliveries.warm;
                deliveries.start();
              }
              const room = emit("out", index, { timestampUs: index * 20_000 });
              if (room !== undefined) await room;
            }
            deliveries.sent();
          },
        }),
      }),
    };
    const builder = new PipelineBuilder("Fan").node("Source", {}, { out: integer });
    for (let index = 0; index < branches; index += 1) {
      nodes[`Branch${index}`] = defineNode({ sync, open: () => ({ process: deliveries.branch(index) }) });
      builder.node(`Branch${index}`, { in: integer }, {}).link("Source.out", `Branch${index}.in`);
    }
    await runToEnd(planWith(builder), "Fan", nodes);
    return deliveries.us;
  };
