import { printDiagnostics, type Project } from "../compile-file.ts";
import type { Io } from "../io.ts";
import type { Failure } from "./judge.ts";
import { timeText, type Happening } from "./recording.ts";
import type { TestReporter } from "./result.ts";
import type { Scenario } from "./scenario.ts";

/** More lines say nothing new; those of the middle are left out. */
const maxHappenings = 40;

/** For people: a line for each scenario, and what is to be said of those that have failed. */
export function textReporter(io: Io): TestReporter {
  const { out } = io;
  const { style } = out;
  const isLive = out.isTTY && io.env["TERM"] !== "dumb" && (io.env["CI"] ?? "") === "";
  let file = "";
  /** What was written last is an empty line. */
  let endsEmpty = false;
  let tookMs = 0;
  const underFile = (scenario: Scenario, project: Project): void => {
    const { path } = scenario.place.source;
    const shown = style.link(project.pathOf(path), project.urlOf(path));
    if (shown !== file) out.write(`${file === "" || endsEmpty ? "" : "\n"}${style.bold(shown)}\n`);
    file = shown;
  };
  return {
    started(scenario, project) {
      underFile(scenario, project);
      if (isLive) out.write(style.faint(`  … ${scenario.title}`));
    },
    ended(result) {
      const { scenario, failures, virtualMs, realMs } = result;
      tookMs += realMs;
      if (isLive) out.write("\r\u001b[2K");
      const sign = failures.length === 0 ? style.good("✓") : style.error("✗");
      out.write(`  ${sign} ${scenario.title} ${style.faint(`(${timeText(virtualMs)})`)}\n`);
      if (failures.length > 0) out.write("\n");
      endsEmpty = failures.length > 0;
      failures.forEach((failure, index) => {
        const isLast = index === failures.length - 1;
        printDiagnostics([diagnosticOf(failure, isLast ? result.timeline : [])], result.project, out);
      });
    },
    diagnosed: (diagnostics, project) => printDiagnostics(diagnostics, project, io.err),
    finished({ passed, failed, broken }) {
      const total = passed + failed;
      const parts = [
        ...(passed > 0 ? [style.good(`${passed} passed`)] : []),
        ...(failed > 0 ? [style.error(`${failed} failed`)] : []),
        ...(broken > 0 ? [style.error(`${broken} program${broken === 1 ? "" : "s"} not played`)] : []),
      ];
      const took = isLive ? style.faint(`, in ${timeText(tookMs)}`) : "";
      out.write(
        `${file === "" || endsEmpty ? "" : "\n"}${total} scenario${total === 1 ? "" : "s"}: ${parts.join(", ")}${took}\n`,
      );
    },
  };
}

/** An expectation that has not come true, as mistakes of programs are shown. */
function diagnosticOf({ place, message, notes, hint }: Failure, timeline: readonly Happening[]) {
  const lines = timeline.length === 0 ? [] : [`What happened:\n${timelineText(timeline)}`];
  return {
    code: "",
    severity: "error",
    message,
    place,
    notes: [...notes, ...lines],
    ...(hint !== undefined && { hint }),
    related: [],
    fixes: [],
  } as const;
}

function timelineText(timeline: readonly Happening[]): string {
  const half = maxHappenings / 2;
  const isLong = timeline.length > maxHappenings;
  const shown = isLong ? [...timeline.slice(0, half), ...timeline.slice(-half)] : timeline;
  const lines = shown.map(({ atMs, text }) => `${timeText(atMs).padStart(6)}  ${text}`);
  if (isLong) lines.splice(half, 0, `${"…".padStart(6)}  ${timeline.length - maxHappenings} more`);
  return lines.join("\n");
}
