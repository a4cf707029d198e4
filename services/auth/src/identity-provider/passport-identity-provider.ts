import { createHash, randomBytes } from 'node:crypto';
import passport from 'passport';
import { z } from 'zod';
import { authPaths, MANAGE_SCOPE, REGISTER_SCOPE } from '#libs/contracts';
import type { Logger } from '#libs/telemetry';
import type { IdentityProviderConfig } from '../config.ts';
import { IdentityProviderError } from '../errors.ts';
import { authorizationOptions } from './authorization-parameters.ts';
import { audiencesOf, checkAccessToken } from './check-access-token.ts';
import { checkLogoutToken } from './check-logout-token.ts';
import { CLOCK_SKEW_SECONDS, refused, type TokenClaims } from './check-token.ts';
import { readClientSecret } from './client-secret.ts';
import { deviceStatesOf } from './device-states.ts';
import { drivePassport } from './drive-passport.ts';
import { HardenedBearer } from './hardened-bearer.ts';
import { HardenedOidc, type PassportUser, sessionKeyOf } from './hardened-oidc.ts';
import type { IdentityProvider, SignedIn, SignInTransaction, VerifiedAccessToken } from './identity-provider.ts';
import { MetadataStore } from './metadata-store.ts';
import { appPrincipalOf, type PrincipalOptions, principalOf } from './principal-of-claims.ts';
import { createProviderConnection } from './provider-connection.ts';
import { keepableRefreshToken, useRefreshToken } from './refresh-token.ts';
import { warnOnce } from './warn-once.ts';

/** Passport's name for the sign-in strategy; the others are named by their scope. */
const SIGN_IN = 'oidc';
const kept = z.object({ state: z.string(), nonce: z.string(), timeStamp: z.number() });
const keptSession = z.object({ content: z.tuple([kept]) });
const SCOPES = [MANAGE_SCOPE, REGISTER_SCOPE];
const ERROR_CODE = /^[\w.-]{1,60}$/;

/** Entra ID, or a provider shaped like it, by passport and the hardened passport-azure-ad. Error: ERR_AUTH_FILE. */
export function createPassportIdentityProvider(options: {
  readonly config: IdentityProviderConfig;
  /** Origin of the sign-in host. */
  readonly signInOrigin: string;
  /** Path of the redirect URI below it. Default: that of the tenant's first provider. */
  readonly callbackPath?: string;
  /** Tokens without the claim `groups` are of people in no group. Default false: their groups are unknown. */
  readonly sendsGroups?: boolean;
  /** Further claims kept of people, by name. Default: none. */
  readonly keepClaims?: readonly string[];
  /** Asks for refresh tokens (scope `offline_access`). Default false. */
  readonly wantsRefreshTokens?: boolean;
  /** Default: nobody is told which claims could not be kept. */
  readonly logger?: Pick<Logger, 'warn'>;
  readonly nowMs?: () => number;
}): IdentityProvider {
  const { config, sendsGroups = false, keepClaims = [], wantsRefreshTokens = false } = options;
  const { issuer, tenantId, clientId, timeoutMs } = config;
  const nowMs = options.nowMs ?? Date.now;
  const clientSecret = readClientSecret(config.clientSecretFile);
  const redirectUrl = `${options.signInOrigin}${options.callbackPath ?? authPaths.callback}`;
  const connection = createProviderConnection(config.caFile);
  const store = new MetadataStore({ issuer, connection, timeoutMs, nowMs });
  const audience = audiencesOf(config.apiAudience);
  const scopes = ['openid', 'profile', 'email', ...(wantsRefreshTokens ? ['offline_access'] : [])];
  const reading: PrincipalOptions = { sendsGroups, keepClaims, onLeftOut: warnOnce(options.logger) };
  /** Registrations of APIs send groups or not, whatever that of the web app does. */
  const readingAccess: PrincipalOptions = { ...reading, sendsGroups: false };
  const authenticator = new passport.Passport();
  const sessionKey = sessionKeyOf(clientId);
  const oidc = { store, connection, issuer, tenantId, clientId, clientSecret, redirectUrl, timeoutMs, scopes };
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
      return signedInOf(outcome.user as PassportUser, nowMs(), reading);
    },
    verifyBearer: async (token, scope) => {
      if (!SCOPES.includes(scope)) throw refused(`scope ${JSON.stringify(scope.slice(0, 60))} is not one of ours`);
      const request = { method: 'GET', headers: { authorization: `Bearer ${token}` }, query: {}, session: {} } as const;
      const outcome = await drivePassport(authenticator, scope, {}, request);
      if (outcome.kind !== 'user') throw refused('it was not checked');
      const claims = outcome.user as TokenClaims;
      const times = { issuedAtMs: claims.iat * 1000, expiresAtMs: claims.exp * 1000 };
      return { principal: principalOf(claims, readingAccess).principal, ...times };
    },
    verifyAccessToken: async (token, expected) => {
      const checked = await checkAccessToken(store, token, { issuer, tenantId, ...expected });
      const { kind, claims } = checked;
      const times = { issuedAtMs: claims.iat * 1000, expiresAtMs: claims.exp * 1000 };
      if (kind === 'app') return { kind, ...times, ...APP_ALONE, principal: appPrincipalOf(claims, checked.clientId) };
      return { kind, ...times, ...personOf(claims, nowMs(), readingAccess) } satisfies VerifiedAccessToken;
    },
    refresh: (refreshToken, person, signal) =>
      useRefreshToken(oidc, refreshToken, person, signal, (claims) =>
        personOf(claims, nowMs(), { ...reading, refreshes: person.known }),
      ),
    checkLogoutToken: (token) => checkLogoutToken(store, token, { issuer, clientId, tenantId, nowMs: nowMs() }),
    endSessionUrl: async (postLogoutRedirectUri, hint) => {
      const metadata = await store.get().catch(() => null);
      if (metadata?.endSessionEndpoint == null) return null;
      const url = new URL(metadata.endSessionEndpoint);
      url.searchParams.set('client_id', clientId);
      url.searchParams.set('post_logout_redirect_uri', postLogoutRedirectUri);
      if (hint !== undefined) url.searchParams.set('logout_hint', hint.logoutHint);
      return url.href;
    },
    close: () => connection.close(),
  };
}

/** What no token of a program alone says. */
const APP_ALONE = { authenticationContexts: [], authenticatedAtMs: null, deviceStates: null } as const;

function signedInOf({ claims, refreshToken }: PassportUser, nowMs: number, reading: PrincipalOptions): SignedIn {
  return {
    ...personOf(claims, nowMs, reading),
    issuedAtMs: claims.iat * 1000,
    providerSubject: claims.sub,
    providerSessionId: claims.sid ?? null,
    refreshToken: keepableRefreshToken(refreshToken),
  };
}

function personOf(claims: TokenClaims, nowMs: number, reading: PrincipalOptions) {
  const { auth_time: authTime } = claims;
  if (authTime !== undefined && authTime * 1000 > nowMs + CLOCK_SKEW_SECONDS * 1000)
    throw refused('claim auth_time lies in the future');
  const authenticatedAtMs = authTime === undefined ? null : Math.min(authTime * 1000, nowMs);
  return { ...principalOf(claims, reading), authenticatedAtMs, deviceStates: deviceStatesOf(claims) };
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
