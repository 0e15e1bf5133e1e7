/** @throws {Error} where it cannot be installed */
export function ensureEditorHost(): Promise<{ readonly node: string; readonly program: string }>;
