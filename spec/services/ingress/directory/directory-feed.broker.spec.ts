import { expect } from 'chai';
import { describe, it } from 'mocha';
import { appDirectory } from '#libs/contracts';
import { publishFeed } from '#libs/messaging';
import { until } from '../../../support/until.ts';
import { ask } from '../support/http-client.ts';
import { appView, DOMAIN, startIngressRig, TENANT } from '../support/ingress-rig.ts';

describe('app directory feed', () => {
  it('follows changes, ignores old ones, and reads everything again after a gap', async () => {
    const known = Array.from({ length: 1_201 }, (_, i) => appView(`a${i}`));
    const rig = await startIngressRig({ apps: known });
    try {
      const { directory } = rig.ingress.services.tenants[0];
      const status = async (name: string) => (await ask(rig, '/', { host: `${name}.${DOMAIN}` })).status;
      expect(directory.size).to.equal(1_201);
      expect(await status('a1200')).to.equal(200);
      await rig.putApp(appView('new'));
      expect(await status('new')).to.equal(200);
      await rig.putApp({ ...appView('new', { revision: 2 }), status: 'retired' });
      expect(await status('new')).to.equal(404);

      publishFeed(rig.services, TENANT, appDirectory, { position: 50, previousPosition: 49, app: appView('stale') });
      publishFeed(rig.services, TENANT, appDirectory, {
        position: 500,
        previousPosition: 499,
        app: appView('skipped'),
      });
      const snapshots = () => rig.log.filter((line) => line.message === 'app directory read').length;
      await until(() => snapshots() === 2, { what: 'a second snapshot' });
      expect(directory.getApp('app_stale')).to.equal(undefined);
      expect(directory.getApp('app_skipped')).to.equal(undefined);
      expect(await status('a0')).to.equal(200);
    } finally {
      await rig.stop();
    }
  });

  it('keeps serving the last good directory while the hub is away, and catches up when it is back', async () => {
    const rig = await startIngressRig({ apps: [appView('wiki')] });
    try {
      await rig.nats.halt('SIGKILL');
      expect(rig.ingress.services.tenants[0].directory.size).to.equal(1);
      await rig.nats.restart();
      await until(() => rig.log.filter((line) => line.message === 'app directory read').length === 2, {
        what: 'read again',
      });
      await until(async () => (await ask(rig, '/')).status === 200, { what: 'served again' });
    } finally {
      await rig.stop();
    }
  });
});
