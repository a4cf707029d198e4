import { createLocalJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { AssertionTrust } from '#libs/contracts';

/** Difference of the clocks of auth and of this host that is let pass, seconds. Kerberos itself takes 300. */
export const ASSERTION_CLOCK_SKEW_SECONDS = 60;

export type AssertedLogin =
  | { readonly kind: 'login'; readonly login: string }
  /** `text`: for the log. */
  | { readonly kind: 'refused'; readonly text: string };

export type CheckAssertion = (
  assertion: string | undefined,
  expected: { readonly audience: string; readonly servicePrincipalName: string },
) => Promise<AssertedLogin>;

/**
 * Whom auth itself says the request is of, for this app and this service principal name: nothing else that comes with a request is
 * believed, for an ingress faces the internet. Never rejects.
 */
export function createAssertionCheck(options: {
  readonly trust: () => AssertionTrust | null;
  readonly nowMs: () => number;
}): CheckAssertion {
  let known: { readonly of: AssertionTrust; readonly keys: JWTVerifyGetKey } | undefined;
  return async (assertion, { audience, servicePrincipalName }) => {
    const trust = options.trust();
    if (trust === null) return refused('the keys of auth are not in the configuration yet');
    if (assertion === undefined) return refused('the request has no assertion');
    try {
      if (known?.of !== trust) known = { of: trust, keys: createLocalJWKSet({ keys: trust.keys }) };
      const { payload } = await jwtVerify(assertion, known.keys, {
        algorithms: ['ES256'],
        issuer: trust.issuer,
        audience,
        requiredClaims: ['exp', 'iat'],
        clockTolerance: ASSERTION_CLOCK_SKEW_SECONDS,
        currentDate: new Date(options.nowMs()),
      });
      const { delegated_login: login, delegated_to: service } = payload;
      if (service !== servicePrincipalName)
        return refused(`the assertion is for ${printable(service)}, not for ${servicePrincipalName}`);
      if (typeof login !== 'string') return refused('the assertion names no login');
      return { kind: 'login', login };
    } catch (error) {
      return refused(error instanceof Error ? error.message : String(error));
    }
  };
}

function refused(text: string): AssertedLogin {
  return { kind: 'refused', text: `assertion not accepted: ${text}` };
}

function printable(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 256)) : 'no service';
}
