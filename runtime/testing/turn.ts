/**
 * Resolves after a turn of the event loop: all that was waiting for nothing else has run by then. By a message, which
 * Node and pages have alike, and which no test runner replaces by a fake.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => afterTurn(resolve));
}

/** Calls back after a turn of the event loop. The returned function takes that back. */
export function afterTurn(callback: () => void): () => void {
  const { port1, port2 } = new MessageChannel();
  const close = (): void => port1.close();
  port1.addEventListener("message", () => {
    close();
    callback();
  });
  port1.start();
  port2.postMessage(null);
  return close;
}
