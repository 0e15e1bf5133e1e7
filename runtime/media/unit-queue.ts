import type { Unit } from "./frame-assembler.ts";

/** Units that wait for their time, by sequence number. */
export class UnitQueue {
  /** In order. */
  #units: Unit[] = [];
  #bytes = 0;

  get length(): number {
    return this.#units.length;
  }

  /** Of the payloads. */
  get bytes(): number {
    return this.#bytes;
  }

  get head(): Unit | undefined {
    return this.#units[0];
  }

  /** @returns false when a unit that holds the same packet is there */
  add(unit: Unit): boolean {
    // Most come in order, so the place is looked for from the end.
    let at = this.#units.length;
    while (at > 0 && (this.#units[at - 1] as Unit).firstSequence > unit.firstSequence) at -= 1;
    const before = this.#units[at - 1];
    if (before !== undefined && before.lastSequence >= unit.firstSequence) return false;
    this.#units.splice(at, 0, unit);
    this.#bytes += unit.payload?.length ?? 0;
    return true;
  }

  has(sequence: number): boolean {
    return this.#units.some((unit) => unit.firstSequence <= sequence && sequence <= unit.lastSequence);
  }

  take(): Unit | undefined {
    const unit = this.#units.shift();
    this.#bytes -= unit?.payload?.length ?? 0;
    return unit;
  }

  get hasKeyFrame(): boolean {
    return this.#units.some((unit) => unit.keyFrame);
  }

  clear(): void {
    this.#units = [];
    this.#bytes = 0;
  }
}
