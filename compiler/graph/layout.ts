import type { ElkExtendedEdge, ElkNode, LayoutOptions } from "elkjs/lib/elk-api.js";
import { framesOf, type Arrow, type Box, type Frame, type Picture } from "./picture.ts";
import { textSize } from "./text-size.ts";

/** Pixels; y grows downwards. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Rectangle extends Point {
  readonly width: number;
  readonly height: number;
}

export interface PlacedArrow {
  readonly arrow: Arrow;
  /** Corners from the source to the target. */
  readonly points: readonly Point[];
  readonly label: Rectangle | undefined;
}

/** A picture with a place for everything. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** By id. */
  readonly frames: ReadonlyMap<string, Rectangle>;
  readonly boxes: ReadonlyMap<string, Rectangle>;
  readonly arrows: readonly PlacedArrow[];
}

/** Heights of lines of text, and room around what stands in a frame or a box. */
export const sizes = {
  titleLine: 18,
  noteLine: 14,
  boxPadding: 10,
  framePadding: 16,
  margin: 12,
  leastWidth: 44,
  arrowWidth: 12,
} as const;

/** What lays out one level; part of elkjs. */
interface Engine {
  layout(graph: ElkNode): Promise<ElkNode>;
}

const common: LayoutOptions = {
  "elk.algorithm": "layered",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.spacing.edgeLabel": "4",
  "elk.spacing.edgeNode": "14",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
};

/** Streams flow downwards, for their formats are long words. */
const insideOptions: LayoutOptions = {
  ...common,
  "elk.direction": "DOWN",
  "elk.spacing.nodeNode": "20",
  "elk.layered.spacing.nodeNodeBetweenLayers": "16",
  "elk.layered.spacing.edgeNodeBetweenLayers": "10",
};

/** Calls go from left to right, from pipeline to pipeline. */
const outsideOptions: LayoutOptions = {
  ...common,
  "elk.direction": "RIGHT",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.json.shapeCoords": "ROOT",
  "elk.json.edgeCoords": "ROOT",
  // The targets of a remote stand in the order in which they are tried.
  "elk.layered.crossingMinimization.forceNodeModelOrder": "true",
  "elk.spacing.nodeNode": "28",
  "elk.spacing.componentComponent": "28",
  "elk.layered.spacing.nodeNodeBetweenLayers": "44",
  "elk.padding": `[top=${sizes.margin},left=${sizes.margin},bottom=${sizes.margin},right=${sizes.margin}]`,
};

/**
 * Lays a picture out with the layered algorithm of the Eclipse Layout Kernel: each frame with boxes by itself, then all
 * frames with the calls between them. The same picture is always laid out the same way.
 */
export async function layOut(picture: Picture): Promise<Layout> {
  // Large, and wanted for SVG alone.
  const { default: ELK } = await import("elkjs/lib/elk.bundled.js");
  const engine: Engine = new ELK();
  const frames = [...framesOf(picture.frames)];
  const insides = new Map<string, Inside>();
  for (const frame of frames) {
    if (frame.boxes.length > 0) insides.set(frame.id, await layOutInside(frame, picture.arrows, engine));
  }
  const outside = await engine.layout({
    id: "root",
    layoutOptions: outsideOptions,
    children: [...picture.frames.map((one) => frameNode(one, insides)), ...picture.boxes.map((one) => boxNode(one))],
    edges: picture.arrows.flatMap((arrow, index) => outsideEdge(arrow, index, insides)),
  });
  return assemble(picture, insides, outside);
}

// ---- inside of a frame ----------------------------------------------------------------------------------------

interface Inside {
  readonly width: number;
  readonly height: number;
  /** Relative to the frame. */
  readonly boxes: ReadonlyMap<string, Rectangle>;
  readonly arrows: ReadonlyMap<Arrow, { readonly points: readonly Point[]; readonly label: Rectangle | undefined }>;
  /** By the id of the box that calls: the way to the edge of the frame, where the last point is. */
  readonly exits: ReadonlyMap<string, readonly Point[]>;
  /** By the id of a box that streams reach from elsewhere: the way from the edge of the frame, where the first point is. */
  readonly entries: ReadonlyMap<string, readonly Point[]>;
}

