import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { RunningService } from '#libs/service-host';
import { startSampleApps } from '../../../services/sample-apps/src/service.ts';

const ISSUER = 'https://login.sallyport.localhost:8443';

describe('the sample apps', () => {
  let apps: RunningService;
  let keys: Server;
  let isKeysAway: boolean;
  let signingKey: CryptoKey;
  let dumper: string;
  let status: string;

  beforeEach(async () => {
    const pair = await generateKeyPair('ES256');
    signingKey = pair.privateKey;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
    isKeysAway = false;
    keys = createServer((_req, res) => {
      res.writeHead(isKeysAway ? 503 : 200, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => {
      keys.listen(0, '127.0.0.1', () => resolve());
    });
    apps = await startSampleApps({
      host: '127.0.0.1',
      dumper: { port: 0 },
      status: { port: 0 },
      assertion: { keysUrl: `http://127.0.0.1:${(keys.address() as AddressInfo).port}/`, issuer: ISSUER },
    });
    dumper = String(apps.ready?.dumper);
    status = String(apps.ready?.status);
  });
  afterEach(async () => {
    await apps.stop();
    keys.closeAllConnections();
    await new Promise<void>((resolve) => {
      keys.close(() => resolve());
    });
  });

  const assertion = (key: CryptoKey, changes: { readonly issuer?: string; readonly expires?: string } = {}) =>
    new SignJWT({ name: 'Ada' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setSubject('user-1')
      .setIssuer(changes.issuer ?? ISSUER)
      .setAudience('app_1')
      .setIssuedAt()
      .setExpirationTime(changes.expires ?? '5m')
      .sign(key);
  const dump = async (headers: Record<string, string> = {}) => {
    const answer = await fetch(`${dumper}x.json?q=1`, { headers });
    return (await answer.json()) as Record<string, unknown> & {
      assertion: { status: string; reason?: string; claims?: Record<string, unknown> };
      headers: [string, string][];
      plainIdentity: Record<string, string>;
    };
  };

  it('show method, path and headers in order', async () => {
    const seen = await dump({ 'X-Two': '2', 'X-Sallyport-User': 'ada@example.com' });
    expect([seen.method, seen.path]).to.deep.equal(['GET', '/x.json?q=1']);
    expect(seen.headers[0]?.[0].toLowerCase()).to.equal('host');
    expect(seen.plainIdentity).to.deep.equal({ 'x-sallyport-user': 'ada@example.com' });
    expect(seen.assertion).to.deep.equal({ status: 'absent' });
  });

  it('show a verified identity', async () => {
    const seen = await dump({ 'X-Sallyport-Assertion': await assertion(signingKey) });
    expect(seen.assertion.status).to.equal('verified');
    expect(seen.assertion.claims).to.include({ sub: 'user-1', name: 'Ada' });
  });

  it('show a forged, expired, foreign or malformed assertion as invalid', async () => {
    const forger = await generateKeyPair('ES256');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"x"}').toString('base64url')}.`;
    for (const text of [
      await assertion(forger.privateKey),
      await assertion(signingKey, { expires: '-5m' }),
      await assertion(signingKey, { issuer: 'https://evil.example' }),
      unsigned,
      'garbage',
    ])
      expect((await dump({ 'X-Sallyport-Assertion': text })).assertion.status).to.equal('invalid');
  });

  it('do not call an assertion invalid when the keys cannot be had', async () => {
    isKeysAway = true;
    expect((await dump({ 'X-Sallyport-Assertion': await assertion(signingKey) })).assertion.status).to.equal(
      'unchecked',
    );
  });

  it('show what they got on a page without letting it become markup', async () => {
    const answer = await fetch(`${dumper}%3Cscript%3E`, { headers: { 'x-evil': '<script>alert(1)</script>' } });
    const text = await answer.text();
    expect(text).to.include('&lt;script&gt;alert(1)').and.to.not.include('<script>');
    expect(answer.headers.get('content-security-policy')).to.include("default-src 'none'");
    expect(text).to.match(/Signed identity <span class="badge">absent/);
  });

  it('echo, upload, stream and take ranges', async () => {
    const body = Buffer.alloc(300_000, 'ab');
    const echoed = await fetch(`${dumper}echo`, { method: 'POST', body });
    expect(Buffer.from(await echoed.arrayBuffer()).equals(body)).to.equal(true);
    const uploaded = await fetch(`${dumper}upload`, { method: 'POST', body });
    expect(await uploaded.json()).to.deep.equal({
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
    });
    const whole = Buffer.from(await (await fetch(`${dumper}big?bytes=1000000`)).arrayBuffer());
    const part = await fetch(`${dumper}big?bytes=1000000`, { headers: { range: 'bytes=70000-170000' } });
    expect([part.status, part.headers.get('content-range')]).to.deep.equal([206, 'bytes 70000-170000/1000000']);
    expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(70_000, 170_001))).to.equal(true);
    const events = await (await fetch(`${dumper}sse?count=3&interval=1`)).text();
    expect(events.match(/^id: /gm)).to.have.length(3);
    expect(await (await fetch(`${dumper}slow?ms=5`)).json()).to.deep.equal({ waitedMs: 5 });
  });

  it('count requests on the status page', async () => {
    await fetch(status);
    const answer = await fetch(status, { headers: { accept: 'application/json' } });
    expect(await answer.json()).to.include({ status: 'ok', requestCount: 2 });
    expect(await (await fetch(status)).text()).to.include('All systems operational');
  });
});
