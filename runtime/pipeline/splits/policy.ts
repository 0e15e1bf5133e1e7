import type { Payload } from "../../interface/frame.ts";
import type { BranchLoad } from "./load.ts";

/**
 * Chooses one of several branches. `turn` counts the choices made so far, over all sessions where sessions are
 * distributed. Branches without room are chosen only where all are full.
 */
export type BranchPolicy = (branches: readonly BranchLoad[], turn: number, payload: Payload) => number;
