import { framesOf, type Arrow, type Box, type Frame, type Picture } from "./picture.ts";

/** A flowchart of Mermaid (https://mermaid.js.org/syntax/flowchart.html), which many pages and editors show. */
export function mermaid(picture: Picture): string {
  const lines = ["flowchart TB"];
  for (const frame of picture.frames) lines.push(...frameLines(frame, "  "));
  const frames = [...framesOf(picture.frames)];
  for (const box of picture.boxes) lines.push(`  ${boxText(box)}`);
  for (const arrow of picture.arrows) lines.push(`  ${arrowText(arrow)}`);
  if (frames.length > 0) lines.push(`  class ${frames.map((one) => one.id).join(",")} frame`);
  lines.push(
    "  classDef frame fill:#f3f6fb,stroke:#3b4a63,color:#17202f",
    "  classDef node fill:#ffffff,stroke:#3b4a63,color:#17202f",
    "  classDef port fill:#e6edf7,stroke:#3b4a63,color:#17202f",
    "  classDef converter fill:#fff3d6,stroke:#a8730f,color:#4a3305",
    "  classDef remote fill:#ffffff,stroke:#3b4a63,color:#17202f,stroke-dasharray:5 4",
    "  classDef outside fill:#f2f2f2,stroke:#777777,color:#333333,stroke-dasharray:5 4",
  );
  return `${lines.join("\n")}\n`;
}

function frameLines(frame: Frame, indent: string): string[] {
  return [
    // A title of several lines would lie over what is in the frame.
    `${indent}subgraph ${frame.id}["${textOf([[frame.label, ...frame.notes].join(" · ")])}"]`,
    `${indent}  direction TB`,
    ...frame.frames.flatMap((one) => frameLines(one, `${indent}  `)),
    ...frame.boxes.map((box) => `${indent}  ${boxText(box)}`),
    // A subgraph without anything in it is not drawn.
    ...(frame.frames.length + frame.boxes.length === 0 ? [`${indent}  ${frame.id}_empty[" "]`] : []),
    `${indent}end`,
  ];
}

function boxText(box: Box): string {
  const text = textOf([box.label, ...box.notes]);
  switch (box.kind) {
    case "input":
    case "output":
      return `${box.id}(["${text}"]):::port`;
    case "converter":
      return `${box.id}[/"${text}"/]:::converter`;
    case "remote":
      return `${box.id}["${text}"]:::remote`;
    case "service":
    case "address":
      return `${box.id}{{"${text}"}}:::outside`;
    case "node":
    case "local":
      return `${box.id}["${text}"]:::node`;
    default:
      return box.kind satisfies never;
  }
}

function arrowText({ from, to, kind, label }: Arrow): string {
  const text = label === "" ? "" : `|"${textOf([label])}"|`;
  return `${from} ${kind === "stream" ? "-->" : "-.->"}${text} ${to}`;
}

/** Characters that mean something to Mermaid or in HTML, as its entities. */
function textOf(lines: readonly string[]): string {
  return lines
    .map((line) => line.replaceAll(/[\u0000-\u0008\u000e-\u001f\u007f]/g, "\ufffd"))
    .map((line) => line.replaceAll(/[#"&<>\\`|]/g, (one) => `#${one.charCodeAt(0)};`).replaceAll(/\s+/g, " "))
    .join("<br/>");
}
