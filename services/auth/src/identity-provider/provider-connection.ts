import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Agent, request } from 'undici';
import { loopbackLookup } from '#libs/identity';
import { fileError, IdentityProviderError } from '../errors.ts';

/** Longest answer read, in bytes; a longer one is cut off while it arrives. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Connections to the provider at once; further exchanges wait for one within their time. */
const MAX_CONNECTIONS = 16;
const ERROR_CODE = /^[\w.-]{1,60}$/;

/** Our own way to the provider: passport-azure-ad's has no time limit, no size limit and ends the process on HTML. */
export type ProviderConnection = {
  getJson(url: string, signal: AbortSignal): Promise<Record<string, unknown>>;
  /** `onRefusal`: the error for an OAuth error code the provider refuses the request with (status 4xx). Default: none of its own. */
  postForm(
    url: string,
    form: URLSearchParams,
    signal: AbortSignal,
    onRefusal?: OnRefusal,
  ): Promise<Record<string, unknown>>;
  /** Any exchange, within the same bounds; the answer as it is. */
  send(url: string, options: SendOptions): Promise<{ readonly statusCode: number; readonly text: string }>;
  close(): Promise<void>;
};

export type SendOptions = {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly signal: AbortSignal;
};

export type OnRefusal = (code: string) => IdentityProviderError | null;

/** Errors: ERR_AUTH_FILE for the CA file; exchanges fail with IdentityProviderError. */
export function createProviderConnection(caFile: string | undefined): ProviderConnection {
  const dispatcher = new Agent({
    connections: MAX_CONNECTIONS,
    connect: { lookup: loopbackLookup, ...(caFile === undefined ? {} : { ca: [...rootCertificates, readCa(caFile)] }) },
  });
  const exchange = async (url: string, options: Parameters<typeof request>[1], onRefusal?: OnRefusal) => {
    const { statusCode, text } = await send(url, { ...options, dispatcher });
    return readAnswer(url, statusCode, text, onRefusal);
  };
  return {
    getJson: (url, signal) => exchange(url, { method: 'GET', signal, headers: { accept: 'application/json' } }),
    postForm: (url, form, signal, onRefusal) => {
      const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
      return exchange(url, { method: 'POST', signal, headers, body: form.toString() }, onRefusal);
    },
    send: (url, options) => send(url, { ...options, dispatcher }),
    close: () => dispatcher.destroy(),
  };
}

async function send(
  url: string,
  options: Parameters<typeof request>[1],
): Promise<{ statusCode: number; text: string }> {
  try {
    const { statusCode, body } = await request(url, options);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) throw new RangeError(`answer longer than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
    return { statusCode, text: Buffer.concat(chunks).toString('utf8') };
  } catch (cause) {
    if (cause instanceof RangeError) throw nonsense(url, 'sent far too much', cause);
    const why =
      cause instanceof Error && cause.name === 'TimeoutError' ? 'did not answer in time' : 'cannot be reached';
    throw new IdentityProviderError(
      'identity-provider-unreachable',
      `The identity provider at ${hostOf(url)} ${why}.`,
      cause,
    );
  }
}

function readAnswer(url: string, statusCode: number, text: string, onRefusal?: OnRefusal): Record<string, unknown> {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw nonsense(url, `answered ${statusCode} with something that is not JSON`, cause);
  }
  if (!isRecord(answer)) throw nonsense(url, `answered ${statusCode} with something that is no JSON object`);
  if (statusCode === 200) return answer;
  const code = answer.error;
  if (typeof code !== 'string' || !ERROR_CODE.test(code)) throw nonsense(url, `answered with status ${statusCode}`);
  const known = statusCode < 500 ? (onRefusal?.(code) ?? null) : null;
  if (known !== null) throw known;
  throw new IdentityProviderError(
    'identity-provider-refused',
    `The identity provider at ${hostOf(url)} refused the sign-in with error ${code}.`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nonsense(url: string, what: string, cause?: unknown): IdentityProviderError {
  const sentence = `The identity provider at ${hostOf(url)} ${what}.`;
  return new IdentityProviderError('identity-provider-answer-invalid', sentence, cause);
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw fileError(path, 'CA file of the identity provider', cause);
  }
}
