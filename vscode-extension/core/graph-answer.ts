import type { Picture } from "../../compiler/graph/picture.ts";
import type { Told } from "./messages.ts";

/** What is looked at in an answer of the server. */
export interface GraphAnswer {
  readonly picture: Picture | null;
  readonly errors: number;
}

/**
 * What a page is told for an answer of the server.
 * @param found null for what is no program, undefined where nobody has answered
 * @param isDrawn the page has a picture of that program
 */
export function pictureOrReason(
  found: GraphAnswer | null | undefined,
  isDrawn: boolean,
): Extract<Told, { readonly type: "picture" | "stale" | "none" }> {
  if (found === null) return { type: "none", reason: "There is no program here that could be drawn." };
  if (found !== undefined && found.picture !== null) return { type: "picture", picture: found.picture };
  const why =
    found === undefined
      ? "The language server does not answer"
      : `${found.errors} error${found.errors === 1 ? "" : "s"}`;
  if (isDrawn) return { type: "stale", reason: `${why}: this is how it was before` };
  return { type: "none", reason: `${why}: there is nothing to draw yet` };
}
