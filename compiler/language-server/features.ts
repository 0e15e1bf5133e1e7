import type { Feature } from "./feature.ts";

/** Everything that an editor can ask for, one row a feature. */
export const features: readonly Feature[] = [];
