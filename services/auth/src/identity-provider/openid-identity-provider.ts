import * as client from 'openid-client';
import { authPaths, MANAGE_SCOPE, REGISTER_SCOPE } from '#libs/contracts';
import type { Logger } from '#libs/telemetry';
import { IdentityProviderError } from '../errors.ts';
import { codeOfCallback } from './callback-query.ts';
import { readLogoutToken } from './check-logout-token.ts';
import { refused } from './check-token.ts';
import { readClientSecret } from './client-secret.ts';
import type { IdentityProvider, Refreshed, RefreshedPerson, SignedIn } from './identity-provider.ts';
import { KeptMetadata } from './kept-metadata.ts';
import { configureClient, toIdentityProviderError } from './openid-client-calls.ts';
import { type OpenidMetadata, readOpenidMetadata } from './openid-metadata.ts';
import {
  authenticatedAtMsOf,
  contextsOf,
  type OpenidReading,
  principalOfApp,
  principalOfClaims,
} from './openid-principal.ts';
import { holdsScopes, parametersOf } from './openid-request.ts';
import { checkIdToken, checkOpenidAccessToken, type OpenidClaims, verifyOpenidLogoutToken } from './openid-tokens.ts';
import type { OpenidProviderConfig } from './provider-config.ts';
import { createProviderConnection } from './provider-connection.ts';
import { keepableRefreshToken, nextTokenIn, onRefreshRefusal, requireKeepable } from './refresh-token.ts';
import { keepingNextToken } from './unconfirmed-refresh.ts';
import { warnOnce } from './warn-once.ts';

const API_SCOPES = [MANAGE_SCOPE, REGISTER_SCOPE];

export type OpenidIdentityProviderOptions = {
  readonly config: OpenidProviderConfig;
  /** Origin of the sign-in host. */
  readonly signInOrigin: string;
  /** Path of the redirect URI below it. Default: that of the tenant's first provider. */
  readonly callbackPath?: string;
  /**
   * ID tokens without groups are of people in no group, where the token answer says that all scopes asked for were granted. Default false:
   * their groups are unknown.
   */
  readonly sendsGroups?: boolean;
  /** Further claims kept of people, by name. Default: none. */
  readonly keepClaims?: readonly string[];
  /** Asks for refresh tokens (scope `offline_access`). Default false. */
  readonly wantsRefreshTokens?: boolean;
  /** Default: nobody is told which claims could not be kept. */
  readonly logger?: Pick<Logger, 'warn'>;
  readonly nowMs?: () => number;
};

/** One version of what the provider publishes, and openid-client set up for it. */
type Published = OpenidMetadata & { readonly configuration: client.Configuration };

