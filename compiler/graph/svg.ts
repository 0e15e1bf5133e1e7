import { layOut, sizes, type Layout, type PlacedArrow, type Point, type Rectangle } from "./layout.ts";
import { framesOf, type Box, type Frame, type Picture } from "./picture.ts";
import { fonts } from "./text-size.ts";

/** A picture as SVG 1.1 with its own style, for light and dark pages; no scripts, no links, no other files. */
export async function svg(picture: Picture): Promise<string> {
  const layout = await layOut(picture);
  const width = Math.ceil(layout.width);
  const height = Math.ceil(layout.height);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(picture.title)}</title>`,
    `<style>${style}</style>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0.5 L8 4 L0 7.5 z"/></marker></defs>',
    `<rect class="page" width="${width}" height="${height}"/>`,
    ...[...framesOf(picture.frames)].map((frame) => frameText(frame, layout)),
    ...layout.arrows.map(arrowText),
    ...[...framesOf(picture.frames)].flatMap((frame) => frame.boxes.map((box) => boxText(box, layout))),
    ...picture.boxes.map((box) => boxText(box, layout)),
    ...layout.arrows.map(labelText),
    "</svg>",
  ];
  return `${lines.filter((line) => line !== "").join("\n")}\n`;
}

const style = [
  ":root{--ink:#17202f;--line:#3b4a63;--soft:#5d6b82;--page:#ffffff;--peer:#f3f6fb;--box:#ffffff;--port:#e4ecf8;--put:#fff3d6;--put-line:#a8730f;--out:#f1f1f1}",
  "@media (prefers-color-scheme:dark){:root{--ink:#e8edf5;--line:#9fb0cb;--soft:#93a1b8;--page:#11161f;--peer:#182030;--box:#1f2937;--port:#26364f;--put:#3a2f14;--put-line:#d9a441;--out:#242a33}}",
  ".page{fill:var(--page)}",
  ".peer{fill:var(--peer);stroke:var(--line);stroke-width:1.2}",
  ".pipeline{fill:none;stroke:var(--soft)}",
  ".dashed{stroke-dasharray:5 4}",
  ".box{fill:var(--box);stroke:var(--line)}",
  ".port{fill:var(--port)}",
  ".converter{fill:var(--put);stroke:var(--put-line)}",
  ".outside{fill:var(--out)}",
  ".arrow{fill:none;stroke:var(--line);stroke-width:1.2}",
  ".tip{fill:var(--line)}",
  `.t{font:600 ${fonts.title.size}px ${fonts.title.family};fill:var(--ink)}`,
  `.n{font:${fonts.note.size}px ${fonts.note.family};fill:var(--soft)}`,
  ".l{paint-order:stroke;stroke:var(--page);stroke-width:4px;stroke-linejoin:round;fill:var(--ink)}",
].join("\n");

function frameText(frame: Frame, { frames }: Layout): string {
  const at = frames.get(frame.id);
  if (at === undefined) return "";
  const kind = frame.notes.includes("in the same process") ? "pipeline dashed" : frame.kind;
  const left = at.x + sizes.framePadding * 0.75;
  return [
    `<g><rect class="${kind}" ${sides(at)} rx="8"/>`,
    text("t", left, at.y + sizes.titleLine, frame.label),
    ...frame.notes.map((note, index) => text("n", left, at.y + sizes.titleLine + (index + 1) * sizes.noteLine, note)),
    "</g>",
  ].join("");
}

const looks: Readonly<Record<Box["kind"], string>> = {
  input: "box port",
  output: "box port",
  node: "box",
  converter: "box converter",
  remote: "box dashed",
  service: "box outside dashed",
  address: "box outside dashed",
  local: "box",
};

function boxText(one: Box, { boxes }: Layout): string {
  const at = boxes.get(one.id);
  if (at === undefined) return "";
  const round = one.kind === "input" || one.kind === "output" ? at.height / 2 : 5;
  const middle = at.x + at.width / 2;
  const top = at.y + sizes.boxPadding / 2 + 13;
  return [
    `<g><rect class="${looks[one.kind]}" ${sides(at)} rx="${number(round)}"/>`,
    text("t", middle, top, one.label, true),
    ...one.notes.map((note, index) => text("n", middle, top + (index + 1) * sizes.noteLine - 1, note, true)),
    "</g>",
  ].join("");
}

function arrowText({ arrow, points }: PlacedArrow): string {
  if (points.length < 2) return "";
  return `<path class="arrow${arrow.kind === "stream" ? "" : " dashed"}" d="${path(points)}" marker-end="url(#tip)"/>`;
}

function labelText({ arrow, label }: PlacedArrow): string {
  if (label === undefined) return "";
  return text("n l", label.x + label.width / 2, label.y + label.height - 4, arrow.label, true);
}

/** Straight lines with rounded corners. */
function path(points: readonly Point[]): string {
  const radius = 5;
  const [first, ...rest] = points;
  if (first === undefined) return "";
  const parts = [`M${point(first)}`];
  rest.forEach((corner, index) => {
    const before = points[index] ?? first;
    const after = rest[index + 1];
    if (after === undefined) parts.push(`L${point(corner)}`);
    else
      parts.push(
        `L${point(towards(corner, before, radius))}`,
        `Q${point(corner)} ${point(towards(corner, after, radius))}`,
      );
  });
  return parts.join(" ");
}

function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const share = length === 0 ? 0 : Math.min(0.5, distance / length);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

function text(kind: string, x: number, y: number, content: string, centred = false): string {
  return `<text class="${kind}" x="${number(x)}" y="${number(y)}"${centred ? ' text-anchor="middle"' : ""}>${escaped(content)}</text>`;
}

function sides({ x, y, width, height }: Rectangle): string {
  return `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"`;
}

function point({ x, y }: Point): string {
  return `${number(x)} ${number(y)}`;
}

function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(content: string): string {
  return content
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
}
