/** Small projects whose files lean on each other in every way that the language has, as random tests change them. */
import fc from "fast-check";

/** What one file of a project says; each of it can be changed alone. */
export interface FileState {
  readonly exists: boolean;
  /** Lines of comments before everything. */
  readonly comments: number;
  /** Comments in the bodies of declarations. */
  readonly remarks: boolean;
  readonly blanks: number;
  /** The files that it imports, by number; it may be itself. */
  readonly imports: readonly number[];
  /** Its record has a name that those of all other files may have as well. */
  readonly common: boolean;
  readonly field: string;
  readonly nested: boolean;
  readonly rate: string;
  readonly arrow: string;
  readonly limit: string;
  readonly marks: string;
  readonly memory: string;
  readonly provides: string;
  readonly latency: string;
  readonly budget: string;
  readonly allows: boolean;
  readonly auth: boolean;
  readonly shared: boolean;
  readonly peer: boolean;
  readonly hidden: string;
  /** The name of a node that the lint may not like. */
  readonly odd: string;
  /** What its pipeline does with those of the files that it imports. */
  readonly use: "inline" | "remote" | "uri" | "service" | "nothing";
  readonly broken: "no" | "statement" | "declaration" | "name" | "import" | "end";
}

/** A value that is fine most of the time, and some others. */
function mostly<T>(fine: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 3 * others.length, arbitrary: fc.constant(fine) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

export const fileState: fc.Arbitrary<FileState> = fc.record({
  exists: fc.constant(true),
  comments: fc.nat(2),
  remarks: fc.boolean(),
  blanks: fc.nat(2),
  imports: fc.uniqueArray(mostly(5, 4, 3, 2, 1, 0), { maxLength: 3 }),
  common: fc.boolean(),
  field: mostly("word", "term"),
  nested: fc.boolean(),
  rate: mostly("16kHz", "48kHz"),
  arrow: fc.constantFrom("->", "~>"),
  limit: mostly("0..9", "0..3", "6..9"),
  marks: mostly("5", "1", "7"),
  memory: mostly("2GiB", "64GiB", "48kHz"),
  provides: mostly("memory(96GiB), gpu", "memory(8GiB)", ""),
  latency: mostly("10ms", "600ms"),
  budget: mostly("2s", "", "40ms"),
  allows: mostly(true, false),
  auth: mostly(false, true),
  shared: fc.boolean(),
  peer: fc.boolean(),
  hidden: fc.constantFrom("", "node Hidden { in text\n out text }", "record Hidden { a: text, b: Hidden? }"),
  odd: mostly("Plain", "odd_one"),
  use: fc.constantFrom("inline", "remote", "uri", "service", "nothing"),
  broken: fc.oneof(
    { weight: 20, arbitrary: fc.constant("no" as const) },
    { weight: 1, arbitrary: fc.constantFrom("statement", "declaration", "name", "import", "end") },
  ),
});

/** A change of one thing in one file. */
export const edit: fc.Arbitrary<{ readonly file: number; readonly change: Partial<FileState> }> = fc.record({
  file: fc.nat(5),
  change: fc.oneof(
    { weight: 1, arbitrary: fc.record({ exists: fc.boolean() }) },
    {
      weight: 12,
      arbitrary: fc.tuple(fileState, fc.nat()).map(([state, pick]): Partial<FileState> => {
        const entries = Object.entries(state).filter(([name]) => name !== "exists");
        return Object.fromEntries([entries[pick % entries.length] ?? []]) as Partial<FileState>;
      }),
    },
  ),
});

export function pathOf(file: number): string {
  return file === 4 ? "deep/f4.mesh" : `f${file}.mesh`;
}

function importOf(from: number, to: number): string {
  const path = from === 4 ? `../${pathOf(to)}` : `./${pathOf(to)}`;
  return path.replace("../deep/", "./");
}

const recordOf = (file: number, { common }: FileState): string => (common ? "Word" : `Word${file}`);

/** The text of a file of a project. */
export function textOf(file: number, states: readonly FileState[]): string {
  const state = states[file];
  if (state === undefined) return "";
  const own = recordOf(file, state);
  const taken = new Set([own]);
  const others = state.imports.flatMap((other) => {
    // To import itself is a mistake of its own.
    if (other === file && state.broken !== "import") return [];
    const there = states[other];
    if (there === undefined) return [];
    const record = recordOf(other, there);
    const local = taken.has(record) ? `Other${other}` : record;
    taken.add(local);
    return [{ other, there, record: local === record ? record : `${record} as ${local}`, local }];
  });
  const imports = others.map(
    ({ other, there, record }) =>
      `import { ${[record, `Talks${other}`, `Say${other}`, there.odd === "Plain" ? `Plain${other}` : `${there.odd}${other}`, `Far${other}`, `patient${other}`, ...(there.peer ? [`box${other}`] : [])].join(", ")} } from "${importOf(file, other)}"`,
  );
  const remark = state.remarks ? " // a remark\n" : "\n";
  const nested = others[0] !== undefined && state.nested ? `, inner: ${others[0].local}?` : "";
  const uses = others.map(({ other, there }) => useOf(other, there, state));
  const odd = `${state.odd}${file}`;
  return [
    ...Array.from({ length: state.comments }, (_, line) => `// comment ${line}`),
    ...imports,
    ...(state.broken === "import" ? [`import { Nothing } from "./none.mesh"`] : []),
    ...Array.from({ length: state.blanks }, () => ""),
    `record ${own} {${remark} ${state.field}: text${nested} }`,
    `interface Talks${file} {${remark} in t: audio<pcm_f32, ${state.rate}, mono>\n out u: ${own}\n requires memory >= ${state.memory} }`,
    `node Say${file}(marks: int in ${state.limit} = 5) {${remark} in t: audio<pcm_f32, ${state.rate}, C>\n out u: ${own}\n latency ${state.latency}\n requires memory >= ${state.memory} }`.replace(
      "(marks",
      "<C: channels>(marks",
    ),
    `node ${odd} { in ${own}\n out ${own} }`,
    `policy patient${file} {${remark} retry 3 times\n${state.auth ? ' auth mtls "spiffe://example.com/x"\n' : ""} }`,
    state.hidden,
    `pipeline Far${file}(m: int = 5): Talks${file} {${remark} in t: audio<pcm_f32, ${state.rate}, mono>\n out u: ${own}`,
    ...(state.broken === "statement" ? [" t -> -> ["] : []),
    ` t ${state.arrow} Say${file}(marks: m) ${state.broken === "name" ? `-> Plian${file}() ` : ""}-> ${odd}() -> u`,
    ...(state.budget === "" ? [] : [` budget ${state.budget} t -> u`]),
    "}",
    ...(state.broken === "declaration" ? ["recrod Lost { a: text }"] : []),
    `pipeline Use${file} { in t: audio<pcm_f32, ${state.rate}, mono>\n out u: ${own}`,
    ...uses.flatMap((one) => one.members),
    ` t ${state.arrow} Say${file}(marks: ${state.marks}) -> u`,
    ...uses.map((one) => ` t ${state.arrow} ${one.name}`),
    "}",
    ...(state.peer
      ? [
          `peer box${file} { runs Far${file}${state.shared ? " shared" : ""}\n runs Use${file}\n listens "webrtc://127.0.0.1:${7000 + file}"${state.provides === "" ? "" : `\n provides ${state.provides}`}${state.allows ? '\n allows "spiffe://example.com/y"' : ""} }`,
        ]
      : []),
    `scenario "s" for Use${file} { expect gap u <= 500ms }`,
    ...(state.broken === "end" ? ["pipeline Open { in t: text"] : []),
    "",
  ].join("\n");
}

function useOf(other: number, there: FileState, { use, marks }: FileState): { members: string[]; name: string } {
  const name = `x${other}`;
  const remote = (target: string): string => ` remote ${name}: Talks${other} with patient${other} { at ${target} }`;
  switch (use) {
    case "inline":
      return { members: [` let ${name} = Far${other}(m: ${marks})`], name };
    case "remote":
      return { members: [remote(there.peer ? `box${other}.Far${other}\n else Far${other}()` : `Far${other}()`)], name };
    case "uri":
      return { members: [remote(`"webrtc://127.0.0.1:${7000 + other}/Far${other}"`)], name };
    case "service":
      return { members: [remote(`service "Far${other}" where memory >= 16GiB`)], name };
    default:
      return { members: [], name: `Say${other}()` };
  }
}
