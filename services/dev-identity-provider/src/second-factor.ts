import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { OidcProviderModule } from './load-oidc-provider.ts';

/** The context behind which this provider has a policy: a second factor. Every other one is granted for the asking, as in Entra. */
export const POLICED_CONTEXT = 'c1';
/** Of the provider's session, never sent: Entra v2.0 tokens have no `amr`. */
export const SECOND_FACTOR_METHOD = 'mfa';
/** Reason of an interaction that asks for the second factor. */
export const SECOND_FACTOR_REASON = 'acrs_step_up';
/** Asked for by `acr_values` in the shape `openid`; what was proved stands in `amr`. */
export const SECOND_FACTOR_ACR = 'urn:sallyport:development:mfa';
const CONTEXT = /^c[1-9]\d?$/;
const CODE_DIGITS = 6;

/** Contexts asked for by `claims={"id_token":{"acrs":{"essential":true,"value"|"values"}}}`; whatever else stands there asks for none. */
export function requestedContexts(claims: unknown): readonly string[] {
  const acrs = property(property(claims, 'id_token'), 'acrs');
  if (property(acrs, 'essential') !== true) return [];
  const values = property(acrs, 'values');
  const asked: readonly unknown[] = Array.isArray(values) ? values : [property(acrs, 'value')];
  return asked.filter((context): context is string => typeof context === 'string' && CONTEXT.test(context));
}

/** Claim `acrs`: what the sign-in proved, and what was asked for and stands behind no policy. */
export function grantedContexts(methods: readonly string[] | undefined, claims: unknown): readonly string[] {
  const isProved = methods?.includes(SECOND_FACTOR_METHOD) === true;
  const unpoliced = requestedContexts(claims).filter((context) => context !== POLICED_CONTEXT);
  return [...new Set(['p1', ...(isProved ? [POLICED_CONTEXT] : []), ...unpoliced])];
}

/** Adds to the login prompt: who asks for the policed context shows a second factor, once a session. */
export function askSecondFactor(
  { interactionPolicy }: OidcProviderModule,
  policy: ReturnType<OidcProviderModule['interactionPolicy']['base']>,
): void {
  const { Check } = interactionPolicy;
  const isMissing = ({ oidc }: KoaContextWithOIDC) =>
    (requestedContexts(oidc.claims).includes(POLICED_CONTEXT) || asksByAcr(oidc.params?.acr_values)) &&
    oidc.session?.amr?.includes(SECOND_FACTOR_METHOD) !== true;
  policy
    .get('login')
    ?.checks.add(
      new Check(SECOND_FACTOR_REASON, 'a second factor is required', 'interaction_required', (ctx) =>
        isMissing(ctx) ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
      ),
    );
}

function asksByAcr(acrValues: unknown): boolean {
  return typeof acrValues === 'string' && acrValues.split(' ').includes(SECOND_FACTOR_ACR);
}

export type OneTimeCodes = {
  codeFor(interactionId: string): string;
  accepts(interactionId: string, code: string): boolean;
};

/** One code for each interaction, six digits, good as long as the interaction (an hour at most) and this process. */
export function createOneTimeCodes(): OneTimeCodes {
  const key = randomBytes(32);
  const codeFor = (id: string) =>
    String(createHmac('sha256', key).update(id).digest().readUInt32BE(0) % 10 ** CODE_DIGITS).padStart(
      CODE_DIGITS,
      '0',
    );
  return {
    codeFor,
    accepts: (id, code) => {
      const [given, expected] = [Buffer.from(code.replace(/\s/g, '')), Buffer.from(codeFor(id))];
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}

/**
 * Address of an authorization request in which what is asked for the access token is asked for the ID token: Entra takes
 * `claims={"access_token":...}`, as a 401 of an API brings it, oidc-provider refuses it. One factor serves both tokens here.
 */
export function askForIdToken(url: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  const claims = parseJson(parameters.get('claims'));
  const wanted = property(claims, 'access_token');
  if (typeof claims !== 'object' || claims === null || typeof wanted !== 'object' || wanted === null) return url;
  const idToken = property(claims, 'id_token');
  parameters.set(
    'claims',
    JSON.stringify({ ...claims, access_token: undefined, id_token: { ...wanted, ...Object(idToken) } }),
  );
  return `${path}?${parameters.toString()}`;
}

function parseJson(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    // oidc-provider answers what is not JSON with an error of its own.
    return undefined;
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
