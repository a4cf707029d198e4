import * as client from 'openid-client';
import { IdentityProviderError } from '../errors.ts';
import { CLOCK_SKEW_SECONDS } from './check-token.ts';
import type { OpenidMetadataDocument } from './openid-metadata.ts';
import type { ProviderConnection } from './provider-connection.ts';

export type OpenidClientOptions = {
  readonly clientId: string;
  readonly clientSecret: string;
  /** undefined: as the metadata offers. */
  readonly clientAuthentication: 'client_secret_basic' | 'client_secret_post' | undefined;
  readonly connection: ProviderConnection;
  readonly timeoutMs: number;
  /** Ends whatever is under way before its time. Default: nothing does. */
  readonly signal?: AbortSignal;
  /** Told of each good answer of the token endpoint before it is read. Must not throw. */
  readonly onTokenAnswer?: (text: string) => void;
};

const ERROR_CODE = /^[\w.-]{1,60}$/;
const PRINTABLE = /[^\x20-\x7e]/g;
const MAX_REASON_LENGTH = 200;
/** Causes looked through for the error of our own connection. */
const MAX_CAUSES = 5;

/**
 * openid-client for one version of the metadata, with our connection and its bounds in place of its own. Error: IdentityProviderError
 * when the provider takes no client secret.
 */
export function configureClient(document: OpenidMetadataDocument, options: OpenidClientOptions): client.Configuration {
  const { clientId, connection, timeoutMs, onTokenAnswer } = options;
  const metadata = { [client.clockTolerance]: CLOCK_SKEW_SECONDS };
  const server = { ...withoutUndefined(document), issuer: document.issuer };
  const configuration = new client.Configuration(server, clientId, metadata, authenticationOf(document, options));
  configuration.timeout = timeoutMs / 1000;
  configuration[client.customFetch] = async (url, { method, headers, body, signal }) => {
    const isPost = method === 'POST';
    if (!isPost && method !== 'GET') throw new RangeError(`method ${method} is not used here`);
    const text = body instanceof URLSearchParams ? body.toString() : null;
    const inTime = signal ?? AbortSignal.timeout(timeoutMs);
    const answer = await connection.send(url, {
      method: isPost ? 'POST' : 'GET',
      headers,
      body: text,
      signal: options.signal === undefined ? inTime : AbortSignal.any([inTime, options.signal]),
    });
    if (isPost && answer.statusCode === 200) onTokenAnswer?.(answer.text);
    // What it says it is does not matter: it is parsed as JSON or refused.
    const fields = { 'content-type': 'application/json' };
    const hasBody = answer.statusCode >= 200 && ![204, 205, 304].includes(answer.statusCode);
    return new Response(hasBody ? answer.text : null, { status: Math.max(200, answer.statusCode), headers: fields });
  };
  return configuration;
}

/** As RFC 8414 and OpenID Connect Discovery have it: Basic unless provider or configuration says otherwise. */
function authenticationOf(
  document: OpenidMetadataDocument,
  { clientSecret, clientAuthentication }: OpenidClientOptions,
): client.ClientAuth {
  const offered = document.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  const methods = clientAuthentication === undefined ? offered : [clientAuthentication];
  if (methods.includes('client_secret_basic')) return client.ClientSecretBasic(clientSecret);
  if (methods.includes('client_secret_post')) return client.ClientSecretPost(clientSecret);
  throw new IdentityProviderError(
    'identity-provider-answer-invalid',
    'The identity provider takes a client secret neither by client_secret_basic nor by client_secret_post.',
  );
}

/**
 * Whatever openid-client, jose or the runtime threw, as the port has it. `onRefusal`: the error for an OAuth error code of the token
 * endpoint, null for none of its own.
 */
export function toIdentityProviderError(
  error: unknown,
  onRefusal: (code: string) => IdentityProviderError | null = () => null,
): IdentityProviderError {
  const own = ownErrorOf(error);
  if (own !== null) return own;
  if (error instanceof client.ResponseBodyError) {
    const known = error.status < 500 ? onRefusal(error.error) : null;
    return known ?? refusedByProvider(error.error, outlineOf(error));
  }
  if (error instanceof client.WWWAuthenticateChallengeError)
    return refusedByProvider(error.cause[0]?.parameters.error ?? 'invalid_client', outlineOf(error));
  if (error instanceof client.ClientError && ['OAUTH_TIMEOUT', 'OAUTH_ABORT'].includes(error.code ?? ''))
    return new IdentityProviderError(
      'identity-provider-unreachable',
      'The identity provider did not answer in time.',
      outlineOf(error),
    );
  const why = error instanceof Error ? error.message : 'unknown';
  return new IdentityProviderError(
    'identity-provider-answer-invalid',
    `The identity provider answered nonsense: ${why.replace(PRINTABLE, '?').slice(0, MAX_REASON_LENGTH)}.`,
    outlineOf(error),
  );
}

export function refusedByProvider(code: string, cause?: unknown): IdentityProviderError {
  const named = ERROR_CODE.test(code) ? code : 'of an unreadable name';
  return new IdentityProviderError(
    'identity-provider-refused',
    `The identity provider refused the sign-in with error ${named}.`,
    cause,
  );
}

/** What happened, for the log. Never the error itself: those of openid-client carry the answer, with its tokens, in `cause`. */
function outlineOf(error: unknown): Error {
  const parts: string[] = [];
  let at = error;
  for (let depth = 0; depth < MAX_CAUSES && at instanceof Error; depth += 1) {
    const code = 'code' in at && typeof at.code === 'string' ? ` ${at.code}` : '';
    parts.push(`${at.name}${code}: ${at.message.slice(0, MAX_REASON_LENGTH)}`);
    at = at.cause;
  }
  return new Error(parts.join('; '));
}

/** openid-client wraps what its fetch throws. */
function ownErrorOf(error: unknown): IdentityProviderError | null {
  let at = error;
  for (let depth = 0; depth < MAX_CAUSES && at instanceof Error; depth += 1) {
    if (at instanceof IdentityProviderError) return at;
    at = at.cause;
  }
  return null;
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Partial<Defined<T>>;
}
