import { LRUCache } from 'lru-cache';
import type { KerberosName } from './kerberos-names.ts';

/** Of the questions at once, those that may need a KDC: a silent one does not hold up users whose tickets are kept. */
export const MAX_NEW_TICKETS_AT_ONCE = 12;
/** Of these, for one user: the others wait for their turn. One user at one service has a single one, and the rest waits for its answer. */
export const MAX_NEW_TICKETS_PER_USER = 3;
/** Of these, for one service: the others wait for their turn. */
export const MAX_NEW_TICKETS_PER_SERVICE = 6;
/** Different users without an answer for a service, and none answered since, after which new ones are refused for a while. */
export const SILENCES_BEFORE_REST = 3;
/** How long new users are refused at a service whose KDC is silent, milliseconds. */
export const SERVICE_REST_MS = 10_000;
/** Services whose silence is remembered; at the bound the oldest one is asked for again. */
const MAX_SILENT_SERVICES = 1_000;

/** Whom a new ticket is for. */
export type NewTicket = { readonly user: KerberosName; readonly service: KerberosName };
type Silence = { readonly users: Set<string>; restsUntilMs: number };

/** Counts the questions under way that may need a KDC, so that no user and no service takes the places of all. No I/O. */
export class NewTicketBounds {
  readonly #nowMs: () => number;
  #all = 0;
  readonly #running = new Map<string, number>();
  readonly #silent = new LRUCache<string, Silence>({ max: MAX_SILENT_SERVICES });

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get isFull(): boolean {
    return this.#all >= MAX_NEW_TICKETS_AT_ONCE;
  }

  mayStart(ticket: NewTicket): boolean {
    const { pair, user, service } = keysOf(ticket);
    const running = (key: string) => this.#running.get(key) ?? 0;
    if (this.isFull || running(pair) > 0) return false;
    return running(user) < MAX_NEW_TICKETS_PER_USER && running(service) < MAX_NEW_TICKETS_PER_SERVICE;
  }

  started(ticket: NewTicket): void {
    this.#all += 1;
    for (const key of Object.values(keysOf(ticket))) this.#running.set(key, (this.#running.get(key) ?? 0) + 1);
  }

  ended(ticket: NewTicket): void {
    this.#all -= 1;
    for (const key of Object.values(keysOf(ticket))) {
      const left = (this.#running.get(key) ?? 0) - 1;
      if (left > 0) this.#running.set(key, left);
      else this.#running.delete(key);
    }
  }

  /** None is under way any more: the process ended. */
  clear(): void {
    this.#all = 0;
    this.#running.clear();
  }

  /** No answer came in time. True when the service rests from now on. */
  silent(ticket: NewTicket): boolean {
    const { user, service } = keysOf(ticket);
    const silence = this.#silent.get(service) ?? { users: new Set(), restsUntilMs: 0 };
    this.#silent.set(service, silence);
    silence.users.add(user);
    if (silence.users.size < SILENCES_BEFORE_REST || this.rests(ticket)) return false;
    silence.users.clear();
    silence.restsUntilMs = this.#nowMs() + SERVICE_REST_MS;
    return true;
  }

  /** A ticket came, or a refusal of the domain: it is there. */
  answered(ticket: NewTicket): void {
    this.#silent.delete(keysOf(ticket).service);
  }

  rests(ticket: NewTicket): boolean {
    return (this.#silent.get(keysOf(ticket).service)?.restsUntilMs ?? 0) > this.#nowMs();
  }
}

/** No name has a line feed. */
function keysOf({ user, service }: NewTicket): {
  readonly pair: string;
  readonly user: string;
  readonly service: string;
} {
  const one = `user ${user.kind} ${user.text}`;
  const other = `service ${service.text}`;
  return { pair: `${one}\n${other}`, user: one, service: other };
}
