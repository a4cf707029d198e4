import { expect } from 'chai';
import { describe, it } from 'mocha';
import { encodeHeartbeat, heartbeatSubject } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { ask, open } from '../support/http-client.ts';
import { appView, startIngressRig } from '../support/ingress-rig.ts';

/** Its connector was heard, and its origin begins an answer that does not end. */
async function startStreamingRig() {
  const rig = await startIngressRig({
    apps: [appView('wiki')],
    onRequest: (exchange) => {
      exchange.respondHead(200, ['Content-Type', 'text/event-stream']);
      exchange.write(Buffer.from('data: 1\n\n'));
      return { onCancel: () => undefined };
    },
  });
  await until(() => rig.log.some((line) => line.message === 'connector seen'), { what: 'the first heartbeat' });
  return rig;
}

describe('ingress: a connector that has a new link', () => {
  it('is asked at once which of its running requests lost something', async () => {
    const rig = await startStreamingRig();
    try {
      const req = open(rig, '/events');
      req.on('error', () => undefined);
      let isBegun = false;
      req.on('response', (res) => {
        isBegun = true;
        res.on('error', () => undefined).resume();
      });
      req.end();
      await until(() => isBegun);
      let packets = 0;
      rig.services.subscribe('tun.c.con_test.>', {
        callback: () => {
          packets += 1;
        },
      });
      const beat = (isRelinked: boolean) =>
        rig.services.publish(
          heartbeatSubject('con_test'),
          encodeHeartbeat({
            instanceId: rig.connector.instanceId,
            sentAt: new Date().toISOString(),
            openChannels: 1,
            isDraining: false,
            ...(isRelinked ? { isRelinked } : {}),
          }),
        );
      await rig.services.flush();
      beat(false);
      await rig.services.flush();
      const since = performance.now();
      await until(() => performance.now() - since > 300);
      expect(packets, 'of a heartbeat like all others').to.equal(0);
      beat(true);
      await until(() => packets > 0, { deadlineMs: 2_000, what: 'the question' });
      req.destroy();
    } finally {
      await rig.stop();
    }
  });
});

describe('ingress: a connector that falls silent', () => {
  it('is found within seconds: running answers are cut, new requests learn that nobody is there', async function () {
    this.timeout(20_000);
    const rig = await startStreamingRig();
    try {
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
      expect(performance.now() - silentSince).to.be.lessThan(5_000);
      await until(() => rig.records.length > 0);
      expect(rig.records[0]).to.include({ outcome: 'failed', reason: 'connector-lost', connectorId: 'con_test' });
      expect((await ask(rig, '/')).status).to.equal(503);
    } finally {
      await rig.stop();
    }
  });
});
