import { diagnosticToJson, rangeOf, type JsonDiagnostic, type JsonRange } from "../../diagnostics/render-json.ts";
import type { Project } from "../compile-file.ts";
import type { Io } from "../io.ts";
import type { Happening } from "./recording.ts";
import type { TestReporter, Totals } from "./result.ts";
import type { Scenario } from "./scenario.ts";

/** Which scenario is meant. */
export interface ScenarioName {
  /** As a person in the current folder writes it. */
  readonly file: string;
  readonly title: string;
  /** Of its title. */
  readonly range: JsonRange;
}

/** One line of `meshc test --format json`. Positions count from 0, as in the Language Server Protocol. */
export type TestMessage =
  | ({ readonly type: "started" } & ScenarioName)
  | ({
      readonly type: "scenario";
      readonly status: "passed" | "failed";
      readonly failures: readonly {
        readonly message: string;
        readonly notes: readonly string[];
        readonly hint?: string;
        readonly range: JsonRange;
      }[];
      readonly timeline: readonly Happening[];
      readonly virtualMs: number;
      readonly realMs: number;
    } & ScenarioName)
  | { readonly type: "diagnostics"; readonly diagnostics: readonly JsonDiagnostic[] }
  /** The last line. */
  | ({ readonly type: "ended" } & Totals);

/** For programs: one object a line. */
export function jsonReporter(io: Io): TestReporter {
  const send = (message: TestMessage): void => io.out.write(`${JSON.stringify(message)}\n`);
  return {
    started: (scenario, project) => send({ type: "started", ...nameOf(scenario, project) }),
    ended: ({ scenario, project, failures, timeline, virtualMs, realMs }) =>
      send({
        type: "scenario",
        ...nameOf(scenario, project),
        status: failures.length === 0 ? "passed" : "failed",
        failures: failures.map(({ place, message, notes, hint }) => ({
          message,
          notes,
          ...(hint !== undefined && { hint }),
          range: rangeOf(place),
        })),
        timeline,
        virtualMs,
        realMs: Math.round(realMs),
      }),
    diagnosed: (diagnostics, { pathOf }) => {
      if (diagnostics.length === 0) return;
      send({ type: "diagnostics", diagnostics: diagnostics.map((one) => diagnosticToJson(one, pathOf)) });
    },
    finished: (totals) => send({ type: "ended", ...totals }),
  };
}

function nameOf({ place, title }: Scenario, { pathOf }: Project): ScenarioName {
  return { file: pathOf(place.source.path), title, range: rangeOf(place) };
}
