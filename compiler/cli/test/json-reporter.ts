import { diagnosticToJson, rangeOf } from "../../diagnostics/render-json.ts";
import type { Project } from "../compile-file.ts";
import type { Io } from "../io.ts";
import type { ScenarioName, TestMessage } from "./messages.ts";
import type { TestReporter } from "./result.ts";
import type { Scenario } from "./scenario.ts";

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
