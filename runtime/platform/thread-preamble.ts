/**
 * What the program of a thread wants of its platform, as text that stands before it: `post` and `receive` are there
 * already. Text, so that a thread needs no file beside a bundle, and so that no bundler rewrites its `import`.
 */
export const threadPlatform = `
  const platform = {
    post,
    receive,
    load: (url) => import(url),
    bytes: (count) => globalThis.crypto.getRandomValues(new Uint8Array(count)),
    clock: {
      nowUs: () => performance.now() * 1000,
      wallMs: () => Date.now(),
      schedule(delayMs, callback) {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    },
  };`;
