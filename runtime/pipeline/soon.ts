const now = Promise.resolve();

/** A part of a session that has something to do. */
export interface Task {
  /** Never throws: the others would not get their turn. */
  run(): void;
  /** For who keeps the list that the task is in. */
  after: Task | undefined;
}

/**
 * What the parts of a session have to do as soon as what happens now has happened: one after another, in a microtask that
 * all of them share, so that a frame comes from input to output while what it needs is still near the processor. A part is
 * in the list once at most, which is for the part to know.
 *
 * In Node `queueMicrotask` makes a resource for the hooks of async work, which costs as much as a frame.
 */
export class Soon {
  #first: Task | undefined;
  #last: Task | undefined;
  #scheduled = false;

  add(task: Task): void {
    if (this.#last === undefined) this.#first = task;
    else this.#last.after = task;
    this.#last = task;
    if (this.#scheduled) return;
    this.#scheduled = true;
    void now.then(this.#run);
  }

  readonly #run = (): void => {
    for (let task = this.#first; task !== undefined; task = this.#first) {
      this.#first = task.after;
      task.after = undefined;
      if (this.#first === undefined) this.#last = undefined;
      task.run();
    }
    this.#scheduled = false;
  };
}
