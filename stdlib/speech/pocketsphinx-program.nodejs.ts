import type Koffi from "koffi";

/** What the thread needs to know to load PocketSphinx. */
export interface PocketSphinxInit {
  /** Absolute path of the package koffi. */
  readonly koffi: string;
  /** Names or paths of the library, tried in this order. */
  readonly libraries: readonly string[];
  /** Options of the decoder as on its command line. */
  readonly options: readonly string[];
  /** The thread's state: calls into the library, once it is loaded. */
  decoder?: PocketSphinxDecoder;
}

interface PocketSphinxDecoder {
  start(): void;
  process(samples: Int16Array): void;
  finish(): PocketSphinxHeard;
  free(): void;
}

export interface PocketSphinxHeard {
  readonly text: string;
  /** Probability of each word among all that it could have been, 0..1. */
  readonly words: readonly number[];
}

export type PocketSphinxRequest =
  | { readonly do: "load" }
  | { readonly do: "start" }
  | { readonly do: "process"; readonly samples: Int16Array }
  | { readonly do: "finish" }
  | { readonly do: "free" };

/** What could not be loaded, and why. */
export interface PocketSphinxFailure {
  readonly failed: "koffi" | "library" | "model";
  readonly reason: string;
}

export type PocketSphinxAnswer = PocketSphinxHeard | PocketSphinxFailure | undefined;

/**
 * Calls PocketSphinx 5prealpha, the library of Debian, by its C interface. Decoding takes milliseconds at a time, up to
 * a tenth of a second, so it is done on a thread.
 *
 * The function is sent to the thread as text. It must not refer to anything outside itself but what Node.js has
 * everywhere.
 */
export function runPocketSphinx(state: PocketSphinxInit, request: PocketSphinxRequest): PocketSphinxAnswer {
  const open = (): PocketSphinxFailure | undefined => {
    let koffi: typeof Koffi;
    try {
      const load = process.getBuiltinModule("node:module").createRequire(state.koffi);
      koffi = load(state.koffi) as typeof Koffi;
    } catch (error) {
      return { failed: "koffi", reason: (error as Error).message };
    }
    const reasons: string[] = [];
    for (const name of state.libraries) {
      try {
        const made = decoderOf(koffi.load(name));
        if (made === undefined) return { failed: "model", reason: "PocketSphinx cannot read it" };
        state.decoder = made;
        return undefined;
      } catch (error) {
        reasons.push((error as Error).message);
      }
    }
    return { failed: "library", reason: reasons.join("; ") };
  };

  /** Undefined when the decoder does not accept its options or files; throws when the library lacks a function. */
  const decoderOf = (library: ReturnType<typeof Koffi.load>): PocketSphinxDecoder | undefined => {
    const silence = library.func("void err_set_logfp(void *file)");
    const definitions = library.func("void *ps_args()");
    const parse = library.func("void *cmd_ln_parse_r(void *into, void *definitions, int count, str *args, int strict)");
    const freeOptions = library.func("int cmd_ln_free_r(void *options)");
    const create = library.func("void *ps_init(void *options)");
    const free = library.func("int ps_free(void *ps)");
    const startStream = library.func("int ps_start_stream(void *ps)");
    const startUtterance = library.func("int ps_start_utt(void *ps)");
    const endUtterance = library.func("int ps_end_utt(void *ps)");
    const processRaw = library.func("int ps_process_raw(void *ps, int16_t *data, size_t count, int noSearch, int all)");
    const hypothesis = library.func("str ps_get_hyp(void *ps, void *score)");
    const logPosterior = library.func("int32_t ps_get_prob(void *ps)");
    const logBase = library.func("void *ps_get_logmath(void *ps)");
    const exp = library.func("double logmath_exp(void *base, int value)");
    const segments = library.func("void *ps_seg_iter(void *ps)");
    const nextSegment = library.func("void *ps_seg_next(void *segment)");
    const wordOf = library.func("str ps_seg_word(void *segment)");
    const posteriorOf = library.func("int32_t ps_seg_prob(void *segment, void *acoustic, void *language, void *back)");

    // It would write its progress to standard error.
    silence(null);
    const args = ["mesh", ...state.options];
    const options: unknown = parse(null, definitions(), args.length, args, 1);
    if (options === null) return undefined;
    const ps: unknown = create(options);
    freeOptions(options);
    if (ps === null) return undefined;
    const base: unknown = logBase(ps);
    let running = false;
    return {
      start() {
        if (running) endUtterance(ps);
        startStream(ps);
        if (startUtterance(ps) < 0) throw new Error("PocketSphinx cannot start an utterance");
        running = true;
      },
      process(samples) {
        if (processRaw(ps, samples, samples.length, 0, 0) < 0) throw new Error("PocketSphinx cannot take the sound");
      },
      finish() {
        running = false;
        if (endUtterance(ps) < 0) throw new Error("PocketSphinx cannot end the utterance");
        const text = (hypothesis(ps, null) as string | null) ?? "";
        // Where all paths but one were given up, nothing is known of what else it could have been.
        const alone = (logPosterior(ps) as number) >= 0;
        const words: number[] = [];
        for (let one: unknown = segments(ps); one !== null; one = nextSegment(one)) {
          const isFiller = /^(?:<|\[|\+\+)/.test(wordOf(one) as string);
          if (!isFiller) words.push(alone ? 0 : Number(exp(base, posteriorOf(one, null, null, null))));
        }
        return { text, words };
      },
      free: () => void free(ps),
    };
  };

  if (request.do === "load") return open();
  const { decoder } = state;
  if (decoder === undefined) throw new Error("PocketSphinx is not loaded");
  switch (request.do) {
    case "start":
      decoder.start();
      return undefined;
    case "process":
      decoder.process(request.samples);
      return undefined;
    case "finish":
      return decoder.finish();
    case "free":
      decoder.free();
      delete state.decoder;
      return undefined;
    default:
      return request satisfies never;
  }
}
