/** Builds vscode-extension/dist/. */
export function buildExtension(): Promise<void>;
/** Packs it; throws where it has not been built. */
export function packExtension(): { readonly file: string; readonly bytes: number };
