/** What loads something at the first call only, for all callers; where that has failed, the next call tries again. */
export function loadOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => {
    found ??= load().catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return found;
  };
}