async function layOutInside(frame: Frame, arrows: readonly Arrow[], engine: Engine): Promise<Inside> {
  const own = new Set(frame.boxes.map((one) => one.id));
  const within = arrows.filter((one) => own.has(one.from) && own.has(one.to));
  const callers = [...new Set(arrows.filter((one) => own.has(one.from) && !own.has(one.to)).map((one) => one.from))];
  const callees = [...new Set(arrows.filter((one) => own.has(one.to) && !own.has(one.from)).map((one) => one.to))];
  const port = (id: string, side: "EAST" | "WEST") => ({
    ...{ id, width: 0, height: 0 },
    layoutOptions: { "elk.port.side": side },
  });
  const node: ElkNode = {
    id: frame.id,
    layoutOptions: { ...insideOptions, ...frameOptions(frame), "elk.portConstraints": "FIXED_SIDE" },
    children: frame.boxes.map((one) => boxNode(one, crowd(one, within), callees.includes(one.id))),
    ports: [...callers.map((id) => port(exitOf(id), "EAST")), ...callees.map((id) => port(entryOf(id), "WEST"))],
    edges: [
      ...within.map((arrow, index) => edge(`inside${index}`, arrow.from, arrow.to, arrow.label)),
      ...callers.map((id) => edge(`exit_${id}`, id, exitOf(id), "")),
      ...callees.map((id) => edge(`entry_${id}`, entryOf(id), id, "")),
    ],
  };
  const root = await engine.layout({ id: "root", layoutOptions: common, children: [node] });
  const [laidOut = node] = root.children ?? [];
  const edges = new Map((laidOut.edges ?? []).map((one) => [one.id, one]));
  return {
    width: laidOut.width ?? 0,
    height: laidOut.height ?? 0,
    boxes: new Map((laidOut.children ?? []).map((one) => [one.id, rectangleOf(one)])),
    arrows: new Map(within.map((arrow, index) => [arrow, routeOf(edges.get(`inside${index}`))])),
    exits: new Map(callers.map((id) => [id, routeOf(edges.get(`exit_${id}`)).points])),
    entries: new Map(callees.map((id) => [id, routeOf(edges.get(`entry_${id}`)).points])),
  };
}

function exitOf(box: string): string {
  return `${box}__exit`;
}

function entryOf(box: string): string {
  return `${box}__entry`;
}

function frameOptions(frame: Frame): LayoutOptions {
  const lines = [frame.label, ...frame.notes];
  const widths = lines.map((line, index) => textSize(line, index === 0 ? "title" : "note"));
  const pad = sizes.framePadding;
  const top = pad + sizes.titleLine + frame.notes.length * sizes.noteLine;
  return {
    "elk.padding": `[top=${top},left=${pad},bottom=${pad},right=${pad}]`,
    "elk.nodeSize.constraints": "MINIMUM_SIZE",
    "elk.nodeSize.minimum": `(${Math.max(...widths) + 2 * pad},${top + pad})`,
  };
}

/** How many arrows meet at the side of a box where most do. */
function crowd({ id }: Box, arrows: readonly Arrow[]): number {
  return Math.max(arrows.filter((one) => one.from === id).length, arrows.filter((one) => one.to === id).length);
}

/**
 * @param arrows that come to one side of it; it is wide enough to tell them apart
 * @param isEntered from another frame
 */
function boxNode(box: Box, arrows = 0, isEntered = false): ElkNode {
  const widths = [textSize(box.label, "title"), ...box.notes.map((note) => textSize(note, "note"))];
  return {
    id: box.id,
    width: Math.max(sizes.leastWidth, arrows * sizes.arrowWidth, Math.max(...widths) + 2 * sizes.boxPadding),
    height: sizes.titleLine + box.notes.length * sizes.noteLine + sizes.boxPadding,
    // A way begins at the top, also where a loop would leave that open.
    ...(box.kind === "input" && !isEntered && { layoutOptions: { "elk.layered.layering.layerConstraint": "FIRST" } }),
  };
}

// ---- between frames -------------------------------------------------------------------------------------------

