import { framesOf, type Arrow, type Box, type Frame, type Picture } from "./picture.ts";

/** A graph in the language of Graphviz (https://graphviz.org/doc/info/lang.html). */
export function dot(picture: Picture): string {
  const frames = new Map([...framesOf(picture.frames)].map((one) => [one.id, one]));
  const lines = [
    `digraph ${quoted(picture.title)} {`,
    "  rankdir=LR; compound=true; newrank=true;",
    '  graph [fontname="Helvetica", fontsize=12, style="rounded", color="#3b4a63", labeljust=l];',
    '  node [fontname="Helvetica", fontsize=11, shape=box, style="rounded,filled", fillcolor=white, color="#3b4a63"];',
    '  edge [fontname="Helvetica", fontsize=9, color="#3b4a63"];',
    ...picture.frames.flatMap((one) => frameLines(one, "  ")),
    ...picture.boxes.map((one) => `  ${boxText(one)}`),
    ...picture.arrows.map((one) => `  ${arrowText(one, frames)}`),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

function frameLines(frame: Frame, indent: string): string[] {
  const dashed = frame.notes.includes("in the same process") ? ' style="rounded,dashed";' : "";
  const fill = frame.kind === "peer" ? ' style="rounded,filled"; fillcolor="#f4f7fb";' : "";
  return [
    `${indent}subgraph cluster_${frame.id} {`,
    `${indent}  label=${quoted([frame.label, ...frame.notes].join("\n"))};${fill}${dashed}`,
    ...frame.frames.flatMap((one) => frameLines(one, `${indent}  `)),
    ...frame.boxes.map((one) => `${indent}  ${boxText(one)}`),
    // Arrows to a frame end at an anchor inside and are cut at its edge.
    `${indent}  ${anchorOf(frame)} [shape=point, style=invis, width=0, label=""];`,
    `${indent}}`,
  ];
}

function anchorOf(frame: Frame): string {
  return `${frame.id}_anchor`;
}

const looks: Readonly<Record<Box["kind"], string>> = {
  input: 'shape=cds, fillcolor="#e6edf7"',
  output: 'shape=cds, fillcolor="#e6edf7"',
  node: "",
  converter: 'fillcolor="#fff3d6", color="#a8730f"',
  remote: 'style="rounded,dashed"',
  service: 'shape=hexagon, style="dashed,filled", fillcolor="#f2f2f2"',
  address: 'shape=hexagon, style="dashed,filled", fillcolor="#f2f2f2"',
  local: "",
};

function boxText({ id, kind, label, notes }: Box): string {
  const look = looks[kind];
  return `${id} [label=${quoted([label, ...notes].join("\n"))}${look === "" ? "" : `, ${look}`}];`;
}

function arrowText({ from, to, kind, label }: Arrow, frames: ReadonlyMap<string, Frame>): string {
  const frame = frames.get(to);
  const target = frame === undefined ? to : anchorOf(frame);
  const parts = [
    ...(label === "" ? [] : [`label=${quoted(label)}`]),
    ...(kind === "stream" ? [] : ["style=dashed"]),
    ...(frame === undefined ? [] : [`lhead=cluster_${frame.id}`]),
  ];
  return `${from} -> ${target}${parts.length === 0 ? "" : ` [${parts.join(", ")}]`};`;
}

/** Entities of HTML are read in a label, and a null character ends it. */
function quoted(text: string): string {
  return `"${text
    .replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("\\", "\\\\")
    .replaceAll('"', String.raw`\"`)
    .replaceAll("\n", String.raw`\n`)}"`;
}
