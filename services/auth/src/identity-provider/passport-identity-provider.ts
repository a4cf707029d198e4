import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import passport from 'passport';
import { z } from 'zod';
import { authPaths, MANAGE_SCOPE, REGISTER_SCOPE } from '#libs/contracts';
import type { IdentityProviderConfig } from '../config.ts';
import { fileError, IdentityProviderError } from '../errors.ts';
import { authorizationOptions } from './authorization-parameters.ts';
import { CLOCK_SKEW_SECONDS, refused, type TokenClaims } from './check-token.ts';
import { drivePassport } from './drive-passport.ts';
import { HardenedBearer } from './hardened-bearer.ts';
import { HardenedOidc, sessionKeyOf } from './hardened-oidc.ts';
import type { IdentityProvider, SignedIn, SignInTransaction } from './identity-provider.ts';
import { MetadataStore } from './metadata-store.ts';
import { principalOf } from './principal-of-claims.ts';
import { createProviderConnection } from './provider-connection.ts';

/** Passport's name for the sign-in strategy; the others are named by their scope. */
const SIGN_IN = 'oidc';
const kept = z.object({ state: z.string(), nonce: z.string(), timeStamp: z.number() });
const keptSession = z.object({ content: z.tuple([kept]) });
const SCOPES = [MANAGE_SCOPE, REGISTER_SCOPE];
const API_PREFIX = 'api://';
const ERROR_CODE = /^[\w.-]{1,60}$/;

/** Entra ID, or a provider shaped like it, by passport and the hardened passport-azure-ad. Error: ERR_AUTH_FILE. */
export function createPassportIdentityProvider(options: {
  readonly config: IdentityProviderConfig;
  /** Origin of the sign-in host. */
  readonly signInOrigin: string;
  /** Tokens without the claim `groups` are of people in no group. Default false: their groups are unknown. */
  readonly sendsGroups?: boolean;
  readonly nowMs?: () => number;
}): IdentityProvider {
  const { config, sendsGroups = false } = options;
  const { issuer, tenantId, clientId, timeoutMs } = config;
  const nowMs = options.nowMs ?? Date.now;
  const clientSecret = readSecret(config.clientSecretFile);
  const redirectUrl = `${options.signInOrigin}${authPaths.callback}`;
  const connection = createProviderConnection(config.caFile);
  const store = new MetadataStore({ issuer, connection, timeoutMs, nowMs });
  const api = config.apiAudience.startsWith(API_PREFIX)
    ? config.apiAudience.slice(API_PREFIX.length)
    : config.apiAudience;
  const audience = [api, `${API_PREFIX}${api}`];
  const authenticator = new passport.Passport();
  const sessionKey = sessionKeyOf(clientId);
  const oidc = { store, connection, issuer, tenantId, clientId, clientSecret, redirectUrl, timeoutMs };
  authenticator.use(SIGN_IN, new HardenedOidc(oidc));
  for (const scope of SCOPES)
    authenticator.use(scope, new HardenedBearer({ store, issuer, tenantId, audience, scope }));
  return {
    begin: async (demand) => {
      const codeVerifier = randomBytes(32).toString('base64url');
      const session: Record<string, unknown> = {};
      const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
      const request = { method: 'GET', headers: {}, query: {}, session } as const;
      const asked = authorizationOptions(demand, codeChallenge);
      const outcome = await drivePassport(authenticator, SIGN_IN, asked, request);
      if (outcome.kind !== 'redirect') throw refused('there was none to be had');
      return { location: outcome.location, transaction: readTransaction(session[sessionKey], codeVerifier) };
    },
    complete: async (query, transaction) => {
      const { state, code, error } = query;
      if (state !== transaction.state) throw stateMismatch();
      if (error !== undefined) throw refusedByProvider(error);
      if (!code) throw missingCode();
      const { nonce, codeVerifier, startedAtMs } = transaction;
      const session = { [sessionKey]: { content: [{ state, nonce, timeStamp: startedAtMs }] } };
      const tokenOptions = { extraTokenReqQueryParams: { code_verifier: codeVerifier } };
      const request = { method: 'GET', headers: {}, query, session } as const;
      const outcome = await drivePassport(authenticator, SIGN_IN, tokenOptions, request);
      if (outcome.kind !== 'user') throw missingCode();
      return signedInOf(outcome.user as TokenClaims, nowMs(), sendsGroups);
    },
    verifyBearer: async (token, scope) => {
      if (!SCOPES.includes(scope)) throw refused(`scope ${JSON.stringify(scope.slice(0, 60))} is not one of ours`);
      const request = { method: 'GET', headers: { authorization: `Bearer ${token}` }, query: {}, session: {} } as const;
      const outcome = await drivePassport(authenticator, scope, {}, request);
      if (outcome.kind !== 'user') throw refused('it was not checked');
      const claims = outcome.user as TokenClaims;
      return { principal: principalOf(claims, { sendsGroups }).principal, expiresAtMs: claims.exp * 1000 };
    },
    endSessionUrl: async (postLogoutRedirectUri) => {
      const metadata = await store.get().catch(() => null);
      if (metadata?.endSessionEndpoint == null) return null;
      const url = new URL(metadata.endSessionEndpoint);
      url.searchParams.set('client_id', clientId);
      url.searchParams.set('post_logout_redirect_uri', postLogoutRedirectUri);
      return url.href;
    },
    close: () => connection.close(),
  };
}

function signedInOf(claims: TokenClaims, nowMs: number, sendsGroups: boolean): SignedIn {
  const { auth_time: authTime, iat } = claims;
  if (authTime !== undefined && authTime * 1000 > nowMs + CLOCK_SKEW_SECONDS * 1000)
    throw refused('claim auth_time lies in the future');
  const authenticatedAtMs = authTime === undefined ? null : Math.min(authTime * 1000, nowMs);
  return { ...principalOf(claims, { sendsGroups }), authenticatedAtMs, issuedAtMs: iat * 1000 };
}

/** State and nonce as the strategy put them into its session object. */
function readTransaction(kept: unknown, codeVerifier: string): SignInTransaction {
  const parsed = keptSession.safeParse(kept);
  if (!parsed.success) throw refused('passport kept no state');
  const [{ state, nonce, timeStamp }] = parsed.data.content;
  return { state, nonce, codeVerifier, startedAtMs: timeStamp };
}

function stateMismatch(): IdentityProviderError {
  return new IdentityProviderError('state-mismatch', 'The answer of the identity provider belongs to another sign-in.');
}

function missingCode(): IdentityProviderError {
  return new IdentityProviderError(
    'sign-in-response-invalid',
    'The answer brought from the identity provider carries no code.',
  );
}

function refusedByProvider(error: string): IdentityProviderError {
  const code = ERROR_CODE.test(error) ? error : 'of an unreadable name';
  return new IdentityProviderError(
    'identity-provider-refused',
    `The identity provider refused the sign-in with error ${code}.`,
  );
}

function readSecret(path: string): string {
  try {
    const secret = readFileSync(path, 'utf8').trim();
    if (secret === '') throw new RangeError('the file is empty');
    return secret;
  } catch (cause) {
    throw fileError(path, 'client secret file', cause);
  }
}