/** A frame with boxes has its size already; one with frames gets it from them. */
function frameNode(frame: Frame, insides: ReadonlyMap<string, Inside>): ElkNode {
  const inside = insides.get(frame.id);
  if (inside === undefined) {
    return {
      id: frame.id,
      layoutOptions: frameOptions(frame),
      children: frame.frames.map((one) => frameNode(one, insides)),
    };
  }
  const { width, height, exits, entries } = inside;
  const port = (id: string, at: Point | undefined, side: "EAST" | "WEST") =>
    at === undefined ? [] : [{ id, x: at.x, y: at.y, width: 0, height: 0, layoutOptions: { "elk.port.side": side } }];
  return {
    id: frame.id,
    width,
    height,
    layoutOptions: { "elk.portConstraints": "FIXED_POS" },
    ports: [
      ...[...exits].flatMap(([box, points]) => port(exitOf(box), points.at(-1), "EAST")),
      ...[...entries].flatMap(([box, points]) => port(entryOf(box), points[0], "WEST")),
    ],
  };
}

function outsideEdge(arrow: Arrow, index: number, insides: ReadonlyMap<string, Inside>): ElkExtendedEdge[] {
  const inside = [...insides.values()].find((one) => one.boxes.has(arrow.from));
  if (inside?.arrows.has(arrow) === true) return [];
  const from = inside?.exits.has(arrow.from) === true ? exitOf(arrow.from) : arrow.from;
  const isEntered = [...insides.values()].some((one) => one.entries.has(arrow.to));
  return [edge(`outside${index}`, from, isEntered ? entryOf(arrow.to) : arrow.to, arrow.label)];
}

function edge(id: string, from: string, to: string, label: string): ElkExtendedEdge {
  const layoutOptions = { "elk.edgeLabels.inline": "true", "elk.edgeLabels.placement": "CENTER" };
  const labels = [{ text: label, width: textSize(label, "note") + 8, height: sizes.noteLine, layoutOptions }];
  return { id, sources: [from], targets: [to], labels: label === "" ? [] : labels };
}

// ---- everything together --------------------------------------------------------------------------------------

function assemble(picture: Picture, insides: ReadonlyMap<string, Inside>, outside: ElkNode): Layout {
  const frameIds = new Set([...framesOf(picture.frames)].map((one) => one.id));
  const frames = new Map<string, Rectangle>();
  const boxes = new Map<string, Rectangle>();
  const place = (node: ElkNode): void => {
    for (const child of node.children ?? []) {
      (frameIds.has(child.id) ? frames : boxes).set(child.id, rectangleOf(child));
      place(child);
    }
  };
  place(outside);
  const ways = new Map<Arrow, PlacedArrow>();
  const exits = new Map<string, readonly Point[]>();
  const entries = new Map<string, readonly Point[]>();
  for (const [id, inside] of insides) {
    const origin = frames.get(id) ?? { x: 0, y: 0 };
    for (const [box, at] of inside.boxes) boxes.set(box, { ...at, ...moved(at, origin) });
    for (const [arrow, { points, label }] of inside.arrows) {
      const at = label && { ...label, ...moved(label, origin) };
      ways.set(arrow, { arrow, points: points.map((one) => moved(one, origin)), label: at });
    }
    const placed = (points: readonly Point[]): Point[] => points.map((one) => moved(one, origin));
    for (const [box, points] of inside.exits) exits.set(box, placed(points));
    for (const [box, points] of inside.entries) entries.set(box, placed(points));
  }
  const edges = new Map((outside.edges ?? []).map((one) => [one.id, one]));
  const arrows = picture.arrows.map((arrow, index): PlacedArrow => {
    const known = ways.get(arrow);
    if (known !== undefined) return known;
    const { points, label } = routeOf(edges.get(`outside${index}`));
    const [start, end] = [exits.get(arrow.from) ?? [], entries.get(arrow.to) ?? []];
    return { arrow, points: [...start.slice(0, -1), ...points, ...end.slice(1)], label };
  });
  return { width: outside.width ?? 0, height: outside.height ?? 0, frames, boxes, arrows };
}

function moved(point: Point, by: Point): Point {
  return { x: point.x + by.x, y: point.y + by.y };
}

function rectangleOf({ x = 0, y = 0, width = 0, height = 0 }: Partial<Rectangle>): Rectangle {
  return { x, y, width, height };
}

function routeOf(found: ElkExtendedEdge | undefined): {
  readonly points: readonly Point[];
  readonly label: Rectangle | undefined;
} {
  const points = (found?.sections ?? []).flatMap((one) => [one.startPoint, ...(one.bendPoints ?? []), one.endPoint]);
  const [label] = found?.labels ?? [];
  return { points, label: label === undefined ? undefined : rectangleOf(label) };
}
