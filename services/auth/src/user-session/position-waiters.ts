/** As many as there are commands under way, which the endpoints bound. */
type Waiter = { readonly position: number; readonly settle: (hasCome: boolean) => void };

/** How far a stream has come, and whoever waits for more of it. */
export class PositionWaiters {
  readonly #waiters = new Set<Waiter>();
  #position = 0;

  get position(): number {
    return this.#position;
  }

  reach(position: number): void {
    this.#position = position;
    for (const waiter of this.#waiters) if (waiter.position <= position) waiter.settle(true);
  }

  /** Whether the stream came this far in time; false too when it is stopped meanwhile. */
  async waitFor(position: number, deadlineMs: number): Promise<boolean> {
    if (this.#position >= position) return true;
    return new Promise((resolve) => {
      const waiter: Waiter = {
        position,
        settle: (hasCome) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(hasCome);
        },
      };
      const timer = setTimeout(() => waiter.settle(false), deadlineMs);
      this.#waiters.add(waiter);
    });
  }

  stop(): void {
    for (const waiter of this.#waiters) waiter.settle(false);
  }
}
