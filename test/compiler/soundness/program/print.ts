import type {
  Alternative,
  Argument,
  Branch,
  Data,
  Dim,
  Field,
  FileName,
  Hop,
  Media,
  NodeDecl,
  Param,
  PipelineDecl,
  Port,
  PortType,
  Program,
  Scalar,
  Signature,
  Step,
  Target,
  Use,
  Value,
} from "./model.ts";
import { dimensionWord } from "./model.ts";

/** Where a part of the program stands in its text: half-open, in UTF-16 code units. */
export interface PrintedSpan {
  readonly file: FileName;
  readonly start: number;
  readonly end: number;
}

export interface Printed {
  readonly files: Readonly<Record<string, string>>;
  /** Of arrows, ports, uses, targets and declarations. */
  readonly spans: ReadonlyMap<object, readonly PrintedSpan[]>;
}

/** The text of a program, and where its parts stand in it. */
export function print(program: Program): Printed {
  const printer = new Printer(program);
  return printer.print();
}

class Printer {
  readonly #program: Program;
  readonly #spans = new Map<object, PrintedSpan[]>();
  #file: FileName = "main.mesh";
  #text = "";
  /** What the file uses of the other one. */
  readonly #imported = new Set<string>();

  constructor(program: Program) {
    this.#program = program;
  }

  print(): Printed {
    const files: Record<string, string> = {};
    const spans = new Map<object, PrintedSpan[]>();
    for (const file of ["main.mesh", "types.mesh"] as const) {
      this.#imported.clear();
      this.#spans.clear();
      const body = this.#declarations(file);
      const names = [...this.#imported];
      const from = file === "main.mesh" ? "types.mesh" : "main.mesh";
      const head = names.length === 0 ? "" : `import { ${names.join(", ")} } from "./${from}"\n\n`;
      if (body !== "") files[file] = head + body;
      for (const [key, all] of this.#spans) {
        const moved = all.map((span) => ({ ...span, start: span.start + head.length, end: span.end + head.length }));
        spans.set(key, [...(spans.get(key) ?? []), ...moved]);
      }
    }
    return { files, spans };
  }

  #declarations(file: FileName): string {
    this.#file = file;
    this.#text = "";
    const program = this.#program;
    for (const one of program.enums) {
      if (one.file === file) this.#line(`enum ${one.name} { ${one.values.join(", ")} }`);
    }
    for (const one of program.records) {
      if (one.file === file)
        this.#line(`record ${one.name} { ${one.fields.map((field) => this.#field(field)).join(", ")} }`);
    }
    for (const one of program.nodes) if (one.file === file) this.#node(one);
    for (const one of program.interfaces) {
      if (one.file === file) this.#block(one, `interface ${one.name}`, () => this.#signature(one));
    }
    for (const one of program.pipelines) if (one.file === file) this.#pipeline(one);
    for (const peer of file === "main.mesh" ? program.peers : []) {
      const runs = peer.runs.map(({ pipeline, args }) => `  runs ${this.#name(pipeline)}${argumentsText(args)}\n`);
      this.#line(`peer ${peer.name} {\n${runs.join("")}  listens "webrtc://127.0.0.1:${portOf(program, peer)}"\n}`);
    }
    return this.#text;
  }

