import { LRUCache } from 'lru-cache';

/** Sign-outs at identity providers remembered by this process, of each way; at the bound the one used longest ago goes. */
export const MAX_RECENT_SIGN_OUTS = 10_000;

/** `sessionId` null: of all sessions of the person at this provider. */
type SignOut = {
  readonly issuer: string;
  readonly sessionId: string | null;
  readonly subject: string | null;
  readonly issuedAtMs: number;
};

type SignedIn = {
  readonly providerSessionId: string | null;
  readonly providerSubject: string;
  /** When the person proved who they are; null: the provider does not say. */
  readonly authenticatedAtMs: number | null;
};

/** Instants, milliseconds since the epoch: by the provider's clock, and by ours. */
type Instants = { readonly issuedAtMs: number; readonly toldAtMs: number };

/**
 * Who signed out at an identity provider while a sign-in was on its way. It begins no session, unless the
 * person signed in anew since: its token may be younger than the sign-out, for it is made when we ask. In memory: an instance knows of
 * those it was told itself.
 */
export class RecentSignOuts {
  readonly #nowMs: () => number;
  /** Told by a token that the provider signed, or by anybody who knows the id: these must not push out those. */
  readonly #proven: LRUCache<string, Instants>;
  readonly #claimed: LRUCache<string, Instants>;

  constructor(nowMs: () => number, max = MAX_RECENT_SIGN_OUTS) {
    this.#nowMs = nowMs;
    this.#proven = new LRUCache({ max });
    this.#claimed = new LRUCache({ max });
  }

  add({ issuer, sessionId, subject, issuedAtMs }: SignOut, isProven: boolean): void {
    const table = isProven ? this.#proven : this.#claimed;
    const instants = { issuedAtMs, toldAtMs: this.#nowMs() };
    if (sessionId !== null) table.set(keyOf('sid', issuer, sessionId), instants);
    else if (subject !== null) table.set(keyOf('sub', issuer, subject), instants);
  }

  /** Of a sign-in that was begun at this instant, milliseconds since the epoch. */
  isSignedOut(issuer: string, signedIn: SignedIn, begunAtMs: number): boolean {
    const { providerSessionId: sid, providerSubject: sub, authenticatedAtMs } = signedIn;
    const keys = [keyOf('sub', issuer, sub), ...(sid === null ? [] : [keyOf('sid', issuer, sid)])];
    const found = keys.flatMap((key) => [this.#proven.get(key), this.#claimed.get(key)]);
    return found.some((one) => {
      if (one === undefined || begunAtMs > one.toldAtMs) return false;
      return authenticatedAtMs === null || authenticatedAtMs <= one.issuedAtMs;
    });
  }
}

function keyOf(kind: 'sid' | 'sub', issuer: string, value: string): string {
  return `${kind}\n${issuer}\n${value}`;
}
