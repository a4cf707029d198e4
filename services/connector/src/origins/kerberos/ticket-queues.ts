import type { KerberosName } from './kerberos-names.ts';

/** Requests that wait for their turn, of users whose tickets are kept, and as many of new ones; one more is refused at once. */
export const MAX_WAITING_TICKETS = 1_000;
/** Of these, of one user; one more is refused at once. */
export const MAX_WAITING_PER_USER = 200;

export type Queued = {
  readonly question: { readonly user: KerberosName; readonly service: KerberosName };
  /** The same for the same user and service. */
  readonly key: string;
  /** Fixed while it is queued. */
  isNew: boolean;
};

/** Requests whose turn has not come, in the order they came: those that may need a KDC apart from the others. No I/O. */
export class TicketQueues<T extends Queued> {
  readonly #kept = new Set<T>();
  readonly #unknown = new Set<T>();
  readonly #waitingOf = new Map<string, number>();

  get size(): number {
    return this.#kept.size + this.#unknown.size;
  }

  /** Why one more cannot wait; undefined when it can. */
  noRoom({ question, isNew }: Pick<Queued, 'question' | 'isNew'>): string | undefined {
    if (this.#queue(isNew).size >= MAX_WAITING_TICKETS)
      return `${MAX_WAITING_TICKETS} requests wait for the KDC already`;
    if ((this.#waitingOf.get(userKey(question)) ?? 0) >= MAX_WAITING_PER_USER)
      return `${MAX_WAITING_PER_USER} requests of ${question.user.text} wait for the KDC already`;
    return undefined;
  }

  add(one: T): void {
    const user = userKey(one.question);
    this.#waitingOf.set(user, (this.#waitingOf.get(user) ?? 0) + 1);
    this.#queue(one.isNew).add(one);
  }

  /** Nothing happens when it is not in a queue. */
  remove(one: T): void {
    if (!this.#queue(one.isNew).delete(one)) return;
    const user = userKey(one.question);
    const left = (this.#waitingOf.get(user) ?? 0) - 1;
    if (left > 0) this.#waitingOf.set(user, left);
    else this.#waitingOf.delete(user);
  }

  /** The first kept one, else the first new one that may start. It stays queued. */
  next(mayAnyStart: boolean, mayStart: (one: T) => boolean): T | undefined {
    const [first] = this.#kept;
    if (first !== undefined || !mayAnyStart) return first;
    for (const one of this.#unknown) if (mayStart(one)) return one;
    return undefined;
  }

  /** Takes out every new one that fits. */
  takeNew(fits: (one: T) => boolean): readonly T[] {
    const taken = [...this.#unknown].filter(fits);
    for (const one of taken) this.remove(one);
    return taken;
  }

  takeAll(): readonly T[] {
    const all = [...this.#kept, ...this.#unknown];
    this.#kept.clear();
    this.#unknown.clear();
    this.#waitingOf.clear();
    return all;
  }

  #queue(isNew: boolean): Set<T> {
    return isNew ? this.#unknown : this.#kept;
  }
}

function userKey({ user }: Queued['question']): string {
  return `${user.kind} ${user.text}`;
}
