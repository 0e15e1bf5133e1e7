/** What the extension and the page of the graph say to each other. */
import type { Picture } from "../../compiler/graph/picture.ts";

/** To the page, of the program that it shows. */
export type Told =
  /** The program as it is now. */
  | { readonly type: "picture"; readonly picture: Picture }
  /** The last picture stays, and is not how the program is now, for this reason. */
  | { readonly type: "stale"; readonly reason: string }
  /** There is no picture, for this reason. */
  | { readonly type: "none"; readonly reason: string }
  /** What the cursor is at. */
  | { readonly type: "select"; readonly ids: readonly string[] }
  /** What runs; nothing when no mesh does. */
  | { readonly type: "live"; readonly live: LivePicture | null };

/** To the page. */
export type ToPage =
  | Told
  /** The page has been heard. */
  | { readonly type: "heard" };

/** To the extension. */
export type FromPage =
  /** The page can be spoken to. */
  | { readonly type: "ready" }
  /** Somebody wants to see where this stands. */
  | { readonly type: "reveal"; readonly id: string }
  /** Somebody wants the picture as a file. */
  | { readonly type: "save"; readonly svg: string };

/** What a running mesh has to say about parts of a picture, by their ids. */
export interface LivePicture {
  readonly streams: Readonly<Record<string, LiveStream>>;
  readonly boxes: Readonly<Record<string, LiveBox>>;
}

export interface LiveStream {
  /** A few letters for the label: `50/s`, `50/s · 3 dropped`. */
  readonly text: string;
  readonly isFlowing: boolean;
  readonly isLossy: boolean;
}

export interface LiveBox {
  readonly state: "opening" | "running" | "ended" | "failed" | "connecting" | "connected";
  /** For a tooltip. */
  readonly text: string;
}

/** No picture that we draw is larger. */
const maxSvgLength = 16 * 1024 * 1024;

/** A message of the page, which shows names from a program that anybody may have written; undefined for what is none. */
export function readFromPage(value: unknown): FromPage | undefined {
  if (typeof value !== "object" || value === null || !("type" in value)) return undefined;
  if (value.type === "ready") return { type: "ready" };
  if (value.type === "reveal" && "id" in value && typeof value.id === "string" && value.id.length <= 1024)
    return { type: "reveal", id: value.id };
  if (value.type === "save" && "svg" in value && typeof value.svg === "string" && value.svg.length <= maxSvgLength)
    return { type: "save", svg: value.svg };
  return undefined;
}
