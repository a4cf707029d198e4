import { expect } from 'chai';
import { describe, it } from 'mocha';
import { until } from '../../../support/until.ts';
import { COOKIE } from '../support/fake-auth.ts';
import { ask } from '../support/http-client.ts';
import { appView, DOMAIN, startIngressRig } from '../support/ingress-rig.ts';

describe('ingress: a hub that restarts', () => {
  it('holds requests for an app instead of failing them, and answers them when the hub is back', async function () {
    this.timeout(30_000);
    const rig = await startIngressRig({ apps: [appView('wiki')] });
    try {
      expect((await ask(rig, '/before')).status).to.equal(200);
      await rig.nats.halt('SIGKILL');
      const held = Array.from({ length: 20 }, (_, index) => ask(rig, `/held/${index}`));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await rig.nats.restart();
      const answers = await Promise.all(held);
      expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 200));
      expect((await ask(rig, '/after')).status).to.equal(200);
    } finally {
      await rig.stop();
    }
  });

  it('has every record of the outage stored a moment later, so that a drain need not wait', async function () {
    this.timeout(30_000);
    const rig = await startIngressRig({ apps: [appView('wiki')] });
    try {
      const answers = [await ask(rig, '/before')];
      // Its record leaves after the hub is gone, or is on its way then: 200 ms after the answer.
      await rig.nats.halt('SIGKILL');
      const held = ask(rig, '/held');
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await rig.nats.restart();
      answers.push(await held, await ask(rig, '/after'));
      const drainedAt = performance.now();
      await rig.ingress.drain();
      expect(performance.now() - drainedAt).to.be.lessThan(1_000);
      expect(rig.log.find(({ message }) => message === 'drained')).to.include({ recordsStored: true });
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200]);
      expect(rig.records.map(({ path }) => path).sort()).to.deep.equal(['/after', '/before', '/held']);
    } finally {
      await rig.stop();
    }
  });

  it('holds them for nine seconds too', async function () {
    this.timeout(30_000);
    const rig = await startIngressRig({ apps: [appView('wiki')] });
    try {
      expect((await ask(rig, '/before')).status).to.equal(200);
      const haltedAt = performance.now();
      await rig.nats.halt('SIGKILL');
      const held = [];
      while (performance.now() - haltedAt < 8_500) {
        held.push(ask(rig, `/held/${held.length}`));
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      await rig.nats.restart();
      const answers = await Promise.all(held);
      expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 200));
      await until(() => rig.records.length === answers.length + 1, {
        deadlineMs: 3_000,
        what: 'all records are stored',
      });
    } finally {
      await rig.stop();
    }
  });

  it('holds requests of signed-in users too, whether their access was decided before or not', async function () {
    this.timeout(30_000);
    const rig = await startIngressRig({ apps: [appView('secure', { preauthentication: 'oidc' })] });
    const secure = (cookie: string) => ask(rig, '/', { host: `secure.${DOMAIN}`, headers: { cookie } });
    const unknown = COOKIE.replace('sealed-1', 'sealed-2');
    try {
      expect((await secure(COOKIE)).status).to.equal(200);
      await rig.nats.halt('SIGKILL');
      const held = [secure(COOKIE), secure(unknown), secure(COOKIE)];
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const asked = rig.auth.countOf('authorize');
      await rig.nats.restart();
      expect((await Promise.all(held)).map(({ status }) => status)).to.deep.equal([200, 200, 200]);
      // What was decided before counts no longer.
      expect((await secure(COOKIE)).status).to.equal(200);
      expect(rig.auth.countOf('authorize')).to.be.greaterThan(asked + 1);
    } finally {
      await rig.stop();
    }
  });
});
