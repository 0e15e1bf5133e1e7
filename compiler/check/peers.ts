import type { PeerStringsSyntax, RunsSyntax } from "../../grammar/syntax.ts";
import { isMissing } from "../../grammar/syntax.ts";
import type { Capability, PlanValue } from "../../runtime/interface/plan.ts";
import { listenAddress, readAddress, registryAddress, type AddressRules } from "./addresses.ts";
import type { CapabilityReader } from "./capabilities.ts";
import type { PipelineSymbol } from "./checked-pipeline.ts";
import { readArguments } from "./instances.ts";
import type { FileInfo, PeerSymbol } from "./program.ts";
import type { Reporter } from "./reporter.ts";
import type { Scope } from "./scope.ts";
import type { Signatures } from "./signature.ts";
import type { ValueReader } from "./values.ts";

export interface PeerTools {
  readonly scope: Scope;
  readonly reporter: Reporter;
  readonly signatures: Signatures;
  readonly values: ValueReader;
  readonly capabilities: CapabilityReader;
}

/** One `runs` of a peer. */
export interface CheckedRun {
  readonly syntax: RunsSyntax;
  readonly pipeline: PipelineSymbol;
  /** The name under which it is reached. */
  readonly as: string;
  readonly args: ReadonlyMap<string, PlanValue>;
  /** One instance for all callers. */
  readonly shared: boolean;
}

/** One value of `listens`, `registers`, `allows` or `admin`, with where it stands. */
export interface PeerText {
  readonly value: PlanValue;
  readonly syntax: PeerStringsSyntax["values"][number];
}

export interface CheckedPeer {
  readonly symbol: PeerSymbol;
  readonly runs: readonly CheckedRun[];
  readonly listens: readonly PeerText[];
  readonly registers: readonly PeerText[];
  /** SPIFFE patterns. */
  readonly allows: readonly PeerText[];
  readonly admin: readonly PeerText[];
  readonly provides: readonly Capability[];
}

/**
 * Reads a peer: where it listens, what it provides and whom it lets in; and what it runs, when that is first asked for, as
 * that may be a large part of the program.
 */
export function checkPeer(symbol: PeerSymbol, tools: PeerTools): CheckedPeer {
  const { file, syntax } = symbol;
  let runs: readonly CheckedRun[] | undefined;
  const texts = (word: PeerStringsSyntax["member"], rules?: AddressRules): PeerText[] =>
    syntax.members.flatMap((member) => {
      if (member.kind !== "PeerStrings" || member.member !== word) return [];
      return member.values.flatMap((one) => {
        const value =
          rules === undefined
            ? tools.values.read(file, one, { kind: "scalar", name: "text" }, new Map())
            : readAddress(file, one, rules, new Map(), tools);
        return value === undefined ? [] : [{ value, syntax: one }];
      });
    });
  const listens = texts("listens", listenAddress);
  reportTwice(symbol, listens, tools.reporter);
  return {
    symbol,
    get runs() {
      return (runs ??= readRuns(symbol, tools));
    },
    listens,
    registers: texts("registers", registryAddress),
    allows: texts("allows"),
    admin: texts("admin"),
    provides: syntax.members.flatMap((member) =>
      member.kind === "Provides" ? tools.capabilities.provided(file, member.capabilities) : [],
    ),
  };
}

/** The names under which a peer is written to run pipelines. */
export function namesRun({ symbol: { syntax, file } }: CheckedPeer): string[] {
  return syntax.members.flatMap((member) => {
    if (member.kind !== "Runs") return [];
    const name = member.instance.callee.text;
    return member.as?.value ?? file.imports.get(name)?.symbol.name ?? name;
  });
}

function readRuns(symbol: PeerSymbol, tools: PeerTools): CheckedRun[] {
  const { file, syntax } = symbol;
  const runs = new Map<string, CheckedRun>();
  for (const member of syntax.members) {
    const run = member.kind === "Runs" ? readRun(file, member, tools) : undefined;
    if (run === undefined) continue;
    const earlier = runs.get(run.as);
    if (earlier === undefined) {
      runs.set(run.as, run);
      continue;
    }
    const message = `\`${symbol.name}\` already runs a pipeline as "${run.as}".`;
    tools.reporter.report("MESH2003", file.source, run.syntax.span, message, {
      hint: `Give one of them another name: \`runs ${run.pipeline.name} as "other"\`.`,
      related: [{ place: { source: file.source, span: earlier.syntax.span }, message: "the first one" }],
    });
  }
  return [...runs.values()];
}

/** Two listeners cannot share an address; port 0 is another one each time. */
function reportTwice({ file, name }: PeerSymbol, listens: readonly PeerText[], reporter: Reporter): void {
  const known = new Map<string, PeerText>();
  for (const one of listens) {
    const text = "literal" in one.value ? String(one.value.literal) : "";
    const earlier = known.get(text);
    if (earlier !== undefined) {
      const { source } = file;
      reporter.report("MESH2003", source, one.syntax.span, `\`${name}\` listens at ${text} twice.`, {
        related: [{ place: { source, span: earlier.syntax.span }, message: "the first time" }],
        hint: "Remove one of them.",
      });
    } else if (text !== "" && !text.endsWith(":0")) known.set(text, one);
  }
}

function readRun(file: FileInfo, member: RunsSyntax, tools: PeerTools): CheckedRun | undefined {
  if (isMissing(member.instance.callee) || tools.reporter.isUnreadable(file.source, member.span)) return undefined;
  const pipeline = tools.scope.resolve(file, member.instance.callee, ["Pipeline"], "a pipeline");
  if (pipeline === undefined) return undefined;
  const signature = tools.signatures.read(pipeline);
  const args = readArguments(file, member.instance, signature, new Map(), tools.values, tools.reporter);
  const as = member.as?.value ?? pipeline.name;
  if (member.as !== undefined && (as === "" || /[/?#]|\p{Cc}/u.test(as) || as.length > 128)) {
    tools.reporter.report("MESH3003", file.source, member.as.span, `"${as}" cannot be the name of a pipeline.`, {
      hint: "The name is a part of its address: 1 to 128 characters, no `/`, `?` or `#`.",
    });
    return undefined;
  }
  return { syntax: member, pipeline, as, args, shared: member.shared };
}
