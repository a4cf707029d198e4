/**
 * Places for access records of this process: one is taken when a request begins and given back when its record is
 * stored. Audit may not drop: without a place there is no request.
 */
export class RecordBudget {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** False at the bound. */
  tryTake(): boolean {
    if (this.#taken >= this.#max) return false;
    this.#taken += 1;
    return true;
  }

  giveBack(places: number): void {
    this.#taken -= places;
  }
}
