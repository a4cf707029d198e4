import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { acmeFailed } from './errors.ts';

const MAX_ANSWER_BYTES = 256 * 1024;
const CALL_TIMEOUT_MS = 15_000;
/** A server may refuse any nonce (RFC 8555, 6.5); so many times in a row it is broken. */
const MAX_NONCE_TRIES = 8;

const directory = z.object({ newNonce: z.url(), newAccount: z.url(), newOrder: z.url() });
const problem = z.object({ type: z.string().default('about:blank'), detail: z.string().default('') });

export type AcmeAnswer = {
  readonly status: number;
  readonly location: string | undefined;
  /** Undefined when the server names no time. */
  readonly retryAfterSeconds: number | undefined;
  readonly text: string;
};

export type AcmeConnectionOptions = {
  readonly directoryUrl: string;
  /** EC P-256 key of the account. */
  readonly accountKey: KeyObject;
  /** PEM of the authority behind the ACME server itself; default those of the system. */
  readonly ca?: string;
};

/** Signed requests to one ACME server (RFC 8555, 6). Errors: ERR_INGRESS_ACME, retryable unless the server says no for good. */
export class AcmeConnection {
  readonly #options: AcmeConnectionOptions;
  readonly #agent: Agent;
  #directory: z.infer<typeof directory> | undefined;
  #nonce: string | undefined;
  #accountUrl: string | undefined;

  constructor(options: AcmeConnectionOptions) {
    this.#options = options;
    const connect = options.ca === undefined ? {} : { ca: options.ca };
    this.#agent = new Agent({
      connect: { ...connect, timeout: CALL_TIMEOUT_MS },
      headersTimeout: CALL_TIMEOUT_MS,
      bodyTimeout: CALL_TIMEOUT_MS,
      maxResponseSize: MAX_ANSWER_BYTES,
    });
  }

  /** Finds or makes the account of the key; the same key always has the same one. */
  async useAccount(contact: readonly string[]): Promise<void> {
    const { newAccount } = await this.#readDirectory();
    const body = { termsOfServiceAgreed: true, ...(contact.length === 0 ? {} : { contact }) };
    const { location } = await this.post(newAccount, body);
    if (location === undefined) throw acmeFailed('the server names no account', { isRetryable: true });
    this.#accountUrl = location;
  }

  async newOrder(host: string): Promise<AcmeAnswer> {
    const { newOrder } = await this.#readDirectory();
    return this.post(newOrder, { identifiers: [{ type: 'dns', value: host }] });
  }

  /** Undefined as body is POST-as-GET. */
  async post(url: string, body?: unknown): Promise<AcmeAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#send(url, body);
      if (answer.status < 400) return answer;
      const { type, detail } = readProblem(answer.text);
      if (type.endsWith(':badNonce') && attempt < MAX_NONCE_TRIES) continue;
      throw acmeFailed(`${new URL(url).host} answered ${answer.status}: ${detail || type}`, {
        isRetryable: answer.status >= 500 || answer.status === 429 || type.endsWith(':badNonce'),
        type,
        retryAfterSeconds: answer.retryAfterSeconds,
      });
    }
  }

  /** What a challenge's token is answered with (RFC 8555, 8.1). */
  keyAuthorization(token: string): string {
    const thumbprint = createHash('sha256').update(JSON.stringify(this.#publicKey())).digest('base64url');
    return `${token}.${thumbprint}`;
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #readDirectory(): Promise<z.infer<typeof directory>> {
    if (this.#directory) return this.#directory;
    const answer = await this.#call('GET', this.#options.directoryUrl);
    const parsed = directory.safeParse(parseJson(answer.text));
    if (answer.status !== 200 || !parsed.success)
      throw acmeFailed(`${this.#options.directoryUrl} is no ACME directory`, { isRetryable: true });
    this.#directory = parsed.data;
    return parsed.data;
  }

  async #send(url: string, body: unknown): Promise<AcmeAnswer> {
    const nonce = this.#nonce ?? (await this.#fetchNonce());
    this.#nonce = undefined;
    const key = this.#accountUrl === undefined ? { jwk: this.#publicKey() } : { kid: this.#accountUrl };
    const head = encode(JSON.stringify({ alg: 'ES256', nonce, url, ...key }));
    const payload = body === undefined ? '' : encode(JSON.stringify(body));
    const signature = sign('sha256', Buffer.from(`${head}.${payload}`), {
      key: this.#options.accountKey,
      dsaEncoding: 'ieee-p1363',
    }).toString('base64url');
    return this.#call('POST', url, JSON.stringify({ protected: head, payload, signature }));
  }

  async #fetchNonce(): Promise<string> {
    const { newNonce } = await this.#readDirectory();
    await this.#call('HEAD', newNonce);
    if (this.#nonce === undefined) throw acmeFailed('the server gives no nonce', { isRetryable: true });
    return this.#nonce;
  }

  async #call(method: 'GET' | 'HEAD' | 'POST', url: string, body?: string): Promise<AcmeAnswer> {
    try {
      const answer = await request(url, {
        method,
        dispatcher: this.#agent,
        headers: {
          'user-agent': 'sallyport',
          ...(body === undefined ? {} : { 'content-type': 'application/jose+json' }),
        },
        ...(body === undefined ? {} : { body }),
      });
      this.#nonce = fieldOf(answer.headers['replay-nonce']) ?? this.#nonce;
      return {
        status: answer.statusCode,
        location: fieldOf(answer.headers.location),
        retryAfterSeconds: secondsOf(fieldOf(answer.headers['retry-after'])),
        text: await answer.body.text(),
      };
    } catch (cause) {
      throw acmeFailed(`${new URL(url).host} does not answer`, { isRetryable: true, cause });
    }
  }

  /** In the order of the letters, as thumbprints want it (RFC 7638, 3.2). */
  #publicKey(): { crv: string; kty: string; x: string; y: string } {
    const { crv = '', kty = '', x = '', y = '' } = createPublicKey(this.#options.accountKey).export({ format: 'jwk' });
    return { crv, kty, x, y };
  }
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function fieldOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function secondsOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, Math.ceil((atMs - Date.now()) / 1000));
}

function readProblem(text: string): z.infer<typeof problem> {
  const parsed = problem.safeParse(parseJson(text));
  return parsed.success ? parsed.data : { type: 'about:blank', detail: '' };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema check that follows reports it.
    return undefined;
  }
}
