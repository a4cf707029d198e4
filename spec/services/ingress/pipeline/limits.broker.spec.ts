import { expect } from 'chai';
import { describe, it } from 'mocha';
import { shares } from '#libs/contracts';
import { publishFeed } from '#libs/messaging';
import { until } from '../../../support/until.ts';
import { ask, NAVIGATION } from '../support/http-client.ts';
import { appView, DOMAIN, startIngressRig, TENANT } from '../support/ingress-rig.ts';
import { fieldsOf, recordingOrigin } from '../support/origins.ts';

describe('ingress: limits', () => {
  it('refuses requests when access records cannot be stored, and says why', async () => {
    const rig = await startIngressRig({
      apps: [appView('wiki')],
      audit: false,
      config: { limits: { maxAccessRecords: 2 } },
    });
    try {
      expect((await ask(rig, '/')).status).to.equal(200);
      expect((await ask(rig, '/')).status).to.equal(200);
      const refused = await ask(rig, '/', { headers: NAVIGATION });
      expect(refused.status).to.equal(503);
      expect(refused.text).to.contain('Access records cannot be stored');
    } finally {
      await rig.ingress.stop();
      await rig.stop();
    }
  });

  it('throttles an app by its limit, and names the time to wait', async () => {
    const rig = await startIngressRig({ apps: [appView('wiki'), appView('calm')] });
    const origin = recordingOrigin();
    rig.serve(origin.onRequest);
    try {
      publishFeed(rig.services, TENANT, shares, {
        version: 1,
        defaults: { app: 500, tenant: 750 },
        ingresses: 1,
        limits: [{ scope: 'app_wiki', requestsPerSecond: 1 }],
        shares: [],
      });
      const first = await ask(rig, '/');
      await until(async () => (await ask(rig, '/')).status === 429, { what: 'the share' });
      const second = await ask(rig, '/', { headers: NAVIGATION });
      const third = await ask(rig, '/');
      expect([first.status, second.status, third.status]).to.deep.equal([200, 429, 429]);
      expect(second.headers['retry-after']).to.equal('1');
      expect(second.text).to.contain('Too many requests to this app');
      expect(JSON.parse(third.text)).to.include({ code: 'SP-1101', reason: 'app-limit-exceeded' });
      expect((await ask(rig, '/', { host: `calm.${DOMAIN}` })).status).to.equal(200);
      expect(fieldsOf(origin.seen[0] as (typeof origin.seen)[number])).to.include({ via: '1.1 sallyport' });
      expect(await rig.recordOf(third.requestId)).to.include({ outcome: 'throttled', appId: 'app_wiki' });
    } finally {
      await rig.stop();
    }
  });
});
