import type { RefusedAbout } from './ticket-messages.ts';

/** Steps to a token: the connector's own ticket, the user's to the connector (S4U2Self), the user's to the origin (S4U2Proxy). */
export type GssStep = 'acquire' | 'impersonate' | 'delegate';

/** Offsets in the error table of Kerberos 5 (RFC 4120, 7.5.9); the library adds them to this base. */
const KERBEROS_ERRORS = -1765328384;
const ERROR = {
  clientExpired: KERBEROS_ERRORS + 1,
  clientUnknown: KERBEROS_ERRORS + 6,
  serverUnknown: KERBEROS_ERRORS + 7,
  policy: KERBEROS_ERRORS + 12,
  badOption: KERBEROS_ERRORS + 13,
  clientRevoked: KERBEROS_ERRORS + 18,
  serverRevoked: KERBEROS_ERRORS + 19,
  clientNotYet: KERBEROS_ERRORS + 21,
  keyExpired: KERBEROS_ERRORS + 23,
} as const;

const ABOUT_USER: ReadonlySet<number> = new Set([
  ERROR.clientExpired,
  ERROR.clientUnknown,
  ERROR.clientRevoked,
  ERROR.clientNotYet,
  ERROR.keyExpired,
]);
const ABOUT_DELEGATION: ReadonlySet<number> = new Set([
  ERROR.serverUnknown,
  ERROR.policy,
  ERROR.badOption,
  ERROR.serverRevoked,
]);

/** A call of the library that failed. `minor`: the mechanism's own code. */
export class GssFailure extends Error {
  readonly step: GssStep;
  readonly minor: number;

  constructor(step: GssStep, minor: number, text: string) {
    super(text);
    this.step = step;
    this.minor = minor;
  }
}

/** Whom a failure is about; what is not known to be about user or delegation is about the way to the domain. Pure. */
export function refusedAbout({ step, minor }: Pick<GssFailure, 'step' | 'minor'>): RefusedAbout {
  if (step === 'acquire') return 'domain';
  if (ABOUT_USER.has(minor)) return 'user';
  // While the user's own ticket is asked for, an unknown server is the realm they are said to be of.
  if (step === 'impersonate') return minor === ERROR.serverUnknown || minor === ERROR.policy ? 'user' : 'domain';
  return ABOUT_DELEGATION.has(minor) ? 'delegation' : 'domain';
}

const DOING: Readonly<Record<GssStep, string>> = {
  acquire: "a ticket of the keytab's account",
  impersonate: 'a ticket of the user (S4U2Self)',
  delegate: 'a ticket to the service (S4U2Proxy)',
};

/** For the connector's log: what was asked for whom, and what came of it. */
export function failureSentence(failure: GssFailure, user: string, service: string): string {
  return `${user} to ${service}: ${DOING[failure.step]} was not given: ${failure.message}`;
}
