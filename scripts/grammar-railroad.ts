/**
 * The grammar as railroad diagrams: each rule a line that may be followed from left to right, every way through it a
 * text of that rule. Words stand in round boxes, rules in square ones.
 */
import { tokenKinds, type Rule, type Section, type Shape } from "./grammar-shapes.ts";

/** All in pixels. */
const HALF_BOX = 12;
const GAP = 12;
const ROW_GAP = 8;
const CHARACTER = 7.8;
const PADDING = 9;
const RADIUS = 8;
const MARGIN = 16;
const TITLE = 26;

/** A part of a diagram: its line enters at the left and leaves at the right on one level. */
interface Track {
  readonly width: number;
  /** How far it reaches above and below that level. */
  readonly up: number;
  readonly down: number;
  /** The SVG with the line entering at `x`, `y`. */
  draw(x: number, y: number): string;
}

/** A quarter of a circle: to the right or left, down or up, beginning level or upright. */
function arc(right: boolean, down: boolean, level: boolean): string {
  const clockwise = right === down ? level : !level;
  return `a${RADIUS} ${RADIUS} 0 0 ${clockwise ? 1 : 0} ${right ? RADIUS : -RADIUS} ${down ? RADIUS : -RADIUS}`;
}

function line(...commands: readonly string[]): string {
  return `<path d="${commands.join("")}"/>`;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

const skip: Track = { width: 0, up: 0, down: 0, draw: () => "" };
const kinds = new Set(tokenKinds.values());

function box(text: string, type: "word" | "rule" | "token"): Track {
  const width = Math.round(text.length * CHARACTER) + 2 * PADDING;
  return {
    width,
    up: HALF_BOX,
    down: HALF_BOX,
    draw(x, y) {
      const round = type === "rule" ? 0 : HALF_BOX;
      const place = `x="${x}" y="${y - HALF_BOX}" width="${width}" height="${2 * HALF_BOX}" rx="${round}"`;
      const label = `<text class="${type}" x="${x + width / 2}" y="${y + 4}">${escaped(text)}</text>`;
      return `<rect class="${type}" ${place}/>${type === "rule" ? `<a href="#${text}">${label}</a>` : label}`;
    },
  };
}

function inRow(tracks: readonly Track[]): Track {
  return {
    width: tracks.reduce((sum, track) => sum + track.width, 0) + GAP * (tracks.length - 1),
    up: Math.max(...tracks.map(({ up }) => up)),
    down: Math.max(...tracks.map(({ down }) => down)),
    draw(x, y) {
      let at = x;
      let svg = "";
      for (const [index, track] of tracks.entries()) {
        if (index > 0) svg += line(`M${at} ${y}h${GAP}`);
        if (index > 0) at += GAP;
        svg += track.draw(at, y);
        at += track.width;
      }
      return svg;
    },
  };
}

/** Alternatives below each other, the first one on the level of the line. */
function choice(tracks: readonly Track[]): Track {
  const inner = Math.max(...tracks.map(({ width }) => width));
  const side = 2 * RADIUS;
  const offsets = [0];
  for (const [index, track] of tracks.slice(1).entries()) {
    const before = tracks[index]!;
    offsets.push(offsets[index]! + Math.max(before.down + ROW_GAP + track.up, 2 * RADIUS));
  }
  return {
    width: inner + 2 * side,
    up: tracks[0]!.up,
    down: offsets.at(-1)! + tracks.at(-1)!.down,
    draw(x, y) {
      let svg = "";
      for (const [index, track] of tracks.entries()) {
        const level = y + offsets[index]!;
        const start = x + side;
        const end = start + track.width;
        const after = x + side + inner;
        if (index === 0) svg += line(`M${x} ${y}H${start}`) + line(`M${end} ${y}H${after + side}`);
        else {
          const upright = `V${level - RADIUS}`;
          svg += line(`M${x} ${y}`, arc(true, true, true), upright, arc(true, true, false));
          svg += line(`M${end} ${level}H${after}`, arc(true, false, true), `V${y + RADIUS}`, arc(true, false, false));
        }
        svg += track.draw(start, level);
      }
      return svg;
    },
  };
}

/** A way past a part, above it. */
function optional(track: Track): Track {
  const rise = Math.max(track.up + ROW_GAP, 2 * RADIUS);
  const side = 2 * RADIUS;
  return {
    width: track.width + 2 * side,
    up: rise,
    down: track.down,
    draw(x, y) {
      const end = x + side + track.width;
      const past = [arc(true, false, true), `V${y - rise + RADIUS}`, arc(true, false, false), `H${end}`];
      const back = [arc(true, true, true), `V${y - RADIUS}`, arc(true, true, false)];
      return (
        line(`M${x} ${y}h${side}`) +
        line(`M${x} ${y}`, ...past, ...back) +
        track.draw(x + side, y) +
        line(`M${end} ${y}h${side}`)
      );
    },
  };
}

/** A way back from the end of a part to its start, below it, over what stands between two of it. */
function several(track: Track, between: Track): Track {
  const inner = Math.max(track.width, between.width);
  const side = RADIUS;
  const drop = Math.max(track.down + ROW_GAP + between.up, 2 * RADIUS);
  return {
    width: inner + 2 * side,
    up: track.up,
    down: drop + between.down,
    draw(x, y) {
      const start = x + side;
      const end = start + inner;
      const middle = start + (inner - between.width) / 2;
      const back = [arc(true, true, true), `V${y + drop - RADIUS}`, arc(false, true, false)];
      const up = [arc(false, false, true), `V${y + RADIUS}`, arc(true, false, false)];
      return (
        line(`M${x} ${y}h${side}`) +
        track.draw(start, y) +
        line(`M${start + track.width} ${y}H${end + side}`) +
        line(`M${end} ${y}`, ...back, `H${middle + between.width}`) +
        between.draw(middle, y + drop) +
        line(`M${middle} ${y + drop}H${start}`, ...up)
      );
    },
  };
}

function trackOf(shape: Shape): Track {
  switch (shape.kind) {
    case "word":
      return box(shape.text, "word");
    case "rule":
      return box(shape.name, kinds.has(shape.name) ? "token" : "rule");
    case "sequence":
      return inRow(shape.parts.map(trackOf));
    case "choice":
      return choice(shape.parts.map(trackOf));
    case "optional":
      return optional(trackOf(shape.part));
    case "several":
      return several(trackOf(shape.part), shape.separator === undefined ? skip : trackOf(shape.separator));
    default:
      return shape satisfies never;
  }
}

interface Drawing {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

/** A rule with its name above it. */
function diagram({ name, shape }: Rule, top: number): Drawing {
  const drawn = trackOf(shape);
  const y = top + TITLE + drawn.up;
  const start = MARGIN + GAP;
  const end = start + drawn.width;
  const svg =
    `<g id="${name}"><text class="name" x="${MARGIN}" y="${top + 14}">${name}</text>` +
    line(`M${MARGIN} ${y - 7}v14M${MARGIN} ${y}h${GAP}`) +
    drawn.draw(start, y) +
    line(`M${end} ${y}h${GAP}m0 -7v14`) +
    "</g>";
  return { svg, width: end + GAP + MARGIN, height: TITLE + drawn.up + drawn.down + 18 };
}

const style = `
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; text-anchor: middle; fill: #1f2328; }
text.name, text.section { text-anchor: start; font-weight: 600; }
text.section { font-size: 18px; }
path { fill: none; stroke: #59636e; stroke-width: 1.5; }
rect { stroke: #59636e; stroke-width: 1; fill: #f6f8fa; }
rect.word { fill: #ddf4ff; }
rect.token { fill: #fff8c5; }
rect.page { fill: #ffffff; stroke: none; }
a text { fill: #0969da; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  path, rect { stroke: #9198a1; }
  rect { fill: #21262d; }
  rect.word { fill: #0c2d6b; }
  rect.token { fill: #4b3a00; }
  rect.page { fill: #0d1117; }
  a text { fill: #4493f8; }
}
`;

/** All diagrams below each other, as one picture that follows the reader's light or dark theme. */
export function railroadSvg(sections: readonly Section[]): string {
  const parts: string[] = [];
  let top = MARGIN;
  let width = 0;
  for (const { title, rules } of sections) {
    parts.push(`<text class="section" x="${MARGIN}" y="${top + 16}">${title}</text>`);
    top += 40;
    for (const rule of rules) {
      const drawing = diagram(rule, top);
      parts.push(drawing.svg);
      top += drawing.height;
      width = Math.max(width, drawing.width);
    }
    top += 12;
  }
  const size = `width="${width}" height="${top}" viewBox="0 0 ${width} ${top}"`;
  const page = `<rect class="page" width="${width}" height="${top}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>\n<style>${style}</style>\n${page}\n${parts.join("\n")}\n</svg>\n`;
}
