/**
 * Runs flite, a command-line program compiled to WASI preview 1, once: arguments in, the WAV file that it writes out.
 *
 * The function is sent to a worker as text. It must not refer to anything outside itself but what JavaScript has
 * everywhere, and it takes long enough (some ten milliseconds a second of speech) to be kept off the main thread.
 *
 * Of WASI it has what flite calls: arguments, a clock that stands still, and one directory in which one file is written.
 */
export function runFlite(module: WebAssembly.Module, args: readonly string[]): Uint8Array<ArrayBuffer> {
  const [success, badDescriptor, invalid] = [0, 8, 28];
  const [directoryFd, fileFd] = [3, 4];
  const encoded = ["flite", ...args, "-o", "out.wav"].map((arg) => new TextEncoder().encode(`${arg}\0`));
  let file = new Uint8Array(1 << 18);
  let length = 0;
  let position = 0;
  const view = (): DataView => new DataView((exports["memory"] as WebAssembly.Memory).buffer);

  const append = (bytes: Uint8Array): void => {
    const end = position + bytes.length;
    if (end > file.length) {
      const larger = new Uint8Array(Math.max(end, file.length * 2));
      larger.set(file.subarray(0, length));
      file = larger;
    }
    file.set(bytes, position);
    position = end;
    length = Math.max(length, end);
  };

  const wasi = {
    args_sizes_get(count: number, bytes: number): number {
      view().setUint32(count, encoded.length, true);
      view().setUint32(
        bytes,
        encoded.reduce((sum, arg) => sum + arg.length, 0),
        true,
      );
      return success;
    },
    args_get(pointers: number, buffer: number): number {
      let at = buffer;
      for (const [index, arg] of encoded.entries()) {
        view().setUint32(pointers + index * 4, at, true);
        new Uint8Array(view().buffer).set(arg, at);
        at += arg.length;
      }
      return success;
    },
    clock_time_get(_id: number, _precision: bigint, time: number): number {
      view().setBigUint64(time, 0n, true);
      return success;
    },
    fd_close: () => success,
    fd_fdstat_set_flags: () => success,
    fd_fdstat_get(fd: number, stat: number): number {
      if (fd > fileFd) return badDescriptor;
      const [characterDevice, directory, regularFile] = [2, 3, 4];
      view().setUint32(stat, fd === directoryFd ? directory : fd === fileFd ? regularFile : characterDevice, true);
      view().setBigUint64(stat + 8, 0xffff_ffff_ffff_ffffn, true);
      view().setBigUint64(stat + 16, 0xffff_ffff_ffff_ffffn, true);
      return success;
    },
    fd_prestat_get(fd: number, prestat: number): number {
      if (fd !== directoryFd) return badDescriptor;
      view().setUint32(prestat, 0, true);
      view().setUint32(prestat + 4, 1, true);
      return success;
    },
    fd_prestat_dir_name(_fd: number, path: number): number {
      view().setUint8(path, 46);
      return success;
    },
    fd_read(_fd: number, _vectors: number, _count: number, read: number): number {
      view().setUint32(read, 0, true);
      return success;
    },
    fd_seek(fd: number, offset: bigint, whence: number, result: number): number {
      if (fd !== fileFd) return badDescriptor;
      const base = whence === 0 ? 0 : whence === 1 ? position : length;
      const target = base + Number(offset);
      if (target < 0) return invalid;
      position = target;
      view().setBigUint64(result, BigInt(position), true);
      return success;
    },
    fd_write(fd: number, vectors: number, count: number, written: number): number {
      let total = 0;
      for (let index = 0; index < count; index += 1) {
        const at = view().getUint32(vectors + index * 8, true);
        const size = view().getUint32(vectors + index * 8 + 4, true);
        if (fd === fileFd) append(new Uint8Array(view().buffer, at, size));
        total += size;
      }
      view().setUint32(written, total, true);
      return success;
    },
    path_open(
      _fd: number,
      _dirFlags: number,
      _path: number,
      _pathLength: number,
      _openFlags: number,
      _rights: bigint,
      _inherited: bigint,
      _fdFlags: number,
      opened: number,
    ): number {
      view().setUint32(opened, fileFd, true);
      return success;
    },
    proc_exit(code: number): never {
      throw new Error(`flite ended with status ${code}`);
    },
  };

  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi });
  (exports["_start"] as () => void)();
  return file.slice(0, length);
}
