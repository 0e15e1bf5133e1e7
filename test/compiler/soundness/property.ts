import * as fc from "fast-check";
import { compile } from "../../../compiler/compile.ts";
import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.ts";
import { memoryHost } from "../../../compiler/host/memory.ts";
import type { Plan } from "../../../runtime/interface/plan.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { changeOne } from "./change/change.ts";
import { isOnLink, misplaced } from "./change/judge.ts";
import { Coverage } from "./coverage.ts";
import { someProgram } from "./generate/program.ts";
import type { Arrow, Program } from "./program/model.ts";
import { print, type Printed } from "./program/print.ts";
import { runProgram } from "./run/run.ts";

/** What the generator does not see coming: formats, data, values, conformance, targets. All else would be its own mistake. */
const expectedCodes: readonly string[] = [
  "MESH3001",
  "MESH3002",
  "MESH3003",
  "MESH3005",
  "MESH3006",
  "MESH3008",
  "MESH6003",
];

/** A program as bytes; fast-check shows it as its text. */
export class Subject {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  [fc.toStringMethod](): string {
    const { program, tape } = someProgram(this.bytes);
    const first = compiled(program);
    const before = textOf(first.printed);
    const change = changeOne(tape, program, convertedArrows(first));
    return change === undefined ? before : `${before}\n// With a change, ${change.text}:\n${textOf(print(program))}`;
  }
}

export const subjects: fc.Arbitrary<Subject> = fc
  .noBias(fc.uint8Array({ minLength: 32, maxLength: 440, size: "max" }))
  .map((bytes) => new Subject(bytes));

function textOf({ files }: Printed): string {
  return Object.entries(files)
    .map(([file, text]) => `\n// ---- ${file}\n${text}`)
    .join("");
}

/** What has been seen so far. */
export class Statistics {
  readonly coverage = new Coverage();
  programs = 0;
  accepted = 0;
  frames = 0;
  expected = 0;
  /** Sessions that could not be had because the test, or an address, asked for what is not there. */
  refused = 0;
  readonly changes = { arrowsAccepted: 0, arrowsRefused: 0, arrowsElsewhere: 0, portsAccepted: 0, portsRefused: 0 };

  toString(): string {
    const share = (part: number): string => `${((100 * part) / Math.max(1, this.programs)).toFixed(1)} %`;
    const { arrowsAccepted, arrowsRefused, arrowsElsewhere, portsAccepted, portsRefused } = this.changes;
    const changed = arrowsAccepted + arrowsRefused + portsAccepted + portsRefused;
    return [
      `${this.programs} programs, ${this.accepted} (${share(this.accepted)}) accepted and run; ${this.frames} frames probed, ` +
        `${this.expected} arrivals asked for; ${this.refused} sessions refused`,
      `${changed} changed programs: ${arrowsAccepted} arrows and ${portsAccepted} ports accepted and run, ` +
        `${arrowsRefused} arrows (${arrowsElsewhere} told of elsewhere) and ${portsRefused} ports refused`,
    ].join("\n");
  }
}

interface Compiled {
  readonly program: Program;
  readonly printed: Printed;
  readonly plan: Plan | undefined;
  readonly errors: readonly Diagnostic[];
}

function compiled(program: Program): Compiled {
  const printed = print(program);
  const { plan, diagnostics } = compile("main.mesh", memoryHost(printed.files), { compilerVersion: "test" });
  return { program, printed, plan, errors: diagnostics.filter((one) => one.severity === "error") };
}

/** The arrows that the compiler has put converters in for. */
function convertedArrows({ program, printed, plan }: Compiled): Arrow[] {
  const nodes = Object.values(plan?.pipelines ?? {}).flatMap((pipeline) => pipeline.nodes);
  const places = new Set(
    nodes
      .filter((node) => node.inserted === true)
      .map(({ location: { file, line, column } }) => `${file}:${line}:${column}`),
  );
  if (places.size === 0) return [];
  const arrows = [...new Set(program.pipelines.flatMap(({ links }) => links.map(({ arrow }) => arrow)))];
  return arrows.filter((arrow) =>
    (printed.spans.get(arrow) ?? []).some(({ file, start }) => {
      const before = (printed.files[file] ?? "").slice(0, start).split("\n");
      return places.has(`${file}:${before.length}:${(before.at(-1) ?? "").length + 1}`);
    }),
  );
}

/**
 * Both properties of one program: when it is accepted, no frame and no format is other than declared, and everything that
 * must arrive does; when one thing in it is changed, the same holds, or the change is found where it was made.
 * @throws {Error} that says what does not hold
 */
export async function holdsFor({ bytes }: Subject, seen: Statistics): Promise<void> {
  const { program, tape } = someProgram(bytes);
  const random = seededRandom(bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 7));
  const draw = (): number => random.next();
  seen.programs += 1;
  const first = compiled(program);
  const strange = first.errors.find(({ code }) => !expectedCodes.includes(code));
  if (strange !== undefined) throw new Error(`not well formed: ${strange.code} ${strange.message}`);
  if (first.plan === undefined) return;
  seen.accepted += 1;
  seen.coverage.program(program, first.plan);
  await isSound(first.program, first.plan, draw, seen);
  const change = changeOne(tape, program, convertedArrows(first));
  if (change === undefined) return;
  const second = compiled(program);
  const { changes } = seen;
  if (second.plan !== undefined) {
    if (change.kind === "arrow") changes.arrowsAccepted += 1;
    else changes.portsAccepted += 1;
    await isSound(program, second.plan, draw, seen);
    return;
  }
  const wrong = misplaced(change, second.errors, second.printed, program);
  if (wrong !== undefined) throw new Error(`after a change of ${change.text}: ${wrong}`);
  if (change.kind === "port") changes.portsRefused += 1;
  else {
    changes.arrowsRefused += 1;
    if (!isOnLink(change, second.errors, second.printed, program)) changes.arrowsElsewhere += 1;
  }
}

async function isSound(program: Program, plan: Plan, draw: () => number, seen: Statistics): Promise<void> {
  // Asked for one value, a pipeline may have to say no; asked for all that it advertises, it may not.
  const narrow = draw() < 0.5;
  let result = await runProgram(program, plan, draw, !narrow);
  if (result.refused !== undefined && narrow) {
    seen.refused += 1;
    fail(result.problems);
    result = await runProgram(program, plan, draw, true);
  }
  fail(result.problems);
  seen.frames += result.frames;
  seen.expected += result.expected;
  if (result.refused === undefined) return;
  // What runs at an address is known only when it is called.
  const addresses = program.pipelines.some(({ uses }) =>
    uses.some(({ targets }) => targets.some(({ kind }) => kind === "uri")),
  );
  if (!addresses && !isAskedFor(plan))
    throw new Error(`accepted, but no session could be had: ${result.refused.message}`);
  seen.refused += 1;
}

/** True where a value that the caller gives fixes a format of a remote: it may be what no target does. */
function isAskedFor(plan: Plan): boolean {
  return Object.values(plan.pipelines).some(({ remotes, cells }) => {
    const ports = remotes.flatMap((one) => [...Object.values(one.inputs), ...Object.values(one.outputs)]);
    const dims = ports.flatMap(({ type }) => ("dims" in type ? Object.values(type.dims) : []));
    return dims.some((dimension) => "cell" in dimension && cells[dimension.cell]?.params !== undefined);
  });
}

function fail(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(`accepted, but not sound:\n${problems.slice(0, 5).join("\n")}`);
}
