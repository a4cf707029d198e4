import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Principal } from '#libs/contracts';
import type { SignedOn } from '../../../../services/auth/src/single-sign-on/origin-fields.ts';

export const ADA: Principal = {
  subject: 'oid-ada',
  directoryTenant: 'tid',
  username: 'ada@example.com',
  name: 'Ada Lovelace',
  email: null,
  groups: ['g-1', 'g-2'],
  roles: ['reader'],
  directoryRoles: [],
};

export function signedOn(principal: Partial<Principal> = {}, sessionId = 'ses_1'): SignedOn {
  return { principal: { ...ADA, ...principal }, sessionId, assertion: `assertion.of.${sessionId}` };
}

export function fieldRecord(fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i], fields[2 * i + 1]]));
}

export type AskedForToken = { readonly headers: IncomingHttpHeaders; readonly form: URLSearchParams };
export type TokenReply = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, text as it is. */
  readonly body?: unknown;
  /** `never`: the connection stays open without a byte. `forever`: a body without an end. */
  readonly trouble?: 'never' | 'forever';
};

/** A token service that answers what a spec tells it. */
export type TokenServiceDouble = {
  readonly url: string;
  readonly asked: AskedForToken[];
  answer: (asked: AskedForToken, count: number) => TokenReply | Promise<TokenReply>;
  stop(): Promise<void>;
};

export function issued(accessToken: string, more: Readonly<Record<string, unknown>> = {}): TokenReply {
  return {
    body: {
      access_token: accessToken,
      token_type: 'Bearer',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      expires_in: 300,
      ...more,
    },
  };
}

/** What a spec threw is said in the answer, where it shows. */
async function answerOf(double: TokenServiceDouble, one: AskedForToken, count: number): Promise<TokenReply> {
  try {
    return await double.answer(one, count);
  } catch (error) {
    return { status: 400, body: { error: 'invalid_grant', error_description: String(error) } };
  }
}

export async function startTokenService(tls?: {
  readonly cert: string;
  readonly key: string;
}): Promise<TokenServiceDouble> {
  const asked: AskedForToken[] = [];
  const server: Server = tls === undefined ? createServer() : createTlsServer({ cert: tls.cert, key: tls.key });
  const double: TokenServiceDouble = {
    get url() {
      const { port } = server.address() as AddressInfo;
      return `${tls === undefined ? 'http' : 'https'}://localhost:${port}/token`;
    },
    asked,
    answer: () => issued('token-1'),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on('request', (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const one = { headers: req.headers, form: new URLSearchParams(Buffer.concat(chunks).toString()) };
      asked.push(one);
      void answerOf(double, one, asked.length).then(({ status = 200, headers = {}, body, trouble }) => {
        if (trouble === 'never') return;
        res.writeHead(status, { 'content-type': 'application/json', ...headers });
        if (trouble === 'forever') {
          const pump = () => {
            while (!res.destroyed && res.write('x'.repeat(65_536)));
          };
          res.on('drain', pump);
          pump();
          return;
        }
        res.end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return double;
}
