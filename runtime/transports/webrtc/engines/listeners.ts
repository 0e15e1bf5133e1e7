/** Those who listen to one kind of event. */
export class Listeners<Event = void> {
  readonly #all: ((event: Event) => void)[] = [];

  add(listener: (event: Event) => void): void {
    this.#all.push(listener);
  }

  emit(event: Event): void {
    for (const listener of this.#all) listener(event);
  }
}
