import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { loopbackLookup } from '#libs/identity';

const DEFAULT_TIMEOUT_MS = 30_000;

export type Call = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  /** Milliseconds for the whole exchange. Default 30,000. */
  readonly timeoutMs?: number;
};

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of the body as it came. */
  readonly sha256: string;
  readonly bytes: number;
  json(): Record<string, unknown>;
};

/** One HTTPS request on a connection of its own; `*.localhost` is loopback; the certificate is verified against `ca`. */
export function callHttps(url: string, { ca, ...call }: Call & { readonly ca: string }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, timeoutMs = DEFAULT_TIMEOUT_MS } = call;
    const signal = AbortSignal.timeout(timeoutMs);
    const sending = request(url, {
      method,
      headers: copied(headers),
      ca,
      lookup: loopbackLookup,
      agent: false,
      signal,
    });
    sending.on('error', reject);
    sending.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: whole.toString('utf8'),
          sha256: createHash('sha256').update(whole).digest('hex'),
          bytes: whole.length,
          json: () => JSON.parse(whole.toString('utf8')) as Record<string, unknown>,
        });
      });
    });
    sending.end(body);
  });
}

function copied(headers: NonNullable<Call['headers']>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}
