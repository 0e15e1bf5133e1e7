import { layOut, sizes, type Layout, type PlacedArrow, type Point, type Rectangle } from "./layout.ts";
import { framesOf, type Box, type Frame, type Picture } from "./picture.ts";
import { fonts } from "./text-size.ts";

export interface SvgOptions {
  /**
   * For a page that has a style of its own and wants to find things: the style is left out, and what belongs to a frame, a box or the
   * arrow n has its id, or `arrow:n`, as `data-id`.
   */
  readonly handles?: boolean;
}

/** A picture as SVG 1.1 with its own style, for light and dark pages; no scripts, no links, no other files. */
export async function svg(picture: Picture, { handles = false }: SvgOptions = {}): Promise<string> {
  const handle: Handle = (id) => (handles ? ` data-id="${escaped(id)}"` : "");
  const layout = await layOut(picture);
  // A program without pipelines is an empty page, but one that can be shown.
  const width = Math.max(2 * sizes.margin, Math.ceil(layout.width));
  const height = Math.max(2 * sizes.margin, Math.ceil(layout.height));
  const peers = [...framesOf(picture.frames)].flatMap((one) => {
    const at = one.kind === "peer" ? layout.frames.get(one.id) : undefined;
    return at === undefined ? [] : [at];
  });
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(picture.title)}</title>`,
    ...(handles ? [] : [`<style>${style}</style>`]),
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0.5 L8 4 L0 7.5 z"/></marker></defs>',
    `<rect class="page" width="${width}" height="${height}"/>`,
    ...[...framesOf(picture.frames)].map((frame) => frameText(frame, layout, handle)),
    ...layout.arrows.map((arrow, index) => arrowText(arrow, handle(`arrow:${index}`))),
    ...[...framesOf(picture.frames)].flatMap((frame) => frame.boxes.map((box) => boxText(box, layout, handle))),
    ...picture.boxes.map((box) => boxText(box, layout, handle)),
    ...layout.arrows.map((arrow, index) => labelText(arrow, peers, handle(`arrow:${index}`))),
    "</svg>",
  ];
  return `${lines.filter((line) => line !== "").join("\n")}\n`;
}

/** The attribute of an element by which a page finds it again; nothing where none is wanted. */
type Handle = (id: string) => string;

/** Colours on a light page and on a dark one. Written out, for few programs but browsers know variables of CSS. */
const colours = {
  ink: ["#17202f", "#e8edf5"],
  line: ["#3b4a63", "#9fb0cb"],
  soft: ["#5d6b82", "#93a1b8"],
  page: ["#ffffff", "#11161f"],
  peer: ["#f3f6fb", "#182030"],
  box: ["#ffffff", "#1f2937"],
  port: ["#e4ecf8", "#26364f"],
  put: ["#fff3d6", "#3a2f14"],
  putLine: ["#a8730f", "#d9a441"],
  out: ["#f1f1f1", "#242a33"],
} as const;

/** What is filled or drawn in which colour. */
function painted(page: 0 | 1): string {
  const of = (name: keyof typeof colours): string => colours[name][page];
  return [
    `.page{fill:${of("page")}}`,
    `.peer{fill:${of("peer")};stroke:${of("line")}}.inside{fill:${of("peer")}}`,
    `.pipeline{stroke:${of("soft")}}`,
    `.box{fill:${of("box")};stroke:${of("line")}}`,
    `.port{fill:${of("port")}}`,
    `.converter{fill:${of("put")};stroke:${of("putLine")}}`,
    `.outside{fill:${of("out")}}`,
    `.arrow{stroke:${of("line")}}`,
    `.tip{fill:${of("line")}}`,
    `.t{fill:${of("ink")}}`,
    `.n{fill:${of("soft")}}`,
    `.l{fill:${of("ink")}}`,
  ].join("");
}

const style = [
  ".peer{stroke-width:1.2}",
  ".pipeline{fill:none}",
  ".dashed{stroke-dasharray:5 4}",
  ".arrow{fill:none;stroke-width:1.2}",
  `.t{font:600 ${fonts.title.size}px ${fonts.title.family}}`,
  `.n{font:${fonts.note.size}px ${fonts.note.family}}`,
  painted(0),
  `@media (prefers-color-scheme:dark){${painted(1)}}`,
].join("\n");

function frameText(frame: Frame, { frames }: Layout, handle: Handle): string {
  const at = frames.get(frame.id);
  if (at === undefined) return "";
  const kind = frame.notes.includes("in the same process") ? "pipeline dashed" : frame.kind;
  const left = at.x + sizes.framePadding * 0.75;
  return [
    `<g${handle(frame.id)}><rect class="${kind}" ${sides(at)} rx="8"/>`,
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

function boxText(one: Box, { boxes }: Layout, handle: Handle): string {
  const at = boxes.get(one.id);
  if (at === undefined) return "";
  const round = one.kind === "input" || one.kind === "output" ? at.height / 2 : 5;
  const middle = at.x + at.width / 2;
  const top = at.y + sizes.boxPadding / 2 + 13;
  return [
    `<g${handle(one.id)}><rect class="${looks[one.kind]}" ${sides(at)} rx="${number(round)}"/>`,
    text("t", middle, top, one.label, true),
    ...one.notes.map((note, index) => text("n", middle, top + (index + 1) * sizes.noteLine - 1, note, true)),
    "</g>",
  ].join("");
}

function arrowText({ arrow, points }: PlacedArrow, handle: string): string {
  if (points.length < 2) return "";
  return `<path class="arrow${arrow.kind === "stream" ? "" : " dashed"}"${handle} d="${path(points)}" marker-end="url(#tip)"/>`;
}

/** The label stands on a piece of what is behind its arrow, so that the line does not run through it. */
function labelText({ arrow, label }: PlacedArrow, peers: readonly Rectangle[], handle: string): string {
  if (label === undefined) return "";
  const kind = peers.some((one) => holds(one, label)) ? "behind inside" : "behind page";
  const words = text("n l", label.x + label.width / 2, label.y + label.height - 4, arrow.label, true);
  const shown = `<rect class="${kind}" ${sides(label)} rx="2"/>${words}`;
  return handle === "" ? shown : `<g class="label"${handle}>${shown}</g>`;
}

function holds(outer: Rectangle, { x, y, width, height }: Rectangle): boolean {
  return x >= outer.x && y >= outer.y && x + width <= outer.x + outer.width && y + height <= outer.y + outer.height;
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
