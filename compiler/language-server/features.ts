import type { Feature } from "./feature.ts";
import { completionFeature } from "./features/completion.ts";
import { hoverFeature, signatureHelpFeature } from "./features/hover.ts";
import { definitionFeature, referencesFeature } from "./features/navigation.ts";
import { renameFeature } from "./features/rename.ts";
import { symbolsFeature } from "./features/symbols.ts";

/** Everything that an editor can ask for, one row a feature. */
export const features: readonly Feature[] = [
  definitionFeature,
  referencesFeature,
  renameFeature,
  symbolsFeature,
  hoverFeature,
  signatureHelpFeature,
  completionFeature,
];
