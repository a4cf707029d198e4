import { expect } from 'chai';
import { describe, it } from 'mocha';
import { until } from '../../../support/until.ts';
import { ask } from '../support/http-client.ts';
import { appView, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

const OUTAGE_MS = 4_000;

describe('ingress: a hub that is frozen', () => {
  const isSilent = (rig: IngressRig) => !rig.ingress.services.tenants[0].isHubConnected();

  it('holds requests and answers them, each once, when it goes on', async function () {
    this.timeout(30_000);
    let calls = 0;
    const rig = await startIngressRig({
      apps: [appView('wiki')],
      onRequest: (exchange) => {
        exchange.onceConfirmed(() => {
          calls += 1;
          exchange.respondHead(200, [], { hasBody: false });
        });
        return { onCancel: () => undefined };
      },
    });
    const pid = rig.nats.pid();
    try {
      await until(() => rig.log.some((line) => line.message === 'connector seen'), { what: 'the first heartbeat' });
      const frozenAt = performance.now();
      process.kill(pid, 'SIGSTOP');
      const early = Array.from({ length: 5 }, () => ask(rig, '/early', { method: 'POST' }));
      await until(() => isSilent(rig), { deadlineMs: 2_000, what: 'the silence is noticed' });
      const late = Array.from({ length: 5 }, () => ask(rig, '/late', { method: 'POST' }));
      await until(() => performance.now() - frozenAt > OUTAGE_MS, { deadlineMs: 2 * OUTAGE_MS });
      process.kill(pid, 'SIGCONT');
      const answers = await Promise.all([...early, ...late]);
      expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 200));
      expect(calls).to.equal(10);
      // The tunnel and the backbone each hear of it on a connection of their own.
      await until(() => !isSilent(rig), { deadlineMs: 2_000, what: 'the backbone hears the hub again' });
      expect(rig.log.filter(({ message }) => message === 'connector lost')).to.deep.equal([]);
    } finally {
      process.kill(pid, 'SIGCONT');
      await rig.stop();
    }
  });

  it('says SP-1902, the hub is away, when it stays frozen beyond the hold', async function () {
    this.timeout(30_000);
    const rig = await startIngressRig({ apps: [appView('wiki')] });
    const pid = rig.nats.pid();
    try {
      await until(() => rig.log.some((line) => line.message === 'connector seen'), { what: 'the first heartbeat' });
      process.kill(pid, 'SIGSTOP');
      const startedAt = performance.now();
      const answer = await ask(rig, '/');
      expect([answer.status, JSON.parse(answer.text).code]).to.deep.equal([503, 'SP-1902']);
      expect(performance.now() - startedAt).to.be.within(9_000, 12_500);
    } finally {
      process.kill(pid, 'SIGCONT');
      await rig.stop();
    }
  });
});
