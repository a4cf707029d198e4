import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { acquireTokenInBrowser } from '../../../services/connector/src/enrollment/acquire-token.ts';
import { writeTlsCertificate } from '../../support/tls-certificate.ts';

describe('signing in to register a connector', () => {
  let server: Server;
  let folder: string;
  let ca: string;
  let redeemed: URLSearchParams[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-sign-in-'));
    const tls = await writeTlsCertificate(folder);
    ca = tls.cert;
    redeemed = [];
    server = createServer({ cert: tls.cert, key: tls.key }, (req, res) => {
      let text = '';
      req.on('data', (chunk) => {
        text += String(chunk);
      });
      req.on('end', () => {
        res.setHeader('content-type', 'application/json');
        if (req.url === '/t/v2.0/.well-known/openid-configuration')
          res.end(
            JSON.stringify({ authorization_endpoint: `${issuer()}/authorize`, token_endpoint: `${issuer()}/token` }),
          );
        else {
          redeemed.push(new URLSearchParams(text));
          res.end(JSON.stringify({ access_token: 'a.b.c', token_type: 'Bearer' }));
        }
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve());
    });
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    rmSync(folder, { recursive: true, force: true });
  });

  const issuer = () => `https://localhost:${(server.address() as AddressInfo).port}/t/v2.0`;
  const visit = (url: string) =>
    new Promise<number>((resolve, reject) => {
      get(url, { agent: false }, (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      }).on('error', reject);
    });
  const acquire = (onAddress: (url: URL) => void, deadlineMs = 5_000) =>
    acquireTokenInBrowser({
      issuer: { issuer: issuer(), clientId: 'cli', scope: 'api://x/Connector.Register' },
      trust: [ca],
      showAddress: (url) => onAddress(new URL(url)),
      deadlineMs,
    });
  const answer = (url: URL, fields: Record<string, string>) =>
    visit(`${url.searchParams.get('redirect_uri')}/?${new URLSearchParams(fields).toString()}`);

  it('redeems the code with the verifier of its own challenge', async () => {
    let asked: URL | undefined;
    const token = await acquire((url) => {
      asked = url;
      void answer(url, { state: url.searchParams.get('state') ?? '', code: 'the-code' });
    });
    expect(token.reveal()).to.equal('a.b.c');
    expect(String(token)).to.equal('[redacted]');
    const form = redeemed[0];
    expect(form?.get('code')).to.equal('the-code');
    expect(form?.get('redirect_uri')).to.match(/^http:\/\/localhost:\d+$/);
    const challenge = createHash('sha256')
      .update(form?.get('code_verifier') ?? '')
      .digest('base64url');
    expect(asked?.searchParams.get('code_challenge')).to.equal(challenge);
    expect(asked?.searchParams.get('scope')).to.equal('api://x/Connector.Register');
  });

  it('ignores answers with a foreign state or to another path', async () => {
    const statuses: number[] = [];
    const token = await acquire((url) => {
      const run = async () => {
        statuses.push(await answer(url, { state: 'foreign', code: 'evil' }));
        statuses.push(await visit(`${url.searchParams.get('redirect_uri')}/favicon.ico`));
        statuses.push(await answer(url, { state: url.searchParams.get('state') ?? '', code: 'good' }));
      };
      void run();
    });
    expect(token.reveal()).to.equal('a.b.c');
    expect(redeemed.map((form) => form.get('code'))).to.deep.equal(['good']);
    expect(statuses.slice(0, 2)).to.deep.equal([404, 404]);
  });

  it('ends as refused when the provider refuses, and as unavailable when nobody signs in', async () => {
    const refused = acquire(
      (url) =>
        void answer(url, {
          state: url.searchParams.get('state') ?? '',
          error: 'access_denied',
          error_description: 'no\u001b[31m',
        }),
    );
    const error = await refused.catch((failure: Error) => failure);
    expect(error).to.include({ code: 'ERR_CONNECTOR_REFUSED' });
    expect((error as Error).message).to.not.include('\u001b');
    const late = await acquire(() => undefined, 50).catch((failure: Error) => failure);
    expect(late).to.include({ code: 'ERR_CONNECTOR_SERVICE_UNAVAILABLE' });
  });
});
