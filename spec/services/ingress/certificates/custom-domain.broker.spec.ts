import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type PemCertificates, pemCertificates } from '../../../support/certificates.ts';
import { readAnswer } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

describe('an app under a custom domain', () => {
  let folder: string;
  let custom: PemCertificates;
  let rig: IngressRig;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-custom-'));
    mkdirSync(folder, { recursive: true });
    custom = await pemCertificates({ names: ['*.apps.example.com', 'handbook.example.org'] });
    writeFileSync(join(folder, 'example.key'), custom.key, { mode: 0o600 });
    writeFileSync(join(folder, 'example.crt'), custom.leaf + custom.intermediate);
    rig = await startIngressRig({
      config: { certificatesDirectory: folder },
      apps: [
        appView('wiki'),
        appView('erp', {
          externalUrl: 'https://*.apps.example.com/',
          internalUrl: 'https://*.internal.example/',
          alternateHosts: [],
        }),
        appView('docs', { externalUrl: `https://docs.${DOMAIN}/`, alternateHosts: ['handbook.example.org'] }),
        appView('parts', {
          externalUrl: 'https://*.parts.example.com/',
          segments: [{ externalUrl: 'https://a.parts.example.com/', internalUrl: 'http://a.internal/' }],
        }),
      ],
    });
  });
  after(async () => {
    await rig.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (host: string, ca: string) => {
    const req = request({ host: '127.0.0.1', port: rig.port, servername: host, ca, agent: false, headers: { host } });
    const answered = new Promise<Parameters<typeof readAnswer>[0]>((resolve, reject) => {
      req.once('response', resolve);
      req.once('error', reject);
    });
    req.end();
    const res = await answered;
    const { subject } = (res.socket as TLSSocket).getPeerCertificate();
    return { certificate: subject.CN, ...(await readAnswer(res)) };
  };

  it('is served with its own certificate, at any host of its wildcard', async () => {
    const answer = await ask('hr.apps.example.com', custom.authority);
    expect([answer.status, answer.certificate]).to.deep.equal([200, '*.apps.example.com']);
  });

  it('is served at an alternate host', async () =>
    expect((await ask('handbook.example.org', custom.authority)).status).to.equal(200));

  it('leaves the other apps the certificate of the gate', async () => {
    const answer = await ask(`wiki.${DOMAIN}`, rig.ca);
    expect([answer.status, answer.certificate]).to.deep.equal([200, `*.${DOMAIN}`]);
  });

  it('by segments is served at those alone', async () => {
    const status = async (host: string) => {
      const req = request({
        host: '127.0.0.1',
        port: rig.port,
        rejectUnauthorized: false,
        agent: false,
        headers: { host },
      });
      const answered = new Promise<Parameters<typeof readAnswer>[0]>((resolve) => req.once('response', resolve));
      req.end();
      return (await readAnswer(await answered)).status;
    };
    expect(await status('a.parts.example.com')).to.equal(200);
    expect(await status('b.parts.example.com')).to.equal(404);
    rig.ingress.services.tenants[0].directory.put(
      appView('parts', { externalUrl: 'https://*.parts.example.com/', segments: [], revision: 2 }),
    );
    expect(await status('a.parts.example.com')).to.equal(404);
  });
});
