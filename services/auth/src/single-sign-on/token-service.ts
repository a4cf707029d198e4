import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { loopbackLookup } from '#libs/identity';
import { fileError } from '../errors.ts';

/** Milliseconds for one exchange at most; a decision may have less left for it. */
export const TOKEN_EXCHANGE_TIMEOUT_MS = 4_000;
/** Longest answer read, in bytes; a longer one is cut off while it arrives. */
export const MAX_TOKEN_ANSWER_BYTES = 1024 * 1024;
/** Connections to one token service at once; further exchanges wait for one within their time. */
const MAX_CONNECTIONS = 16;
/** With `Bearer ` in front it fits the longest header field a decision may carry. */
const MAX_TOKEN_CHARACTERS = 8_000;
const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:';

/** RFC 8693, 2.2.1; without `expires_in` nobody knows how long it is good. */
const answered = z.object({
  // RFC 6750, 2.1.
  access_token: z
    .string()
    .max(MAX_TOKEN_CHARACTERS)
    .regex(/^[\w.~+/-]+=*$/),
  token_type: z.string().regex(/^bearer$/i),
  issued_token_type: z.enum([`${TOKEN_TYPE}access_token`, `${TOKEN_TYPE}jwt`]),
  expires_in: z.number().min(0).optional(),
});
const refused = z.object({ error: z.string().regex(/^[\w.-]{1,60}$/) });
/** What passes by itself. Any other error is said about this client or this person, and stays. */
const TEMPORARY = new Set(['server_error', 'temporarily_unavailable', 'slow_down']);

export type TokenExchange = {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly subjectToken: string;
  readonly audience: string | null;
  readonly scope: string | null;
  /** Milliseconds, where that is less than the service has for one. */
  readonly timeoutMs?: number;
};

export type TokenAnswer =
  | { readonly kind: 'issued'; readonly accessToken: string; readonly expiresInSeconds: number | undefined }
  /** `error`: RFC 6749, 5.2 and RFC 8693, 2.2.2. */
  | { readonly kind: 'refused'; readonly error: string }
  /** `why`: safe to log. */
  | { readonly kind: 'unavailable'; readonly why: string };

export type TokenService = {
  /** Never throws; what was sent and what came is logged nowhere. */
  exchange(asked: TokenExchange): Promise<TokenAnswer>;
  close(): Promise<void>;
};

/** OAuth 2.0 token exchange (RFC 8693) as a client with a secret (`client_secret_basic`). Follows no redirects. Error: ERR_AUTH_FILE. */
export function createTokenService(
  options: { readonly caFile?: string | undefined; readonly timeoutMs?: number } = {},
): TokenService {
  const { caFile, timeoutMs = TOKEN_EXCHANGE_TIMEOUT_MS } = options;
  const ca = caFile === undefined ? {} : { ca: [...rootCertificates, readCa(caFile)] };
  const dispatcher = new Agent({ connections: MAX_CONNECTIONS, connect: { lookup: loopbackLookup, ...ca } });
  return {
    exchange: async (asked) => {
      try {
        const { statusCode, body } = await request(asked.tokenEndpoint, {
          method: 'POST',
          dispatcher,
          signal: AbortSignal.timeout(Math.min(timeoutMs, Math.floor(asked.timeoutMs ?? timeoutMs))),
          headers: {
            accept: 'application/json',
            authorization: `Basic ${credentialsOf(asked)}`,
            'content-type': 'application/x-www-form-urlencoded',
          },
          body: formOf(asked).toString(),
        });
        return readAnswer(statusCode, await readText(body));
      } catch (error) {
        return { kind: 'unavailable', why: describe(error) };
      }
    },
    close: () => dispatcher.destroy(),
  };
}

function formOf({ subjectToken, audience, scope }: TokenExchange): URLSearchParams {
  return new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: `${TOKEN_TYPE}jwt`,
    requested_token_type: `${TOKEN_TYPE}access_token`,
    ...(audience === null ? {} : { audience }),
    ...(scope === null ? {} : { scope }),
  });
}

/** RFC 6749, 2.3.1: both are encoded as forms are before they become a user name and a password. */
function credentialsOf({ clientId, clientSecret }: TokenExchange): string {
  const [id, secret] = [clientId, clientSecret].map((text) => new URLSearchParams({ x: text }).toString().slice(2));
  return Buffer.from(`${id}:${secret}`, 'utf8').toString('base64');
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_TOKEN_ANSWER_BYTES) throw new RangeError('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readAnswer(statusCode: number, text: string): TokenAnswer {
  const json = parseJson(text);
  if (statusCode === 200) {
    const { data } = answered.safeParse(json);
    if (data === undefined) return { kind: 'unavailable', why: 'status 200, but not with a bearer token' };
    return { kind: 'issued', accessToken: data.access_token, expiresInSeconds: data.expires_in };
  }
  const { data } = refused.safeParse(json);
  const isFinal = statusCode >= 400 && statusCode < 500 && statusCode !== 429;
  if (data === undefined || !isFinal || TEMPORARY.has(data.error))
    return { kind: 'unavailable', why: `status ${statusCode}` };
  return { kind: 'refused', error: data.error };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is an answer here: it fits no schema.
    return undefined;
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'it cannot be reached';
  if (error instanceof RangeError) return error.message;
  if (error.name === 'TimeoutError') return 'it did not answer in time';
  return 'code' in error && typeof error.code === 'string' ? error.code : 'it cannot be reached';
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw fileError(path, 'CA file of the token services', cause);
  }
}
