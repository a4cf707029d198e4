import { rootCertificates } from 'node:tls';
import { Agent, request } from 'undici';
import type { z } from 'zod';
import type { Secret } from '#libs/config';
import type { SallyportError } from '#libs/errors';
import { badAnswer, refused, unavailable } from './errors.ts';

/** One call to the service, from the first connection attempt to the last byte of the answer. */
export const SERVICE_TIMEOUT_MS = 15_000;
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

export type ServiceClientOptions = {
  /** Authorities besides the system's, PEM. */
  readonly trust: readonly string[];
  /** Client certificate and key, PEM, for mutual TLS. */
  readonly identity?: { readonly certificate: string; readonly privateKey: string };
  /** Default SERVICE_TIMEOUT_MS. */
  readonly timeoutMs?: number;
};

export type ServiceRequest = {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly token?: Secret<string>;
  readonly json?: unknown;
  readonly form?: URLSearchParams;
  readonly etag?: string;
};

export type ServiceAnswer = { readonly status: number; readonly etag: string | undefined; readonly body: unknown };

/** HTTPS calls of the connector to its service. Redirects are not followed; answers are JSON of bounded size. */
export type ServiceClient = {
  /**
   * Errors: ERR_CONNECTOR_SERVICE_UNAVAILABLE (no connection, timeout, 5xx; retryable), ERR_CONNECTOR_REFUSED (4xx, with
   * what the service said), ERR_CONNECTOR_SERVICE_ANSWER.
   */
  send(request: ServiceRequest): Promise<ServiceAnswer>;
  /** Safe to call twice. */
  close(): Promise<void>;
};

export function createServiceClient(options: ServiceClientOptions): ServiceClient {
  const { identity } = options;
  const timeoutMs = options.timeoutMs ?? SERVICE_TIMEOUT_MS;
  let closing: Promise<void> | undefined;
  const agent = new Agent({
    connect: {
      ...(options.trust.length > 0 ? { ca: [...rootCertificates, ...options.trust] } : {}),
      ...(identity ? { cert: identity.certificate, key: identity.privateKey } : {}),
      timeout: timeoutMs,
    },
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  return {
    send: async (sent) => {
      if (!sent.url.startsWith('https://')) throw badAnswer(`${sent.url} is not an https address`);
      let answer: { readonly status: number; readonly etag: string | undefined; readonly text: string };
      try {
        answer = await exchange(agent, sent, timeoutMs);
      } catch (cause) {
        throw unavailable(`${sent.url} does not answer: ${reasonOf(cause)}`, cause);
      }
      const body = parseJson(answer.text);
      if (answer.status >= 400) throw failure(sent.url, answer.status, body);
      return { status: answer.status, etag: answer.etag, body };
    },
    close: () => (closing ??= agent.close()),
  };
}

/** What the service sent, in the shape its contract promises. */
export function parseAnswer<Schema extends z.ZodType>(schema: Schema, body: unknown, url: string): z.infer<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
  throw badAnswer(`answer of ${url} does not fit the contract: ${problems.join('; ')}`, result.error);
}

async function exchange(agent: Agent, sent: ServiceRequest, timeoutMs: number) {
  const { statusCode, headers, body } = await request(sent.url, {
    dispatcher: agent,
    method: sent.method,
    headers: {
      accept: 'application/json',
      ...(sent.token ? { authorization: `Bearer ${sent.token.reveal()}` } : {}),
      ...(sent.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(sent.form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...(sent.etag === undefined ? {} : { 'if-none-match': sent.etag }),
    },
    body: sent.form ? sent.form.toString() : sent.json === undefined ? null : JSON.stringify(sent.json),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const { etag } = headers;
  return { status: statusCode, etag: typeof etag === 'string' ? etag : undefined, text: await body.text() };
}

function failure(url: string, status: number, body: unknown): SallyportError {
  const { detail, code, remedy } = problemOf(body);
  const text = `${detail ?? `status ${status}`}${remedy === undefined ? '' : `; ${remedy}`}`;
  if (status >= 500 || status === 429) return unavailable(`${new URL(url).host} answered ${status}: ${text}`);
  return refused(text, { status, ...(code === undefined ? {} : { code }) });
}

/** Members of an RFC 9457 problem; the OAuth names when there are none. */
function problemOf(body: unknown): Readonly<Partial<Record<'detail' | 'code' | 'remedy', string | undefined>>> {
  if (typeof body !== 'object' || body === null) return {};
  const text = (name: string) => {
    const value: unknown = Reflect.get(body, name);
    return typeof value === 'string' ? value.slice(0, 500) : undefined;
  };
  return {
    detail: text('detail') ?? text('error_description') ?? text('title'),
    code: text('code') ?? text('error'),
    remedy: text('remedy'),
  };
}

function parseJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the schema check, or the status, says what is wrong.
    return undefined;
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return cause.message === '' ? code : cause.message;
}