  #line(text: string): void {
    this.#text += `${text}\n`;
  }

  #mark(key: object, write: () => void): void {
    const start = this.#text.length;
    write();
    const all = this.#spans.get(key) ?? [];
    all.push({ file: this.#file, start, end: this.#text.length });
    this.#spans.set(key, all);
  }

  #name(decl: { readonly name: string; readonly file: FileName }): string {
    if (decl.file !== this.#file) this.#imported.add(decl.name);
    return decl.name;
  }

  #block(key: object, head: string, members: () => void): void {
    this.#mark(key, () => (this.#text += head));
    this.#text += " {\n";
    members();
    this.#text += "}\n";
  }

  #node(node: NodeDecl): void {
    const variables = node.variables.map(({ name, dimension, bound }) => {
      const within = bound === undefined ? "" : ` in ${alternatives(dimension, bound)}`;
      return `${name}: ${dimensionWord(dimension)}${within}`;
    });
    const head = `node ${node.name}${variables.length === 0 ? "" : `<${variables.join(", ")}>`}${paramsText(node.params)}`;
    this.#block(node, head, () => {
      this.#signature(node);
      if (node.converts !== undefined) this.#line(`  converts at cost ${node.converts}`);
      if (node.delays === true) this.#line("  delays");
      this.#line(`  from "./nodes.ts"`);
    });
  }

  #signature(signature: Signature): void {
    for (const port of signature.inputs) this.#port("in", port, signature.inputs.length);
    for (const port of signature.outputs) this.#port("out", port, signature.outputs.length);
    if (signature.join !== undefined)
      this.#line(`  join ${signature.join}${signature.join === "time" ? " within 20ms" : ""}`);
  }

  #port(word: "in" | "out", port: Port, count: number): void {
    this.#mark(port, () => {
      const name = count === 1 && port.name === word ? "" : `${port.name}: `;
      this.#text += `  ${word} ${name}${this.#type(port.type)}${port.optional ? "?" : ""}`;
    });
    this.#text += "\n";
  }

  #pipeline(pipeline: PipelineDecl): void {
    const contract = pipeline.conformsTo === undefined ? "" : `: ${this.#name(pipeline.conformsTo)}`;
    this.#block(pipeline, `pipeline ${pipeline.name}${paramsText(pipeline.params)}${contract}`, () => {
      this.#signature(pipeline);
      for (const use of pipeline.uses) {
        if (use.kind === "let") {
          this.#text += "  ";
          this.#mark(
            use,
            () => (this.#text += `let ${use.id} = ${this.#name(use.of)}${argumentsText(use.args, true)}`),
          );
          this.#text += "\n";
        } else if (use.kind === "remote") this.#remote(use);
      }
      for (const flow of pipeline.flows) {
        this.#text += "  ";
        this.#mark(flow, () => {
          this.#step(flow.source, "from");
          this.#hops(flow.hops);
        });
        this.#text += "\n";
      }
    });
  }

  #remote(use: Use): void {
    this.#text += "  ";
    this.#mark(use, () => (this.#text += `remote ${use.id}: ${this.#name(use.of)}`));
    this.#text += " {\n";
    use.targets.forEach((target, index) => {
      this.#text += "    ";
      this.#mark(target, () => (this.#text += `${index === 0 ? "at" : "else"} ${this.#target(target)}`));
      this.#text += "\n";
    });
    this.#text += "  }\n";
  }

  #target(target: Target): string {
    if (target.kind === "peer") return `${target.peer.name}.${target.pipeline.name}`;
    if (target.kind === "local") return `${this.#name(target.of)}${argumentsText(target.args, true)}`;
    return JSON.stringify(`webrtc://127.0.0.1:${portOf(this.#program, target.peer)}/${target.pipeline.name}`);
  }

  #hops(hops: readonly Hop[]): void {
    for (const { arrow, step, options } of hops) {
      this.#text += " ";
      this.#mark(arrow, () => (this.#text += arrow.adapt ? "~>" : "->"));
      this.#text += " ";
      this.#step(step, "to");
      if (options !== undefined) this.#text += ` with { ${options} }`;
    }
  }

  #step(step: Step, side: "from" | "to"): void {
    switch (step.kind) {
      case "end": {
        const { use, port } = step.end;
        if (use === undefined) this.#text += port.name;
        else {
          const write = (): void => {
            const name = use.kind === "inline" ? `${this.#name(use.of)}${argumentsText(use.args, true)}` : use.id;
            this.#text += step.named ? `${name}.${port.name}` : name;
          };
          if (use.kind === "inline") this.#mark(use, write);
          else write();
        }
        return;
      }
      case "group":
        return this.#branches(step.branches, side);
      case "any":
        this.#text += `any(${step.policy}) `;
        return this.#branches(step.branches, side);
      case "route":
        this.#text += `route ${step.field} { `;
        step.cases.forEach(({ match, hops }, index) => {
          this.#text += `${index === 0 ? "" : ", "}${match}`;
          this.#hops(hops);
        });
        this.#text += " }";
        return;
      case "flush":
        this.#text += `flush ${step.use.id}`;
        return;
      default:
        return step satisfies never;
    }
  }

  #branches(branches: readonly Branch[], side: "from" | "to"): void {
    this.#text += "[";
    branches.forEach(({ source, hops }, index) => {
      if (index > 0) this.#text += ", ";
      this.#step(source, side);
      this.#hops(hops);
    });
    this.#text += "]";
  }

  #type(type: PortType): string {
    if (type.kind === "signal") return "signal";
    return type.kind === "media" ? mediaText(type) : this.#data(type);
  }

  #field(field: Field): string {
    const fallback = field.default === undefined ? "" : ` = ${literal(scalarName(field.type), field.default)}`;
    return `${field.name}: ${this.#data(field.type)}${fallback}`;
  }

  #data(type: Data): string {
    switch (type.kind) {
      case "scalar":
        return scalarText(type);
      case "enum":
      case "record":
        return this.#name(type);
      case "list":
        return `[${this.#data(type.element)}]`;
      case "map":
        return `map<${this.#data(type.element)}>`;
      case "optional":
        return `${this.#data(type.element)}?`;
      default:
        return type satisfies never;
    }
  }
}

