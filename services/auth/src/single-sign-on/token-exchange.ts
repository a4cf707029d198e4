import { createHash } from 'node:crypto';
import type { OriginAuthorization, Principal } from '#libs/contracts';
import type { Logger } from '#libs/telemetry';
import type { ExchangedTokens, UsableToken } from './exchanged-tokens.ts';
import type { OriginFields, SignOnRefusal } from './origin-fields.ts';
import { type OriginSecrets, unreadableSecret } from './origin-secrets.ts';
import { TOKEN_EXCHANGE_TIMEOUT_MS, type TokenService } from './token-service.ts';

/** Milliseconds for an exchange that ends at its time to say so itself. */
const GRACE_MS = 100;

type Settings = Extract<OriginAuthorization, { kind: 'token-exchange' }>;

export type TokenExchangeParts = {
  readonly secrets: OriginSecrets;
  readonly service: TokenService;
  readonly tokens: ExchangedTokens;
  /** Since the epoch. */
  readonly nowMs: () => number;
  readonly logger: Logger;
};

/**
 * The signed assertion of the person becomes an access token for the origin (RFC 8693), kept per session and app until shortly before
 * its end. Another secret, another audience, other groups of the person: another exchange.
 */
export function tokenExchangeFields(
  { app, settings }: { readonly app: { readonly externalUrl: string }; readonly settings: Settings },
  { secrets, service, tokens, nowMs, logger }: TokenExchangeParts,
): OriginFields {
  const { tokenEndpoint, clientId, sealedClientSecret, audience, scope } = settings;
  const { host } = new URL(tokenEndpoint);
  return {
    fieldsFor: async ({ principal, sessionId, assertion, deadlineMs }) => {
      const clientSecret = await secrets.open(sealedClientSecret);
      if (clientSecret === null) return unreadableSecret('client secret');
      const key = keyOf([sessionId, app.externalUrl, settings, principal]);
      const timeoutMs = Math.min(TOKEN_EXCHANGE_TIMEOUT_MS, (deadlineMs ?? Number.POSITIVE_INFINITY) - nowMs());
      const taking = tokens.take(key, tokenEndpoint, timeoutMs, () =>
        service.exchange({
          tokenEndpoint,
          clientId,
          clientSecret,
          subjectToken: assertion,
          audience,
          scope,
          timeoutMs,
        }),
      );
      const token = await inTime(taking, timeoutMs, nowMs);
      if (token.kind === 'issued')
        return {
          kind: 'fields',
          fields: ['Authorization', `Bearer ${token.accessToken}`],
          validUntilMs: token.usableUntilMs,
        };
      const cause = token.kind === 'refused' ? token.error : token.why;
      logger.warn('no token for the origin', { tokenService: host, sessionId, outcome: token.kind, cause });
      switch (token.kind) {
        case 'refused':
          return { ...refusedBy(host, token.error, principal), validUntilMs: token.untilMs };
        case 'not-asked':
          return { ...notAsked(host), validUntilMs: token.untilMs };
        case 'unavailable':
          return { ...unavailable(host), validUntilMs: token.untilMs };
        default:
          return token satisfies never;
      }
    },
  };
}

/** An exchange that somebody else began may have more time than who joins it. It goes on, and the next request has its token. */
async function inTime(taking: Promise<UsableToken>, timeoutMs: number, nowMs: () => number): Promise<UsableToken> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<UsableToken>((resolve) => {
    const why = 'there was no time left to wait for it';
    timer = setTimeout(() => resolve({ kind: 'not-asked', why, untilMs: nowMs() }), timeoutMs + GRACE_MS);
  });
  try {
    return await Promise.race([taking, late]);
  } finally {
    clearTimeout(timer);
  }
}

function keyOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** Errors that are about the person or the token; all others are about the client. */
const ABOUT_PERSON = new Set(['invalid_grant', 'invalid_target', 'access_denied']);

function refusedBy(host: string, error: string, { username }: Principal): SignOnRefusal {
  const what = ABOUT_PERSON.has(error)
    ? `does not give ${username} a token for this app (${error}). Whoever manages the app can have it do so.`
    : `does not serve Sallyport for this app (${error}). An administrator has to look at the app's single sign-on.`;
  return {
    kind: 'refused',
    reason: 'single-sign-on-refused',
    detail: `You are signed in, but the token service at ${host} ${what}`,
  };
}

function unavailable(host: string): SignOnRefusal {
  return {
    kind: 'refused',
    reason: 'single-sign-on-unavailable',
    detail: `You are signed in, but the token service at ${host}, which this app needs, does not answer as it should. Try again in a moment.`,
  };
}

/** The limit is ours. It may be that the token service is well by now. */
function notAsked(host: string): SignOnRefusal {
  return {
    kind: 'refused',
    reason: 'single-sign-on-unavailable',
    detail: `You are signed in, but Sallyport does not ask the token service at ${host}, which this app needs, right now: too many wait for it, or it did not answer others. Try again in a moment.`,
  };
}
