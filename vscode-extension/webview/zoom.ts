/** How large the picture is shown: as large as fits, until somebody wants it otherwise. */
export class Zoom {
  readonly #window: HTMLElement;
  #image: HTMLElement | SVGElement | undefined;
  /** Undefined: as fits. */
  #scale: number | undefined;

  constructor(around: HTMLElement) {
    this.#window = around;
    new ResizeObserver(() => this.#show()).observe(around);
    around.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.by(Math.exp(-event.deltaY / 300), event);
      },
      { passive: false },
    );
    this.#followPointer();
  }

  take(image: Element): void {
    this.#image = image instanceof SVGElement || image instanceof HTMLElement ? image : undefined;
    this.#show();
  }

  fit(): void {
    this.#scale = undefined;
    this.#show();
  }

  /** @param at what stays where it is */
  by(factor: number, at?: { readonly clientX: number; readonly clientY: number }): void {
    const before = this.#scale ?? this.#fitting();
    const after = Math.min(4, Math.max(0.1, before * factor));
    const { left, top } = this.#window.getBoundingClientRect();
    const x = at === undefined ? this.#window.clientWidth / 2 : at.clientX - left;
    const y = at === undefined ? this.#window.clientHeight / 2 : at.clientY - top;
    const [shownX, shownY] = [this.#window.scrollLeft + x, this.#window.scrollTop + y];
    this.#scale = after;
    this.#show();
    this.#window.scrollLeft = (shownX * after) / before - x;
    this.#window.scrollTop = (shownY * after) / before - y;
  }

  #size(): { readonly width: number; readonly height: number } {
    const [, , width = 1, height = 1] = (this.#image?.getAttribute("viewBox") ?? "").split(" ").map(Number);
    return { width, height };
  }

  /** Never larger than it is drawn: letters would look coarse. */
  #fitting(): number {
    const { width, height } = this.#size();
    const { clientWidth, clientHeight } = this.#window;
    const whole = Math.min(clientWidth / width, clientHeight / height);
    // What is read from top to bottom may go beyond the window, as long as its letters stay legible.
    return Math.min(1, Math.max(whole, Math.min(0.6, clientWidth / width)));
  }

  #show(): void {
    const scale = this.#scale ?? this.#fitting();
    const { width, height } = this.#size();
    this.#image?.setAttribute("width", String(Math.floor(width * scale)));
    this.#image?.setAttribute("height", String(Math.floor(height * scale)));
  }

  /** Dragging the ground moves the picture. */
  #followPointer(): void {
    const around = this.#window;
    let last: PointerEvent | undefined;
    around.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || (event.target instanceof Element && event.target.closest(".part") !== null)) return;
      last = event;
      around.setPointerCapture(event.pointerId);
    });
    around.addEventListener("pointermove", (event) => {
      if (last === undefined) return;
      around.scrollLeft -= event.clientX - last.clientX;
      around.scrollTop -= event.clientY - last.clientY;
      last = event;
    });
    for (const end of ["pointerup", "pointercancel"] as const) around.addEventListener(end, () => (last = undefined));
  }
}
