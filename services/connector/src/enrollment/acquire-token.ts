import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { Secret } from '#libs/config';
import { refused, unavailable } from '../errors.ts';
import { createServiceClient, parseAnswer, type ServiceClient } from '../service-client.ts';
import type { RegistrationOptions } from './registration-api.ts';

/** How long the administrator may take to sign in. */
export const SIGN_IN_DEADLINE_MS = 5 * 60_000;

export type AcquireTokenOptions = {
  readonly issuer: RegistrationOptions;
  /** Authorities of the identity provider besides the system's, PEM. */
  readonly trust: readonly string[];
  /** Shows the address to open; called once. */
  showAddress(url: string): void;
  /** Default SIGN_IN_DEADLINE_MS. */
  readonly deadlineMs?: number;
};

const discovery = z.object({ authorization_endpoint: z.url(), token_endpoint: z.url({ protocol: /^https$/ }) });
const tokens = z.object({ access_token: z.string().min(1).max(16_384) });

/**
 * Authorization code with PKCE (RFC 7636) over a loopback redirect (RFC 8252, 7.3): the administrator signs in with an
 * ordinary browser, this process listens on 127.0.0.1 for the answer.
 * Errors: ERR_CONNECTOR_REFUSED (denied, wrong state), ERR_CONNECTOR_SERVICE_UNAVAILABLE (deadline, provider away).
 */
export async function acquireTokenInBrowser(options: AcquireTokenOptions): Promise<Secret<string>> {
  const client = createServiceClient({ trust: options.trust });
  try {
    const url = `${options.issuer.issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
    const metadata = parseAnswer(discovery, (await client.send({ method: 'GET', url })).body, url);
    const verifier = randomBytes(32).toString('base64url');
    const listener = await listenForCode(options.deadlineMs ?? SIGN_IN_DEADLINE_MS);
    try {
      options.showAddress(authorizationUrl(metadata.authorization_endpoint, options.issuer, listener, verifier));
      const code = await listener.code;
      return await redeem(client, metadata.token_endpoint, {
        grant_type: 'authorization_code',
        client_id: options.issuer.clientId,
        code,
        redirect_uri: listener.redirectUri,
        code_verifier: verifier,
        scope: options.issuer.scope,
      });
    } finally {
      listener.close();
    }
  } finally {
    await client.close();
  }
}

type CodeListener = {
  readonly redirectUri: string;
  readonly state: string;
  readonly code: Promise<string>;
  close(): void;
};

function authorizationUrl(endpoint: string, issuer: RegistrationOptions, listener: CodeListener, verifier: string) {
  const url = new URL(endpoint);
  const fields = {
    client_id: issuer.clientId,
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: listener.redirectUri,
    scope: issuer.scope,
    state: listener.state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    prompt: 'select_account',
  };
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  return url.href;
}

async function redeem(client: ServiceClient, url: string, fields: Record<string, string>): Promise<Secret<string>> {
  const answer = await client.send({ method: 'POST', url, form: new URLSearchParams(fields) });
  return new Secret(parseAnswer(tokens, answer.body, url).access_token);
}

/** Answers exactly one request that carries our state; everything else gets 404 and changes nothing. */
async function listenForCode(deadlineMs: number): Promise<CodeListener> {
  const state = randomBytes(24).toString('base64url');
  const { promise, resolve, reject } = deferred<string>();
  const server = createServer((req, res) => {
    const answer = readAnswer(req, state);
    if (answer === undefined) return reply(res, 404, 'Nothing here.');
    if ('code' in answer) {
      reply(res, 200, 'You are signed in. Close this window and go back to the terminal.');
      return resolve(answer.code);
    }
    reply(res, 400, 'The sign-in was refused. Go back to the terminal.');
    reject(refused(`the identity provider refused the sign-in: ${answer.error}`));
  });
  await new Promise<void>((ready, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', ready);
  });
  const timer = setTimeout(
    () => reject(unavailable(`nobody signed in within ${Math.round(deadlineMs / 1000)} s`)),
    deadlineMs,
  );
  // Reported by whoever awaits the code; until then a rejection must not end the process.
  promise.catch(() => undefined);
  return {
    redirectUri: `http://localhost:${(server.address() as AddressInfo).port}`,
    state,
    code: promise,
    close: () => {
      clearTimeout(timer);
      server.close();
      server.closeIdleConnections();
    },
  };
}

function readAnswer(req: IncomingMessage, state: string): { code: string } | { error: string } | undefined {
  if (req.method !== 'GET' || (req.url ?? '').length > 8192) return undefined;
  const url = new URL(req.url ?? '/', 'http://localhost');
  if (url.pathname !== '/' || !isSame(url.searchParams.get('state') ?? '', state)) return undefined;
  const code = url.searchParams.get('code');
  if (code) return { code };
  const text = url.searchParams.get('error_description') ?? url.searchParams.get('error') ?? 'no code';
  return { error: text.replace(/[^\x20-\x7e]/g, '?').slice(0, 300) };
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function reply(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'cache-control': 'no-store',
    connection: 'close',
  });
  const style =
    'font:16px/1.6 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1.5rem;color-scheme:light dark';
  res.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sallyport connector</title><body style="${style}"><h1>Sallyport connector</h1><p>${text}</p></body></html>`,
  );
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
