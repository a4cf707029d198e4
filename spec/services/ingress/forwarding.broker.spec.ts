import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { ask } from './support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from './support/ingress-rig.ts';

describe('ingress: forwarding', () => {
  let rig: IngressRig;
  before(async () => {
    rig = await startIngressRig({ apps: [appView('wiki')] });
  });
  after(() => rig.stop());

  it('answers a GET of a passthrough app through the tunnel', async () => {
    const answer = await ask(rig, '/pages/1?q=a');
    expect(answer.status).to.equal(200);
    expect(answer.text).to.equal('GET /pages/1?q=a');
  });

  it('answers nothing but a 404 for a host it does not know', async () => {
    const answer = await ask(rig, '/', { host: `other.${DOMAIN}` });
    expect(answer.status).to.equal(404);
  });
});
