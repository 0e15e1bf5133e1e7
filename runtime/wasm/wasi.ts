import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Log, LogLevel } from "../interface/node.ts";
import type { Random } from "../interface/random.ts";

/** What a reactor may have of the world around it. */
export interface WasiWorld {
  readonly clock: Clock;
  readonly random: Random;
  /** Takes each line that the module writes to its standard output, as `info`, or to its standard error, as `warn`. */
  readonly log: Log;
  /** The memory of the module, once there is one. */
  readonly memory: () => WebAssembly.Memory | undefined;
}

type Call = (...args: never[]) => number;

/** The error numbers of preview 1 that are given here. */
const errno = { success: 0, badf: 8, fault: 21, inval: 28, nosys: 52, spipe: 70 } as const;

const clockId = { realtime: 0, monotonic: 1 } as const;
const streamLevels: Readonly<Record<number, LogLevel>> = { 1: "info", 2: "warn" };

/** A line that does not end is cut here. */
const maxLineBytes = 8 * 1024;
/** What a source of random bytes gives at once in every browser (Web Cryptography, `getRandomValues`). */
const maxRandomBytes = 65_536;
const characterDevice = 2;

/**
 * WASI preview 1 as far as a node needs it: no files, no arguments, no environment, but clocks, random bytes and lines for the
 * log. What is not here answers `ENOSYS`, as a system does that lacks it.
 *
 * Numbers and layouts are those of `wasi_snapshot_preview1`
 * (https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md). An address outside the memory is `EFAULT`.
 */
export function wasiImports(names: Iterable<string>, world: WasiWorld): Record<string, Call> {
  const known = new Map(Object.entries(calls(world)));
  return Object.fromEntries([...names].map((name) => [name, known.get(name) ?? (() => errno.nosys)]));
}

function calls({ clock, random, log, memory }: WasiWorld): Record<string, Call> {
  const streams = new Map(Object.entries(streamLevels).map(([fd, level]) => [Number(fd), new LineWriter(level, log)]));

  /** Runs a call that touches memory. */
  const within = (work: (view: DataView, bytes: Uint8Array) => number): number => {
    const buffer = memory()?.buffer;
    if (buffer === undefined) return errno.fault;
    try {
      return work(new DataView(buffer), new Uint8Array(buffer));
    } catch (error) {
      if (error instanceof RangeError) return errno.fault;
      throw error;
    }
  };
  const nothing = (countAt: number, sizeAt: number): number =>
    within((view) => {
      view.setUint32(countAt >>> 0, 0, true);
      view.setUint32(sizeAt >>> 0, 0, true);
      return errno.success;
    });
  return {
    args_sizes_get: nothing,
    args_get: () => errno.success,
    environ_sizes_get: nothing,
    environ_get: () => errno.success,
    clock_res_get: (id: number, at: number) =>
      within((view) => {
        if (id !== clockId.realtime && id !== clockId.monotonic) return errno.inval;
        view.setBigUint64(at >>> 0, id === clockId.realtime ? 1_000_000n : 1_000n, true);
        return errno.success;
      }),
    clock_time_get: (id: number, _precision: bigint, at: number) =>
      within((view) => {
        if (id !== clockId.realtime && id !== clockId.monotonic) return errno.inval;
        const ns =
          id === clockId.realtime
            ? BigInt(Math.round(clock.wallMs())) * 1_000_000n
            : BigInt(Math.round(clock.nowUs())) * 1_000n;
        view.setBigUint64(at >>> 0, ns, true);
        return errno.success;
      }),
    random_get: (at: number, count: number) =>
      within((_, bytes) => {
        const end = (at >>> 0) + (count >>> 0);
        if (end > bytes.length) return errno.fault;
        for (let next = at >>> 0; next < end; next += maxRandomBytes) {
          bytes.set(random.bytes(Math.min(maxRandomBytes, end - next)), next);
        }
        return errno.success;
      }),
    fd_write: (fd: number, at: number, count: number, writtenAt: number) =>
      within((view, bytes) => {
        const stream = streams.get(fd);
        if (stream === undefined) return errno.badf;
        const parts = pieces(view, bytes, at, count);
        view.setUint32(
          writtenAt >>> 0,
          parts.reduce((sum, part) => sum + part.length, 0),
          true,
        );
        for (const part of parts) stream.write(part);
        return errno.success;
      }),
    fd_read: (fd: number, _at: number, _count: number, readAt: number) =>
      within((view) => {
        if (fd !== 0) return errno.badf;
        view.setUint32(readAt >>> 0, 0, true);
        return errno.success;
      }),
    fd_fdstat_get: (fd: number, at: number) =>
      within((view, bytes) => {
        if (fd < 0 || fd > 2) return errno.badf;
        if ((at >>> 0) + 24 > bytes.length) return errno.fault;
        bytes.fill(0, at >>> 0, (at >>> 0) + 24);
        view.setUint8(at >>> 0, characterDevice);
        // All rights, which for such a stream are to read and to write.
        view.setBigUint64((at >>> 0) + 8, 0x42n, true);
        return errno.success;
      }),
    fd_seek: (fd: number) => (fd >= 0 && fd <= 2 ? errno.spipe : errno.badf),
    fd_close: (fd: number) => (fd >= 0 && fd <= 2 ? errno.success : errno.badf),
    // There are no folders that were opened beforehand; this is how a module learns it.
    fd_prestat_get: () => errno.badf,
    fd_prestat_dir_name: () => errno.badf,
    sched_yield: () => errno.success,
    proc_exit: (code: number) => {
      throw new MeshError("node-failed", `it has ended itself with exit code ${code}`);
    },
  };
}

/** The pieces of an I/O vector. @throws {RangeError} where they lie outside the memory */
function pieces(view: DataView, bytes: Uint8Array, at: number, count: number): Uint8Array[] {
  if ((count >>> 0) * 8 > view.byteLength) throw new RangeError("more pieces than memory holds");
  return Array.from({ length: count >>> 0 }, (_, index) => {
    const start = view.getUint32((at >>> 0) + index * 8, true);
    const size = view.getUint32((at >>> 0) + index * 8 + 4, true);
    if (start + size > bytes.length) throw new RangeError("a piece outside the memory");
    return bytes.subarray(start, start + size);
  });
}

/** Makes lines of what is written piece by piece. */
class LineWriter {
  readonly #level: LogLevel;
  readonly #log: Log;
  readonly #decoder = new TextDecoder();
  #held = "";

  constructor(level: LogLevel, log: Log) {
    this.#level = level;
    this.#log = log;
  }

  write(bytes: Uint8Array): void {
    // A copy: a decoder takes no view of a memory that may grow.
    const lines = (this.#held + this.#decoder.decode(bytes.slice(), { stream: true })).split("\n");
    this.#held = lines.pop() ?? "";
    if (this.#held.length > maxLineBytes) lines.push(this.#held.slice(0, maxLineBytes));
    if (this.#held.length > maxLineBytes) this.#held = "";
    for (const line of lines) this.#log(this.#level, line.slice(0, maxLineBytes));
  }
}
