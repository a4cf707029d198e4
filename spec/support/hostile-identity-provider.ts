import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTlsCertificate } from './tls-certificate.ts';

/** What one endpoint answers: a status and a body, `hang` (never), or `cut` (the connection is closed). */
export type HostileAnswer =
  | { readonly status?: number; readonly body: unknown; readonly type?: string }
  | 'hang'
  | 'cut'
  | 'flood';

/** Answers each form on its own, when it is ready to. */
export type TokenEndpoint = (form: URLSearchParams) => HostileAnswer | Promise<HostileAnswer>;

export type SigningPair = { readonly privateKey: KeyObject; readonly publicKey: KeyObject; readonly kid: string };

export type HostileIdentityProvider = {
  readonly issuer: string;
  readonly port: number;
  readonly tenantId: string;
  readonly caFile: string;
  readonly key: SigningPair;
  /** Answers by endpoint; absent: as a decent provider would. Changed by specs. */
  readonly answers: { metadata?: HostileAnswer; keys?: HostileAnswer; token?: HostileAnswer | TokenEndpoint };
  /** Fields merged into the decent metadata. */
  readonly metadata: Record<string, unknown>;
  /** Keys published. */
  readonly published: SigningPair[];
  /** Requests seen, by endpoint. */
  readonly seen: { metadata: number; keys: number; token: number };
  /** The last form at the token endpoint. */
  readonly form: () => URLSearchParams;
  readonly reset: () => void;
  readonly stop: () => Promise<void>;
};

const TENANT_ID = '7f3a1c9e-5a0b-4c0e-9d52-0d6a3b1c2e4f';
const FLOOD_BYTES = 16 * 1024 * 1024;

export function newSigningPair(kid: string): SigningPair {
  return { ...generateKeyPairSync('rsa', { modulusLength: 2048 }), kid };
}

/** An identity provider of metadata, keys and a token endpoint that answers whatever the spec wants. */
export async function startHostileIdentityProvider(): Promise<HostileIdentityProvider> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-hostile-'));
  const tls = await writeTlsCertificate(folder);
  const key = newSigningPair('key-1');
  const answers: HostileIdentityProvider['answers'] = {};
  const metadata: Record<string, unknown> = {};
  const published: SigningPair[] = [key];
  const seen = { metadata: 0, keys: 0, token: 0 };
  let form = new URLSearchParams();
  const server = createServer({ cert: tls.cert, key: tls.key });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const base = `https://localhost:${port}/${TENANT_ID}`;
  const issuer = `${base}/v2.0`;
  const decentMetadata = () => ({
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/keys`,
    end_session_endpoint: `${base}/logout`,
    id_token_signing_alg_values_supported: ['RS256'],
    ...metadata,
  });
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    const path = new URL(req.url ?? '/', base).pathname;
    if (path.endsWith('/.well-known/openid-configuration')) {
      seen.metadata += 1;
      return answer(res, answers.metadata ?? { body: decentMetadata() });
    }
    if (path.endsWith('/keys')) {
      seen.keys += 1;
      return answer(res, answers.keys ?? { body: { keys: published.map(publicJwk) } });
    }
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      seen.token += 1;
      form = new URLSearchParams(Buffer.concat(chunks).toString());
      const wanted = answers.token ?? { status: 400, body: { error: 'invalid_grant' } };
      if (typeof wanted !== 'function') return answer(res, wanted);
      void Promise.resolve(wanted(form)).then((given) => answer(res, given));
    });
  });
  return {
    issuer,
    port,
    tenantId: TENANT_ID,
    caFile: tls.certFile,
    key,
    answers,
    metadata,
    published,
    seen,
    form: () => form,
    reset: () => {
      for (const name of Object.keys(answers)) Reflect.deleteProperty(answers, name);
      for (const name of Object.keys(metadata)) Reflect.deleteProperty(metadata, name);
      published.splice(0, published.length, key);
      Object.assign(seen, { metadata: 0, keys: 0, token: 0 });
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answer(res: ServerResponse, wanted: HostileAnswer): void {
  if (wanted === 'hang') return;
  if (wanted === 'cut') {
    res.destroy();
    return;
  }
  if (wanted === 'flood') {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(Buffer.alloc(FLOOD_BYTES, ' '));
    return;
  }
  const body = typeof wanted.body === 'string' ? wanted.body : JSON.stringify(wanted.body);
  res.writeHead(wanted.status ?? 200, { 'content-type': wanted.type ?? 'application/json' }).end(body);
}

export function publicJwk({ publicKey, kid }: SigningPair): Record<string, unknown> {
  return { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' };
}

/** A JWT with any header and payload; `signature`: by key (RS256), `hmac` over the public key, or given. */
export function forgeToken(options: {
  readonly key: SigningPair;
  readonly payload: unknown;
  readonly header?: Record<string, unknown>;
  readonly signature?: 'hmac' | 'none' | 'rs512';
}): string {
  const { key, payload } = options;
  const header = { alg: 'RS256', typ: 'JWT', kid: key.kid, ...options.header };
  const encode = (part: unknown) =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signatureOf(options.signature, input, key)}`;
}

function signatureOf(kind: 'hmac' | 'none' | 'rs512' | undefined, input: string, key: SigningPair): string {
  if (kind === 'none') return '';
  if (kind === 'hmac') {
    const pem = createPublicKey(key.privateKey).export({ type: 'pkcs1', format: 'pem' }).toString();
    return createHmac('sha256', pem).update(input).digest('base64url');
  }
  return sign(kind === 'rs512' ? 'sha512' : 'sha256', Buffer.from(input), key.privateKey).toString('base64url');
}
