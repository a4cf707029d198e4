import { expect } from 'chai';
import { describe, it } from 'mocha';
import { until } from '../../../support/until.ts';
import { ask, open } from '../support/http-client.ts';
import { appView, startIngressRig } from '../support/ingress-rig.ts';

describe('ingress: a connector that falls silent', () => {
  it('is found within seconds: running answers are cut, new requests learn that nobody is there', async function () {
    this.timeout(20_000);
    const rig = await startIngressRig({
      apps: [appView('wiki')],
      onRequest: (exchange) => {
        exchange.respondHead(200, ['Content-Type', 'text/event-stream']);
        exchange.write(Buffer.from('data: 1\n\n'));
        return { onCancel: () => undefined };
      },
    });
    try {
      await until(() => rig.log.some((line) => line.message === 'connector seen'), { what: 'the first heartbeat' });
      const req = open(rig, '/events');
      let isBegun = false;
      const ended = new Promise<string>((resolve) => {
        req.on('error', () => resolve('cut'));
        req.on('response', (res) => {
          isBegun = true;
          res.resume();
          res.on('error', () => resolve('cut'));
          res.on('end', () => resolve('whole'));
        });
      });
      req.end();
      await until(() => isBegun);
      const silentSince = performance.now();
      await rig.cutConnector();
      expect(await ended).to.equal('cut');
      expect(performance.now() - silentSince).to.be.lessThan(8_000);
      await until(() => rig.records.length > 0);
      expect(rig.records[0]).to.include({ outcome: 'failed', reason: 'connector-lost', connectorId: 'con_test' });
      expect((await ask(rig, '/')).status).to.equal(503);
    } finally {
      await rig.stop();
    }
  });
});
