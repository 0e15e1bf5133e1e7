import type { Feature } from "./feature.ts";
import { codeActionsFeature } from "./features/code-actions.ts";
import { completionFeature } from "./features/completion.ts";
import { explainFeature, graphFeature, outlineFeature } from "./features/beyond.ts";
import { formattingFeature } from "./features/formatting.ts";
import { callHierarchyFeature, fileRenameFeature } from "./features/hierarchy.ts";
import { codeLensFeature, inlayHintsFeature } from "./features/hints.ts";
import { hoverFeature, signatureHelpFeature } from "./features/hover.ts";
import { definitionFeature, referencesFeature } from "./features/navigation.ts";
import { renameFeature } from "./features/rename.ts";
import { semanticTokensFeature } from "./features/semantic-tokens.ts";
import { documentLinksFeature, foldingFeature } from "./features/structure.ts";
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
  formattingFeature,
  foldingFeature,
  semanticTokensFeature,
  inlayHintsFeature,
  codeActionsFeature,
  codeLensFeature,
  documentLinksFeature,
  callHierarchyFeature,
  fileRenameFeature,
  graphFeature,
  outlineFeature,
  explainFeature,
];
