import { LRUCache } from 'lru-cache';
import type { Principal } from '#libs/contracts';

/** Sign-ins remembered of one person; the oldest go. */
export const MAX_SIGN_INS_PER_PERSON = 5;
/** People whose sign-ins are remembered; at the bound the one who signed in or looked longest ago goes, and sees none. */
export const MAX_PEOPLE_WITH_SIGN_INS = 20_000;

/** `at`: when the session was started, ISO-8601 UTC. */
export type SignIn = { readonly at: string; readonly address: string; readonly userAgent: string };
type Person = Pick<Principal, 'directoryTenant' | 'subject'>;

/** The last sign-ins of each person, fed in the order they happened. */
export class RecentSignIns {
  readonly #byPerson = new LRUCache<string, readonly SignIn[]>({ max: MAX_PEOPLE_WITH_SIGN_INS });

  add(at: string, started: { readonly principal: Person; readonly address: string; readonly userAgent: string }): void {
    const { principal, address, userAgent } = started;
    const known = this.of(principal).filter((one) => one.at !== at);
    this.#byPerson.set(keyOf(principal), [{ at, address, userAgent }, ...known].slice(0, MAX_SIGN_INS_PER_PERSON));
  }

  /** Newest first. */
  of(person: Person): readonly SignIn[] {
    return this.#byPerson.get(keyOf(person)) ?? [];
  }
}

function keyOf({ directoryTenant, subject }: Person): string {
  return `${directoryTenant}\n${subject}`;
}