function portOf(program: Program, peer: Program["peers"][number]): number {
  return 7000 + program.peers.indexOf(peer);
}

function scalarName(type: Data): string {
  return type.kind === "scalar" ? type.name : "text";
}

function mediaText({ media, dims, rank }: Media): string {
  const caps = Object.entries(dims)
    .filter(([dim]) => !dim.startsWith("side"))
    .map(([dim, pattern]) => dimText(dim, pattern));
  if (rank !== undefined) {
    const sides = Array.from({ length: rank }, (_, side) => {
      const pattern = dims[`side${side}`];
      return pattern === undefined ? "?" : dimText("side", pattern);
    });
    caps.push(`[${sides.join(", ")}]`);
  }
  return caps.length === 0 ? media : `${media}<${caps.join(", ")}>`;
}

function dimText(dim: string, pattern: Dim): string {
  return pattern.kind === "values" ? alternatives(dim, pattern.values) : pattern.name;
}

const dimScalars: Readonly<Record<string, string>> = {
  rate: "frequency",
  channels: "channels",
  size: "resolution",
  fps: "framerate",
  side: "int",
};

function alternatives(dim: string, all: readonly Alternative[]): string {
  const scalar = dimScalars[dim];
  const text = (value: Value): string => (scalar === undefined ? String(value) : literal(scalar, value));
  return all.map((one) => ("value" in one ? text(one.value) : rangeText(one, text))).join(" | ");
}

function rangeText(
  { min, max }: { readonly min?: Value; readonly max?: Value },
  text: (value: Value) => string,
): string {
  return `${min === undefined ? "" : text(min)}..${max === undefined ? "" : text(max)}`;
}

function scalarText({ name, min, max, pattern }: Scalar): string {
  if (pattern !== undefined) return `${name} matches ${JSON.stringify(pattern)}`;
  if (min === undefined && max === undefined) return name;
  return `${name} in ${rangeText({ ...(min !== undefined && { min }), ...(max !== undefined && { max }) }, (value) => literal(name, value))}`;
}

/** What each unit is worth in the base unit of its quantity. */
const units: Readonly<Record<string, (value: number) => string>> = {
  duration: (value) => `${value / 1_000}ms`,
  frequency: (value) => `${value}Hz`,
  size: (value) => `${value / 1_024}KiB`,
  bitrate: (value) => `${value / 1_000}kbps`,
  framerate: (value) => `${value}fps`,
  decibel: (value) => `${value}dB`,
  percentage: (value) => `${Math.round(value * 100)}%`,
  channels: (value) => (value === 1 ? "mono" : value === 2 ? "stereo" : `${value}ch`),
};

/** A value of a scalar type as it is written. */
export function literal(scalar: string, value: Value | boolean): string {
  if (typeof value === "object") return `${value.width}x${value.height}`;
  if (typeof value === "number") return units[scalar]?.(value) ?? String(value);
  return typeof value === "string" && scalar !== "version" ? JSON.stringify(value) : String(value);
}

function paramsText(params: readonly Param[]): string {
  if (params.length === 0) return "";
  const all = params.map(({ name, type, default: fallback }) => {
    const given = fallback === undefined ? "" : ` = ${literal(type.name, fallback)}`;
    return `${name}: ${scalarText(type)}${given}`;
  });
  return `(${all.join(", ")})`;
}

function argumentsText(args: Readonly<Record<string, Argument>>, brackets = false): string {
  const all = Object.entries(args).map(
    ([name, value]) => `${name}: ${"param" in value ? value.param : literal(value.scalar, value.value)}`,
  );
  return all.length === 0 && !brackets ? "" : `(${all.join(", ")})`;
}