/** Any OpenID provider, by openid-client; tokens are checked by us besides. Error: ERR_AUTH_FILE. */
export function createOpenidIdentityProvider(options: OpenidIdentityProviderOptions): IdentityProvider {
  const { config, sendsGroups = false, keepClaims = [], wantsRefreshTokens = false } = options;
  const { issuer, clientId, timeoutMs } = config;
  const nowMs = options.nowMs ?? Date.now;
  const clientSecret = readClientSecret(config.clientSecretFile);
  const redirectUri = `${options.signInOrigin}${options.callbackPath ?? authPaths.callback}`;
  const connection = createProviderConnection(config.caFile);
  const { clientAuthentication } = config;
  const calling = { clientId, clientSecret, clientAuthentication, connection, timeoutMs };
  const published = new KeptMetadata<Published>(async () => {
    const metadata = await readOpenidMetadata(connection, issuer, AbortSignal.timeout(timeoutMs));
    const configuration = configureClient(metadata.document, calling);
    return { ...metadata, configuration };
  }, nowMs);
  const tokens = { metadata: published, issuer, clientId };
  const { claims: names, authenticationContexts } = config;
  const onLeftOut = warnOnce(options.logger);
  const reading = { issuer, claims: names, authenticationContexts, keepClaims, onLeftOut };
  /** Access tokens carry groups or not whatever ID tokens do. */
  const readingAccess: OpenidReading = { ...reading, sendsGroups: false };

  const verifyAccess = async (token: string, expected: { readonly audience: string; readonly scope: string }) => {
    const checked = await checkOpenidAccessToken(tokens, token, { ...expected, types: config.accessTokenTypes });
    const { kind, claims } = checked;
    const times = { issuedAtMs: claims.iat * 1000, expiresAtMs: claims.exp * 1000, deviceStates: null };
    if (kind === 'app') {
      const principal = principalOfApp(claims, checked.clientId, readingAccess);
      return { kind, ...times, principal, authenticationContexts: [], authenticatedAtMs: null };
    }
    const principal = principalOfClaims(claims, readingAccess);
    const contexts = contextsOf(claims, authenticationContexts);
    const authenticatedAtMs = authenticatedAtMsOf(claims, nowMs());
    return { kind, ...times, principal, authenticationContexts: contexts, authenticatedAtMs };
  };
  /** Claims of the ID token go before those of UserInfo. */
  const withUserInfo = guarded(
    async (configuration: client.Configuration, claims: OpenidClaims, accessToken: string) =>
      config.userInfo ? { ...(await client.fetchUserInfo(configuration, accessToken, claims.sub)), ...claims } : claims,
  );

  return {
    begin: guarded(async (demand) => {
      const { configuration, document } = await published.get();
      const codeVerifier = client.randomPKCECodeVerifier();
      const transaction = { state: client.randomState(), nonce: client.randomNonce(), codeVerifier };
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        state: transaction.state,
        nonce: transaction.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...parametersOf(demand, { config, document, wantsRefreshTokens }),
      });
      return { location: url.href, transaction: { ...transaction, startedAtMs: nowMs() } };
    }),
    complete: guarded(async (query, transaction) => {
      const { configuration, document } = await published.get();
      const { state, nonce, codeVerifier } = transaction;
      const isIssuerRequired = document.authorization_response_iss_parameter_supported === true;
      const code = codeOfCallback(query, { state, issuer, isIssuerRequired });
      const answered = new URL(redirectUri);
      answered.search = new URLSearchParams({ code, state, iss: issuer }).toString();
      const checks = { pkceCodeVerifier: codeVerifier, expectedState: state, expectedNonce: nonce };
      const answer = requireBearer(await client.authorizationCodeGrant(configuration, answered, checks));
      const { id_token: idToken, access_token: accessToken, refresh_token: refreshToken } = answer;
      const claims = await checkIdToken(tokens, idToken, { nonce, accessToken });
      const person = await withUserInfo(configuration, claims, accessToken);
      return {
        principal: principalOfClaims(person, {
          ...reading,
          sendsGroups: sendsGroups && holdsScopes(answer.scope, config.scopes),
        }),
        authenticationContexts: contextsOf(claims, authenticationContexts),
        authenticatedAtMs: authenticatedAtMsOf(claims, nowMs()),
        issuedAtMs: claims.iat * 1000,
        providerSubject: claims.sub,
        providerSessionId: claims.sid ?? null,
        deviceStates: null,
        refreshToken: keepableRefreshToken(refreshToken ?? null),
      } satisfies SignedIn;
    }),
    verifyBearer: guarded(async (token, scope) => {
      if (!API_SCOPES.includes(scope)) throw refused(`scope ${JSON.stringify(scope.slice(0, 60))} is not one of ours`);
      if (config.apiAudience === undefined) throw refused('the configuration names no apiAudience for it');
      const checked = await verifyAccess(token, { audience: config.apiAudience, scope });
      if (checked.kind === 'app') throw refused('it is of a program, not of a person');
      const { principal, issuedAtMs, expiresAtMs } = checked;
      return { principal, issuedAtMs, expiresAtMs };
    }),
    verifyAccessToken: guarded(verifyAccess),
    refresh: guarded(async (refreshToken, person, signal) => {
      const { document } = await published.get();
      let next: string | null = null;
      const onTokenAnswer = (text: string) => {
        next = nextTokenIn(text);
      };
      const configuration = configureClient(document, { ...calling, signal, onTokenAnswer });
      const confirm = guarded(async (): Promise<Refreshed> => {
        const answer = await client.refreshTokenGrant(configuration, refreshToken).catch((error: unknown) => {
          throw toIdentityProviderError(error, onRefreshRefusal);
        });
        const { id_token: idToken, access_token: accessToken, refresh_token: given } = requireBearer(answer);
        const kept = requireKeepable(given);
        if (idToken === undefined) return { principal: null, refreshToken: kept };
        const claims = await checkIdToken(tokens, idToken, { nonce: null, accessToken });
        const told = await withUserInfo(configuration, claims, accessToken);
        // Left out, they are those of the sign-in (RFC 6749, 6).
        const isWhole = answer.scope === undefined || holdsScopes(answer.scope, config.scopes);
        const refreshes = person.known;
        const principal = principalOfClaims(told, { ...reading, sendsGroups: sendsGroups && isWhole, refreshes });
        requireSamePerson(person, { ...principal, providerSubject: claims.sub });
        return { principal, refreshToken: kept };
      });
      return keepingNextToken(() => next, signal, confirm);
    }),
    checkLogoutToken: guarded(async (token) => {
      const payload = await verifyOpenidLogoutToken(tokens, token);
      return readLogoutToken(payload, { issuer, tenantId: null, nowMs: nowMs() });
    }),
    endSessionUrl: guarded(async (postLogoutRedirectUri, hint) => {
      const known = await published.get().catch(() => null);
      if (known?.document.end_session_endpoint === undefined) return null;
      return client.buildEndSessionUrl(known.configuration, {
        post_logout_redirect_uri: postLogoutRedirectUri,
        ...(hint !== undefined && { logout_hint: hint.logoutHint }),
      }).href;
    }),
    close: () => connection.close(),
  };
}

/** Nothing but IdentityProviderError leaves a method, whatever a library threw. */
function guarded<A extends readonly unknown[], R>(work: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await work(...args);
    } catch (error) {
      throw toIdentityProviderError(error);
    }
  };
}

/** Tokens that are bound to a key are of no use to who has none (RFC 6749, 7.1). */
function requireBearer<T extends { readonly token_type: string }>(answer: T): T {
  if (answer.token_type.toLowerCase() === 'bearer') return answer;
  const sentence = 'The identity provider answered nonsense: its token type is not Bearer.';
  throw new IdentityProviderError('identity-provider-answer-invalid', sentence);
}

function requireSamePerson(
  expected: RefreshedPerson,
  given: { readonly subject: string; readonly directoryTenant: string; readonly providerSubject: string },
): void {
  const isSame =
    given.subject === expected.subject &&
    given.directoryTenant === expected.directoryTenant &&
    given.providerSubject === (expected.providerSubject ?? given.providerSubject);
  if (isSame) return;
  const sentence = 'The refreshed token of the identity provider is of another person.';
  throw new IdentityProviderError('refresh-refused', sentence);
}
