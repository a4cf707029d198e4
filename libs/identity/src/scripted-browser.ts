import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { SallyportError } from '#libs/errors';

export type BrowserOptions = {
  /** CA certificates in PEM that sign the servers' certificates. Default: those Node.js ships. */
  readonly ca?: string | readonly string[];
  /** Milliseconds for one request. Default 10,000. */
  readonly timeoutMs?: number;
};

export type BrowserResponse = {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Absolute address of the Location header, null without one. */
  readonly location: string | null;
};

const DEFAULT_TIMEOUT_MS = 10_000;
/** Longest body read; a longer one is ERR_IDENTITY_BROWSER. */
const MAX_BODY_BYTES = 1024 * 1024;
/** Cookies kept per host; the oldest goes first. */
const MAX_COOKIES_PER_HOST = 50;

/**
 * The least of a browser that sign-in pages need: https, host-only cookies, forms. One request at a time, no cache, no
 * script. `localhost` and `*.localhost` are 127.0.0.1 (RFC 6761), which the system's resolver does not promise.
 * Errors: ERR_IDENTITY_BROWSER, naming the address.
 */
export class ScriptedBrowser {
  readonly #options: BrowserOptions;
  readonly #cookies = new Map<string, Map<string, string>>();

  constructor(options: BrowserOptions = {}) {
    this.#options = options;
  }

  /** Fetches one page; redirects are not followed. */
  get(url: string): Promise<BrowserResponse> {
    return this.#send('GET', new URL(url), undefined);
  }

  post(url: string, fields: Readonly<Record<string, string>>): Promise<BrowserResponse> {
    return this.#send('POST', new URL(url), new URLSearchParams(fields).toString());
  }

  /** Cookies held for the host of an address, as a Cookie header; empty when there is none. */
  cookieHeader(url: string): string {
    const jar = this.#cookies.get(new URL(url).host) ?? new Map<string, string>();
    return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  #send(method: string, url: URL, body: string | undefined): Promise<BrowserResponse> {
    if (url.protocol !== 'https:') return Promise.reject(failure(url, 'is not an https address'));
    const timeoutMs = this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const cookie = this.cookieHeader(url.href);
    const ca = this.#options.ca;
    return new Promise((resolve, reject) => {
      const sending = request(
        url,
        {
          method,
          agent: false,
          lookup: loopbackLookup,
          signal: AbortSignal.timeout(timeoutMs),
          ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
          headers: {
            accept: 'text/html',
            ...(cookie ? { cookie } : {}),
            ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          let size = 0;
          response.on('data', (chunk: Buffer) => {
            size += chunk.length;
            if (size > MAX_BODY_BYTES) response.destroy(failure(url, `answers more than ${MAX_BODY_BYTES} bytes`));
            else chunks.push(chunk);
          });
          response.on('error', (cause) => reject(failure(url, 'broke off its answer', cause)));
          response.on('end', () => {
            this.#keepCookies(url.host, response.headers['set-cookie'] ?? []);
            const { location } = response.headers;
            resolve({
              url: url.href,
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString('utf8'),
              location: location === undefined ? null : new URL(location, url).href,
            });
          });
        },
      );
      sending.on('error', (cause) => reject(failure(url, `did not answer within ${timeoutMs} ms or refused`, cause)));
      sending.end(body);
    });
  }

  #keepCookies(host: string, lines: readonly string[]): void {
    const jar = this.#cookies.get(host) ?? new Map<string, string>();
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const at = pair.indexOf('=');
      if (at < 1) continue;
      const name = pair.slice(0, at);
      jar.delete(name);
      if (!attributes.some(expires)) jar.set(name, pair.slice(at + 1));
      const oldest = jar.keys().next().value;
      if (jar.size > MAX_COOKIES_PER_HOST && oldest !== undefined) jar.delete(oldest);
    }
    this.#cookies.set(host, jar);
  }
}

function expires(attribute: string): boolean {
  const [name = '', value = ''] = attribute.split('=');
  if (name.toLowerCase() === 'max-age') return Number(value) <= 0;
  return name.toLowerCase() === 'expires' && Date.parse(value) <= Date.now();
}

function failure(url: URL, what: string, cause?: unknown): SallyportError {
  return new SallyportError('ERR_IDENTITY_BROWSER', `${url.origin}${url.pathname} ${what}`, {
    cause,
    retryable: true,
    expose: true,
  });
}

const LOOPBACK: LookupAddress = { address: '127.0.0.1', family: 4 };

/** Resolves `localhost` names to 127.0.0.1 and leaves all others to the system. */
export const loopbackLookup: LookupFunction = (hostname, options, callback) => {
  if (hostname !== 'localhost' && !hostname.endsWith('.localhost')) {
    systemLookup(hostname, options, callback);
  } else if (options.all) {
    callback(null, [LOOPBACK]);
  } else {
    callback(null, LOOPBACK.address, LOOPBACK.family);
  }
};
