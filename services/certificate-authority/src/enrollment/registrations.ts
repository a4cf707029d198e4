import type { SallyportError } from '#libs/errors';
import { refuse } from '../errors.ts';

/** Registrations waiting for their certificate request. At the bound new ones are refused with 503. */
export const MAX_PENDING_REGISTRATIONS = 1000;
/** A registration not used in this time is gone. */
export const REGISTRATION_LIFETIME_MS = 10 * 60_000;

export type PendingRegistration = {
  readonly registrationId: string;
  readonly connectorId: string;
  readonly name: string;
  readonly machineName: string;
  readonly connectorGroupId: string | null;
  /** Directory id of the administrator who registered: the second step must be theirs too. */
  readonly administrator: string;
};

/**
 * The registrations an administrator's token opened. Each is good for one certificate: while a request for it is worked on
 * no other may use it, and it is gone once that succeeded. Kept in memory: a restart asks for a new registration.
 */
export class Registrations {
  readonly #pending = new Map<
    string,
    { readonly registration: PendingRegistration; readonly expiresAt: number; isTaken: boolean }
  >();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @throws ERR_CA_TOO_MANY_REGISTRATIONS */
  add(registration: PendingRegistration): void {
    this.#forgetExpired();
    if (this.#pending.size >= MAX_PENDING_REGISTRATIONS)
      throw refuse({
        status: 503,
        code: 'ERR_CA_TOO_MANY_REGISTRATIONS',
        detail: `${MAX_PENDING_REGISTRATIONS} registrations wait for their certificate request already`,
        remedy: 'try again in some minutes',
        retryAfterSeconds: 60,
      });
    this.#pending.set(registration.registrationId, {
      registration,
      expiresAt: this.#now() + REGISTRATION_LIFETIME_MS,
      isTaken: false,
    });
  }

  /**
   * Runs `work` with a registration nobody else can use meanwhile; used up when it resolves, free again when it throws.
   * @throws ERR_CA_REGISTRATION_ABSENT (unknown, used, expired or another administrator's), ERR_CA_REGISTRATION_BUSY
   */
  async use<T>(
    registrationId: string,
    administrator: string,
    work: (registration: PendingRegistration) => Promise<T>,
  ): Promise<T> {
    this.#forgetExpired();
    const entry = this.#pending.get(registrationId);
    if (!entry || entry.registration.administrator !== administrator) throw absent();
    if (entry.isTaken) throw busy();
    entry.isTaken = true;
    try {
      const result = await work(entry.registration);
      this.#pending.delete(registrationId);
      return result;
    } finally {
      entry.isTaken = false;
    }
  }

  #forgetExpired(): void {
    const now = this.#now();
    for (const [id, entry] of this.#pending) if (entry.expiresAt <= now && !entry.isTaken) this.#pending.delete(id);
  }
}

function absent(): SallyportError {
  return refuse({
    status: 404,
    code: 'ERR_CA_REGISTRATION_ABSENT',
    detail: 'this registration is unknown, used, or older than 10 minutes',
    remedy: 'register again',
  });
}

function busy(): SallyportError {
  return refuse({
    status: 409,
    code: 'ERR_CA_REGISTRATION_BUSY',
    detail: 'a certificate request of this registration is being worked on',
    remedy: 'wait for its answer',
    retryAfterSeconds: 2,
  });
}
