const now = Promise.resolve();

/** Calls `work` in a microtask. In Node `queueMicrotask` makes a resource for the hooks of async work, which costs as much as a frame. */
export function soon(work: () => void): void {
  void now.then(work);
}
