import { setFlagsFromString } from "node:v8";

/** How V8 works for a server. */
export interface Engine {
  /** The file that was opened first has been checked and told about. */
  started(): void;
  /** The client is about to end the server. */
  ending(): void;
}

/** So long after the start there is time for what the next one is to gain from. */
const calmMs = 5_000;

/**
 * The room for new objects stays as small as it is at first. Of what a project is, most stays for good, for which V8 makes that room many times as
 * large, from version 24 of Node.js on a hundred megabytes and more, and gives none of it back while somebody types. Who starts the server with a
 * bound for that room is left to it.
 */
const small = "--semi-space-growth-factor=1";
const grows = "--semi-space-growth-factor=2";

function youngFlag(): string {
  const said = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""];
  return said.some((one) => one.includes("-semi-space-size")) ? grows : small;
}

/**
 * Until the first file has been told about, V8 optimizes nothing: to make fast code of what runs only once takes a seventh of that time,
 * on a machine that has something better to do.
 */
const starting = ["--no-opt"];

/** Then it does, and lets what is no longer needed grow by half, not to the fourfold, before it looks for that. */
const working = ["--opt", "--heap-growing-percent=40"];

/** What V8 does where nobody says anything. Code that is kept is only taken by a process in which the same is in force. */
const usual = ["--opt", "--heap-growing-percent=0", grows];

/** @param keepCode keeps compiled code for the next process */
export function startingEngine(keepCode: () => void): Engine {
  const young = youngFlag();
  setFlags([...starting, young]);
  let isStarted = false;
  const started = (): void => {
    if (isStarted) return;
    isStarted = true;
    setFlags([...working, young]);
  };
  const keep = (): void => {
    isStarted = true;
    setFlags(usual);
    keepCode();
    setFlags([...working, young]);
  };
  // Nobody waits for it: a server that ends before says so.
  setTimeout(keep, calmMs).unref();
  return { started, ending: keep };
}

function setFlags(flags: readonly string[]): void {
  for (const flag of flags) setFlagsFromString(flag);
}
