import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { findPebble, type RunningPebble, startPebble } from '../../../../support/pebble.ts';
import { until } from '../../../../support/until.ts';
import { appView, type IngressRig, startIngressRig } from '../../support/ingress-rig.ts';

const HOST = 'wiki.example.com';

describe('an ingress with an ACME server (pebble)', function () {
  this.timeout(60_000);
  let folder: string;
  let pebble: RunningPebble;
  let rig: IngressRig;
  before(async function () {
    const program = findPebble();
    if (program === undefined) this.skip();
    folder = mkdtempSync(join(tmpdir(), 'sallyport-acme-'));
    const port = await freePort();
    pebble = await startPebble(program, port);
    writeFileSync(join(folder, 'pebble.pem'), pebble.ca);
    const acme = { directoryUrl: pebble.directoryUrl, agreeToTerms: true, caFile: join(folder, 'pebble.pem') };
    rig = await startIngressRig({
      config: { port, certificatesDirectory: join(folder, 'certificates'), acme },
      apps: [appView('wiki', { externalUrl: `https://${HOST}/` })],
    });
  });
  after(async () => {
    await rig?.stop();
    await pebble?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it('orders a certificate for a published host by itself, and serves it', async () => {
    await until(() => rig.log.some(({ message, host }) => message === 'certificate issued' && host === HOST), {
      what: 'the certificate',
      deadlineMs: 30_000,
    });
    const ca = await pebble.root();
    const socket = await new Promise<TLSSocket>((resolve, reject) => {
      const client = connect({ host: '127.0.0.1', port: rig.port, servername: HOST, ca }, () => resolve(client));
      client.once('error', reject);
    });
    expect([socket.authorized, socket.getPeerX509Certificate()?.subjectAltName]).to.deep.equal([true, `DNS:${HOST}`]);
    socket.destroy();
  });

  it('orders none for names under localhost', () =>
    expect(rig.log.filter(({ host }) => String(host).endsWith('.localhost'))).to.deep.equal([]));
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
