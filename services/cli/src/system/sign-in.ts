import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Agent, request } from 'undici';
import { z } from 'zod';
import { refused, unavailable } from '../errors.ts';
import type { CliHost } from '../host.ts';
import { createDispatcher } from './api-client.ts';
import type { Connection } from './connection.ts';
import type { CachedToken } from './tokens.ts';

const discovery = z.object({ issuer: z.string(), authorization_endpoint: z.url(), token_endpoint: z.url() });
const tokenAnswer = z.object({
  access_token: z.string().min(1).max(16_384),
  expires_in: z.number().positive().max(86_400),
});
const errorAnswer = z.object({ error: z.string(), error_description: z.string().optional() });

/** How long the browser may take. */
const SIGN_IN_TIMEOUT_MS = 5 * 60_000;

/**
 * Signs in with the system's browser: code + PKCE with a loopback redirect (RFC 8252). Prints the address to open.
 * Errors: ERR_CLI_SIGN_IN, ERR_CLI_UNAVAILABLE.
 */
export async function signIn(host: CliHost, connection: Connection, scope: string): Promise<CachedToken> {
  const { issuer, clientId } = connection;
  if (issuer === undefined || clientId === undefined)
    throw refused(
      'ERR_CLI_SIGN_IN',
      'the identity provider is not known: name the system with --data-dir, or pass --token',
    );
  const dispatcher = await createDispatcher(connection);
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const receiver = await startReceiver(state);
  try {
    const metadata = await readMetadata(dispatcher, issuer);
    const redirectUri = `http://localhost:${receiver.port}/`;
    const authorize = new URL(metadata.authorization_endpoint);
    authorize.search = new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      response_mode: 'query',
      redirect_uri: redirectUri,
      scope: `openid ${scope}`,
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }).toString();
    host.printError(`Open this address in a browser on this machine to sign in:\n\n  ${authorize.href}\n\n`);
    const code = await receiver.code(AbortSignal.any([host.signal, AbortSignal.timeout(SIGN_IN_TIMEOUT_MS)]));
    const form = {
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    };
    return await redeem(dispatcher, metadata.token_endpoint, form);
  } finally {
    receiver.close();
    await dispatcher.close();
  }
}

async function readMetadata(dispatcher: Agent, issuer: string): Promise<z.infer<typeof discovery>> {
  const url = `${issuer}/.well-known/openid-configuration`;
  let body: unknown;
  try {
    body = await (await request(url, { dispatcher })).body.json();
  } catch (cause) {
    throw unavailable(`identity provider ${issuer} does not answer`, cause);
  }
  const metadata = discovery.safeParse(body);
  if (metadata.success && metadata.data.issuer === issuer) return metadata.data;
  throw refused('ERR_CLI_SIGN_IN', `${url} does not describe ${issuer}`, metadata.error);
}

async function redeem(dispatcher: Agent, url: string, form: Readonly<Record<string, string>>): Promise<CachedToken> {
  let body: unknown;
  try {
    const answer = await request(url, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
    });
    body = await answer.body.json();
  } catch (cause) {
    throw unavailable('identity provider did not answer with a token', cause);
  }
  const granted = tokenAnswer.safeParse(body);
  if (granted.success) {
    const expiresAt = new Date(Date.now() + granted.data.expires_in * 1000).toISOString();
    return { token: granted.data.access_token, expiresAt };
  }
  const problem = errorAnswer.safeParse(body);
  const why = problem.success ? (problem.data.error_description ?? problem.data.error) : 'no token in its answer';
  throw refused('ERR_CLI_SIGN_IN', `identity provider refused: ${why.slice(0, 300)}`);
}

type Receiver = { readonly port: number; code(signal: AbortSignal): Promise<string>; close(): void };

/** Waits on 127.0.0.1 for the one redirect that carries our state; others are answered 400 and change nothing. */
async function startReceiver(state: string): Promise<Receiver> {
  let settle: (outcome: { code: string } | { error: string }) => void = () => undefined;
  const outcome = new Promise<{ code: string } | { error: string }>((resolve) => {
    settle = resolve;
  });
  const server: Server = createServer((req, res) => answerRedirect(req, res, { state, settle }));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    code: async (signal) => {
      const aborted = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(refused('ERR_CLI_SIGN_IN', 'nobody signed in in time')), {
          once: true,
        });
      });
      const received = await Promise.race([outcome, aborted]);
      if ('code' in received) return received.code;
      throw refused('ERR_CLI_SIGN_IN', `identity provider refused: ${received.error.slice(0, 300)}`);
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answerRedirect(
  req: IncomingMessage,
  res: ServerResponse,
  expected: { readonly state: string; readonly settle: (outcome: { code: string } | { error: string }) => void },
): void {
  const query = new URL(req.url ?? '/', 'http://localhost').searchParams;
  const code = query.get('code');
  const error = query.get('error_description') ?? query.get('error');
  const isOurs = equals(query.get('state') ?? '', expected.state) && (code !== null || error !== null);
  res.writeHead(isOurs ? 200 : 400, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  if (!isOurs) {
    res.end('This address waits for a sign-in of the sallyport command line.\n');
    return;
  }
  res.end(code === null ? 'Sign-in failed. Go back to the terminal.\n' : 'Signed in. Go back to the terminal.\n');
  expected.settle(code === null ? { error: error ?? 'no code' } : { code });
}

function equals(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
