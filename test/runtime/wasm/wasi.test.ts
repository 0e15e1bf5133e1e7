import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { wasiImports } from "../../../runtime/wasm/wasi.ts";
import { virtualClock } from "pipeline-mesh/testing";
import { seededRandom } from "../../support/real-clock.ts";

const success = 0;
const badf = 8;
const fault = 21;
const inval = 28;
const nosys = 52;
const spipe = 70;

const pageBytes = 65_536;

function world() {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const clock = virtualClock(1_700_000_000_000);
  const lines: string[] = [];
  const names = [
    ..."args_sizes_get args_get environ_sizes_get environ_get clock_res_get clock_time_get random_get fd_write".split(
      " ",
    ),
    ..."fd_read fd_fdstat_get fd_seek fd_close fd_prestat_get fd_prestat_dir_name sched_yield proc_exit".split(" "),
    ..."path_open sock_accept".split(" "),
  ];
  const init = {
    clock,
    random: seededRandom(7),
    log: (level: string, message: string) => void lines.push(`${level}: ${message}`),
    memory: () => memory,
  };
  const calls = wasiImports(names, init) as unknown as Record<string, (...args: (number | bigint)[]) => number>;
  const call = (name: string, ...args: (number | bigint)[]): number => calls[name]?.(...args) ?? -1;
  const view = new DataView(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  /** Writes by an I/O vector of these pieces. */
  const write = (fd: number, ...texts: string[]): number => {
    let at = 1024;
    for (const [index, text] of texts.entries()) {
      const encoded = new TextEncoder().encode(text);
      bytes.set(encoded, at);
      view.setUint32(index * 8, at, true);
      view.setUint32(index * 8 + 4, encoded.length, true);
      at += encoded.length;
    }
    return call("fd_write", fd, 0, texts.length, 512);
  };
  return { call, clock, lines, view, bytes, write };
}

describe("WASI preview 1", () => {
  it("has no arguments and no environment", () => {
    const { call, view } = world();
    view.setUint32(0, 7, true);
    expect([call("args_sizes_get", 0, 4), call("environ_sizes_get", 8, 12)]).toEqual([success, success]);
    expect([0, 4, 8, 12].map((at) => view.getUint32(at, true))).toEqual([0, 0, 0, 0]);
    expect([call("args_get", 0, 0), call("environ_get", 0, 0)]).toEqual([success, success]);
  });

  it("tells the time of the runtime's clock, in nanoseconds", () => {
    const { call, clock, view } = world();
    clock.advance(1_500);
    expect(call("clock_time_get", 1, 1n, 8)).toBe(success);
    expect(view.getBigUint64(8, true)).toBe(1_500_000_000n);
    expect(call("clock_time_get", 0, 1n, 8)).toBe(success);
    expect(view.getBigUint64(8, true)).toBe(1_700_000_001_500n * 1_000_000n);
    expect(call("clock_res_get", 1, 8)).toBe(success);
    expect(view.getBigUint64(8, true)).toBe(1_000n);
    expect(call("clock_time_get", 3, 1n, 8)).toBe(inval);
  });

  it("gives random bytes of the runtime's source, more than it gives at once too", () => {
    const { call, bytes } = world();
    const first = seededRandom(7).bytes(4);
    expect(call("random_get", 16, 4)).toBe(success);
    expect(bytes.slice(16, 20)).toEqual(first);
    expect(call("random_get", 0, pageBytes)).toBe(success);
    expect(call("random_get", 8, pageBytes)).toBe(fault);
  });

  it("logs lines of standard output and standard error, however they are cut up", () => {
    const { lines, write, view } = world();
    expect(write(1, "one ", "line\ntwo")).toBe(success);
    expect(view.getUint32(512, true)).toBe(12);
    expect(write(2, "oops\n")).toBe(success);
    expect(write(1, " lines\nand no end")).toBe(success);
    expect(lines).toEqual(["info: one line", "warn: oops", "info: two lines"]);
    expect(write(1, "x".repeat(20_000))).toBe(success);
    expect(lines.at(-1)).toHaveLength("info: ".length + 8 * 1024);
    expect(write(3, "x")).toBe(badf);
  });

  it("has three streams and no files", () => {
    const { call, bytes } = world();
    expect(call("fd_fdstat_get", 1, 32)).toBe(success);
    expect(bytes[32]).toBe(2);
    expect(call("fd_read", 0, 0, 0, 64)).toBe(success);
    expect([call("fd_seek", 1, 0n, 0, 0), call("fd_close", 2)]).toEqual([spipe, success]);
    expect(
      ["fd_fdstat_get", "fd_seek", "fd_close", "fd_prestat_get", "fd_prestat_dir_name", "fd_read"].map((name) =>
        call(name, 3, 0),
      ),
    ).toEqual(Array.from({ length: 6 }, () => badf));
    expect([call("path_open", 3), call("sock_accept", 3)]).toEqual([nosys, nosys]);
    expect(call("sched_yield")).toBe(success);
  });

  it.each([
    ["fd_write", [1, pageBytes - 4, 1, 0]],
    ["fd_write", [1, 0, 0x7fff_ffff, 0]],
    ["fd_write", [1, 0, -1, 0]],
    ["fd_write", [1, 0, 0, pageBytes - 2]],
    ["fd_fdstat_get", [1, pageBytes - 8]],
    ["fd_read", [0, 0, 0, -4]],
    ["random_get", [-8, 16]],
    ["clock_time_get", [0, 1n, pageBytes]],
    ["args_sizes_get", [-4, 0]],
  ])("answers that an address lies outside the memory: %s(%s)", (name, args) => {
    expect(world().call(name, ...args)).toBe(fault);
  });

  it("writes no piece that lies outside the memory", () => {
    const { call, view, lines } = world();
    view.setUint32(0, pageBytes - 1, true);
    view.setUint32(4, 2, true);
    expect(call("fd_write", 1, 0, 1, 512)).toBe(fault);
    expect(lines).toEqual([]);
  });

  it("fails the node that ends itself, and does without a memory", () => {
    expect(() => world().call("proc_exit", 2)).toThrow(MeshError);
    const { fd_write: write } = wasiImports(["fd_write"], {
      clock: virtualClock(),
      random: seededRandom(1),
      log: () => undefined,
      memory: () => undefined,
    }) as unknown as Record<string, (...args: number[]) => number>;
    expect(write?.(1, 0, 0, 0)).toBe(fault);
  });
});
