import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { revocations } from '#libs/contracts';
import { publishFeed } from '#libs/messaging';
import type { CancelReason } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { allow, COOKIE } from '../support/fake-auth.ts';
import { open } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig, TENANT } from '../support/ingress-rig.ts';

const SECURE = `secure.${DOMAIN}`;

describe('ingress: requests that run while access is taken back', () => {
  let rig: IngressRig;
  let position = 1;
  const cancelled: CancelReason[] = [];

  before(async () => {
    rig = await startIngressRig({
      apps: [appView('wiki'), appView('secure', { preauthentication: 'oidc' })],
      onRequest: (exchange) => {
        exchange.respondHead(200, ['Content-Type', 'text/event-stream']);
        exchange.write(Buffer.from('data: 1\n\n'));
        return { onCancel: (reason) => cancelled.push(reason) };
      },
    });
    revoke([], []);
    await rig.services.flush();
  });
  after(() => rig.stop());

  function revoke(sessionIds: string[], appIds: string[]): void {
    position += 1;
    publishFeed(rig.services, TENANT, revocations, { position, sessionIds, appIds });
  }

  async function follow(host: string): Promise<{ readonly requestId: string; isCut(): boolean; stop(): void }> {
    const req = open(rig, '/events', { host, headers: { cookie: COOKIE } });
    req.end();
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    expect(res.statusCode).to.equal(200);
    res.on('error', () => undefined);
    await once(res, 'data');
    return {
      requestId: String(res.headers['x-request-id']),
      isCut: () => res.destroyed,
      stop: () => req.destroy(),
    };
  }

  for (const [what, sessionIds, appIds] of [
    ['the session ends', ['ses_1'], []],
    ['the person is taken off the app', [], ['app_secure']],
  ] as const)
    it(`cuts a stream when ${what}`, async () => {
      cancelled.length = 0;
      rig.auth.authorize = () => allow();
      const stream = await follow(SECURE);
      rig.auth.authorize = () => ({ verdict: 'sign-in', reason: 'session-ended' });
      revoke([...sessionIds], [...appIds]);
      await until(() => stream.isCut(), { what: 'the cut' });
      await until(() => cancelled.length === 1, { what: 'the origin to know' });
      const record = await rig.recordOf(stream.requestId);
      expect(record).to.include({ outcome: 'failed', reason: 'access-revoked' });
    });

  it('leaves alone who may still open the app, other sessions and apps without sign-in', async () => {
    rig.auth.authorize = () => allow();
    const mine = await follow(SECURE);
    const open = await follow(`wiki.${DOMAIN}`);
    const asked = rig.auth.countOf('authorize');
    revoke(['ses_other'], ['app_other', 'app_wiki']);
    revoke([], ['app_secure']);
    await until(() => rig.auth.countOf('authorize') === asked + 1, { what: 'one question' });
    rig.auth.authorize = () => ({ verdict: 'sign-in', reason: 'session-ended' });
    const last = await follow(`wiki.${DOMAIN}`);
    expect([mine.isCut(), open.isCut()]).to.deep.equal([false, false]);
    for (const stream of [mine, open, last]) stream.stop();
  });
});
