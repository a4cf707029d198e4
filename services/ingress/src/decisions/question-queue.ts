/**
 * Questions that wait for their turn at auth; past it a question is refused. After a change of the policies everybody's next request
 * asks, so many more come at once than auth works on.
 */
export const MAX_WAITING_QUESTIONS = 4_000;
/** Milliseconds a question waits; then it is refused: a person sees a page that says try again rather than none. */
export const MAX_QUESTION_WAIT_MS = 5_000;

type Waiting = { readonly begin: () => void; readonly refuse: () => void };

export type QuestionQueueOptions = {
  /** At auth at once. */
  readonly maxAsking: number;
  /** Default MAX_WAITING_QUESTIONS. */
  readonly maxWaiting?: number | undefined;
  /** Default MAX_QUESTION_WAIT_MS. */
  readonly maxWaitMs?: number | undefined;
};

/**
 * Lets so many questions go on at once, the others by turns: each cookie gives one and goes to the end, so that one with many clients
 * holds up nobody who has one. Within a cookie the first goes first.
 */
export class QuestionQueue {
  readonly #maxAsking: number;
  readonly #maxWaiting: number;
  readonly #maxWaitMs: number;
  /** By cookie, the next one first; none of the lists is empty. */
  readonly #waiting = new Map<string, Waiting[]>();
  #waitingCount = 0;
  #asking = 0;

  constructor(options: QuestionQueueOptions) {
    this.#maxAsking = options.maxAsking;
    this.#maxWaiting = options.maxWaiting ?? MAX_WAITING_QUESTIONS;
    this.#maxWaitMs = options.maxWaitMs ?? MAX_QUESTION_WAIT_MS;
  }

  get waiting(): number {
    return this.#waitingCount;
  }

  /** At once where there is room, else in its turn; undefined: refused, and never run. */
  run<Answer>(cookie: string, ask: () => Promise<Answer>): Promise<Answer | undefined> {
    if (this.#asking < this.#maxAsking) return this.#start(ask);
    if (this.#waitingCount >= this.#maxWaiting) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#remove(cookie, waiting);
        resolve(undefined);
      }, this.#maxWaitMs).unref();
      const waiting: Waiting = {
        begin: () => {
          clearTimeout(timer);
          resolve(this.#start(ask));
        },
        refuse: () => {
          clearTimeout(timer);
          resolve(undefined);
        },
      };
      const others = this.#waiting.get(cookie);
      if (others === undefined) this.#waiting.set(cookie, [waiting]);
      else others.push(waiting);
      this.#waitingCount += 1;
    });
  }

  /** Refuses all that wait. Safe to call twice. */
  stop(): void {
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#waitingCount = 0;
    for (const { refuse } of all) refuse();
  }

  async #start<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    this.#asking += 1;
    try {
      return await ask();
    } finally {
      this.#asking -= 1;
      this.#takeNext()?.begin();
    }
  }

  #takeNext(): Waiting | undefined {
    for (const [cookie, list] of this.#waiting) {
      const next = list.shift();
      this.#waiting.delete(cookie);
      if (list.length > 0) this.#waiting.set(cookie, list);
      this.#waitingCount -= 1;
      return next;
    }
    return undefined;
  }

  #remove(cookie: string, gone: Waiting): void {
    const list = this.#waiting.get(cookie) ?? [];
    const at = list.indexOf(gone);
    if (at < 0) return;
    list.splice(at, 1);
    this.#waitingCount -= 1;
    if (list.length === 0) this.#waiting.delete(cookie);
  }
}
