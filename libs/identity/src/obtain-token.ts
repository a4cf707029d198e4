import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { SallyportError } from '#libs/errors';
import { type BrowserResponse, ScriptedBrowser } from './scripted-browser.ts';
import { signInByForm } from './sign-in-by-form.ts';

export type TokenRequest = {
  /** Issuer of the identity provider, for example `https://localhost:8445/<tenant id>/v2.0`. */
  readonly issuer: string;
  /** A public client with the redirect URI `http://localhost`. */
  readonly clientId: string;
  /** Scopes with spaces, for example `api://<api client id>/Sallyport.Manage`. */
  readonly scope: string;
  readonly username: string;
  readonly password: string;
  /** CA certificate in PEM. Default: those Node.js ships. */
  readonly ca?: string;
};

const discovery = z.object({ issuer: z.string(), authorization_endpoint: z.url(), token_endpoint: z.url() });
const tokenAnswer = z.object({ access_token: z.string().min(1).max(16_384) });
/** Loopback redirect of a native client; it is read from the redirect, never visited (RFC 8252, 7.3). */
const REDIRECT_URI = 'http://localhost:8400/';

/**
 * An access token by code + PKCE with scripted pages: only for the development identity provider, whose sign-in page
 * carries plain `username` and `password` fields. Errors: ERR_IDENTITY_TOKEN, ERR_IDENTITY_SIGN_IN, ERR_IDENTITY_BROWSER.
 */
export async function obtainToken(request: TokenRequest): Promise<string> {
  const browser = new ScriptedBrowser(request.ca === undefined ? {} : { ca: request.ca });
  const metadata = parse(discovery, await browser.get(`${request.issuer}/.well-known/openid-configuration`));
  if (metadata.issuer !== request.issuer) throw failed(`issuer ${metadata.issuer} answers for ${request.issuer}`);
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const authorize = new URL(metadata.authorization_endpoint);
  authorize.search = new URLSearchParams({
    client_id: request.clientId,
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: REDIRECT_URI,
    scope: `openid ${request.scope}`,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  const { username, password } = request;
  const redirect = new URL(await signInByForm({ authorizeUrl: authorize.href, username, password, browser }));
  const code = redirect.searchParams.get('code');
  if (code === null || redirect.searchParams.get('state') !== state)
    throw failed(`identity provider answered ${redirect.searchParams.get('error') ?? 'without a code for our state'}`);
  const answer = await browser.post(metadata.token_endpoint, {
    grant_type: 'authorization_code',
    client_id: request.clientId,
    code,
    redirect_uri: REDIRECT_URI,
    code_verifier: verifier,
  });
  return parse(tokenAnswer, answer).access_token;
}

function parse<Schema extends z.ZodType>(schema: Schema, response: BrowserResponse): z.infer<Schema> {
  let body: unknown;
  try {
    body = JSON.parse(response.body);
  } catch (cause) {
    throw failed(`${response.url} answered ${response.status} without JSON`, cause);
  }
  const result = schema.safeParse(body);
  if (response.status === 200 && result.success) return result.data;
  throw failed(`${new URL(response.url).pathname} answered ${response.status}`, result.error);
}

function failed(message: string, cause?: unknown): SallyportError {
  return new SallyportError('ERR_IDENTITY_TOKEN', `no token: ${message}`, { cause, expose: true });
}
