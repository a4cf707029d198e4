import { expect } from 'chai';
import { describe, it } from 'mocha';
import { ask } from '../support/http-client.ts';
import { appView, startIngressRig } from '../support/ingress-rig.ts';

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
});
