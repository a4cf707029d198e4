import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { AppState, BearerTokens } from '#libs/contracts';
import { SERVICE_TOKEN_PREFIX } from '#libs/contracts';
import type { Credential } from '../decisions/who-asks.ts';
import { IdentityProviderError, ScopeMissingError } from '../errors.ts';
import type { IdentityProvider, VerifiedAccessToken } from '../identity-provider/identity-provider.ts';
import { readServiceToken } from '../service-tokens/judge-service-token.ts';
import { refuseToken, type TokenRefusal } from './refuse-token.ts';

/** Verified tokens remembered; at the bound the one not asked for longest goes and costs one check more. */
export const MAX_VERIFIED_ACCESS_TOKENS = 20_000;
/** Longest time a verified token is not checked again, in milliseconds; never past its own end. */
export const VERIFIED_ACCESS_TOKEN_MS = 300_000;

type TakingApp = Pick<Exclude<AppState, { status: 'absent' }>, 'bearerTokens' | 'identityProvider'>;
export type IdentifyBearer = (token: string, app: AppState) => Promise<Credential | TokenRefusal>;
type Verified = { readonly token: VerifiedAccessToken; readonly untilMs: number };

/**
 * Who a bearer token is. Service tokens are read only: whether they count is decided with the request. Fails with
 * IdentityProviderError when the provider cannot be asked: that is no refusal.
 */
export function createIdentifyBearer(options: {
  /** Of an app's users; undefined: it is not configured. */
  readonly providerOf: (
    app: TakingApp,
  ) => { readonly issuer: string; readonly port: Pick<IdentityProvider, 'verifyAccessToken'> } | undefined;
  readonly nowMs: () => number;
}): IdentifyBearer {
  const { providerOf, nowMs } = options;
  const verified = new LRUCache<string, Verified>({ max: MAX_VERIFIED_ACCESS_TOKENS });
  const verify = async (text: string, expected: BearerTokens, app: TakingApp) => {
    const provider = providerOf(app);
    if (provider === undefined) return refuseToken('access-token-provider-unknown');
    const { audience, scope } = expected;
    const key = hashOf([provider.issuer, audience, scope, text].join('\0'));
    const known = verified.get(key);
    if (known !== undefined && known.untilMs > nowMs()) return known.token;
    const token = await provider.port.verifyAccessToken(text, { audience, scope });
    verified.set(key, { token, untilMs: Math.min(token.expiresAtMs, nowMs() + VERIFIED_ACCESS_TOKEN_MS) });
    return token;
  };
  return async (text, app) => {
    if (text.startsWith(SERVICE_TOKEN_PREFIX)) {
      const presented = readServiceToken(text);
      return presented === undefined ? refuseToken('service-token-invalid') : { kind: 'service-token', presented };
    }
    if (app.status === 'absent' || app.bearerTokens === null) return refuseToken('access-tokens-not-taken');
    const { bearerTokens, identityProvider } = app;
    try {
      const token = await verify(text, bearerTokens, app);
      if ('verdict' in token) return token;
      return { kind: 'access-token', token, hash: hashOf(text), takenAs: { bearerTokens, identityProvider } };
    } catch (error) {
      if (!(error instanceof IdentityProviderError) || error.reason !== 'token-invalid') throw error;
      return refuseToken(
        error instanceof ScopeMissingError ? 'access-token-scope-missing' : 'access-token-invalid',
        error.message,
      );
    }
  };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
