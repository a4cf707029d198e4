import type { TransportMessageHandler, TunnelTransport } from '#libs/tunnel-protocol';

/** What happens to one message on its way. `delay` is in deliveries of other messages, not in time. */
export type Fault = 'deliver' | 'drop' | 'duplicate' | { readonly delayBy: number };
export type FaultPlan = (subject: string, packet: Uint8Array) => Fault;

type Subscription = { pattern: string; queue: string | undefined; onMessage: TransportMessageHandler; isOpen: boolean };
type Letter = { subject: string; packet: Uint8Array; reply: string | undefined };

export const isUp = (subject: string): boolean => subject.startsWith('tun.i.');
export const isDown = (subject: string): boolean => subject.startsWith('tun.c.');

const NOTHING = new Uint8Array(0);

/**
 * A broker in memory with the semantics of core NATS: at most once, in order, wildcards, queue groups, and status 503 to
 * the reply subject when nobody listens. Faults are injected per message.
 */
export class LossyBroker {
  /** Replaced by specs at will. */
  plan: FaultPlan = () => 'deliver';
  isConnected = true;
  readonly published: { subject: string; bytes: number }[] = [];
  readonly #subscriptions: Subscription[] = [];
  #letters: Letter[] = [];
  #delayed: { letter: Letter; left: number }[] = [];
  #isScheduled = false;
  #turn = 0;

  transport(): TunnelTransport {
    return {
      publish: (subject, packet, reply) => this.#publish({ subject, packet, reply }),
      subscribe: (pattern, { queue }, onMessage) => {
        const subscription: Subscription = { pattern, queue, onMessage, isOpen: true };
        this.#subscriptions.push(subscription);
        const close = (): void => {
          subscription.isOpen = false;
        };
        return {
          close,
          drain: async () => {
            await this.settled();
            close();
          },
        };
      },
      flush: () => this.settled(),
      isConnected: () => this.isConnected,
    };
  }

  /** Everything published so far has been delivered, dropped or put off. */
  async settled(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#letters.length > 0);
  }

  /** Deliver what was put off. */
  releaseDelayed(): void {
    for (const { letter } of this.#delayed) this.#letters.push(letter);
    this.#delayed = [];
    this.#schedule();
  }

  /** Put a packet of anybody on the wire. */
  inject(subject: string, packet: Uint8Array): void {
    this.#letters.push({ subject, packet, reply: undefined });
    this.#schedule();
  }

  #publish(letter: Letter): void {
    this.published.push({ subject: letter.subject, bytes: letter.packet.length });
    const fault = this.plan(letter.subject, letter.packet);
    if (fault === 'drop') return;
    if (typeof fault === 'object') this.#delayed.push({ letter, left: fault.delayBy });
    else this.#letters.push(letter);
    if (fault === 'duplicate') this.#letters.push(letter);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const letters = this.#letters;
      this.#letters = [];
      for (const letter of letters) this.#deliver(letter);
      if (this.#letters.length > 0) this.#schedule();
    });
  }

  #deliver(letter: Letter): void {
    this.#age();
    const listeners = this.#subscriptions.filter(({ pattern, isOpen }) => isOpen && matches(pattern, letter.subject));
    const plain = listeners.filter(({ queue }) => queue === undefined);
    const queues = groupByQueue(listeners);
    for (const listener of plain) listener.onMessage(letter.subject, Buffer.from(letter.packet), undefined);
    for (const members of queues.values()) {
      members[this.#turn++ % members.length]?.onMessage(letter.subject, Buffer.from(letter.packet), undefined);
    }
    if (listeners.length > 0 || letter.reply === undefined) return;
    for (const { pattern, isOpen, onMessage } of this.#subscriptions) {
      if (isOpen && matches(pattern, letter.reply)) onMessage(letter.reply, NOTHING, 503);
    }
  }

  #age(): void {
    const due = this.#delayed.filter((entry) => --entry.left <= 0);
    if (due.length === 0) return;
    this.#delayed = this.#delayed.filter(({ left }) => left > 0);
    for (const { letter } of due) this.#letters.push(letter);
  }
}

function groupByQueue(listeners: readonly Subscription[]): Map<string, Subscription[]> {
  const queues = new Map<string, Subscription[]>();
  for (const listener of listeners) {
    if (listener.queue === undefined) continue;
    queues.set(listener.queue, [...(queues.get(listener.queue) ?? []), listener]);
  }
  return queues;
}

function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const tokens = subject.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return tokens.length > index;
    if (token !== '*' && token !== tokens[index]) return false;
  }
  return wanted.length === tokens.length;
}
