import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { APP, type CliWorld, startCliWorld } from './support.ts';

const CERTIFICATE = {
  hosts: ['wiki.example.com'],
  thumbprint: 'a'.repeat(64),
  issuer: 'CN=spec',
  notBefore: '2026-01-01T00:00:00.000Z',
  notAfter: '2026-04-01T00:00:00.000Z',
};

describe('sallyport certificates', () => {
  let world: CliWorld;
  before(async () => {
    world = await startCliWorld();
    world.writeSystemFile({ portalUrl: 'https://portal.sallyport.localhost:8443/' });
    writeFileSync(join(world.folder, 'chain.pem'), 'CHAIN');
    writeFileSync(join(world.folder, 'key.pem'), 'KEY');
  });
  after(() => world.stop());
  const run = (...argv: string[]) => world.run(['certificates', ...argv], { cwd: world.folder });

  it('lists them, and hosts of apps that only the default one is there for', async () => {
    const external = {
      ...APP,
      id: 'app_2',
      externalUrl: 'https://hr.example.com:8443/',
      alternateHosts: ['wiki.example.com'],
    };
    const fault = { reason: 'certificate-expired', detail: 'the certificate expired', remedy: 'renew it' };
    world.answer(({ path }) => ({
      body: path.startsWith('apps')
        ? { apps: [APP, external], next: null }
        : {
            certificates: [
              { name: 'old', certificate: null, fault },
              { name: 'wiki', certificate: CERTIFICATE, fault: null },
            ],
          },
    }));
    const { out } = await run('list');
    expect(out).to.contain('not usable: the certificate expired');
    expect(out).to.match(/wiki +wiki\.example\.com +2026-04-01T00:00:00\.000Z +CN=spec/);
    expect(out).to.contain('only the default certificate: hr.example.com\n');
  });

  it('sends chain and key from files', async () => {
    world.answer(() => ({ body: { name: 'wiki', ...CERTIFICATE } }));
    const ran = await run('add', 'wiki', '--cert', 'chain.pem', '--key', 'key.pem', '--host', 'wiki.example.com');
    expect(ran.out).to.equal('wiki serves wiki.example.com until 2026-04-01T00:00:00.000Z\n');
    const { method, path, body } = world.asked.at(-1) ?? {};
    expect([method, path]).to.deep.equal(['PUT', 'certificates/wiki']);
    expect(body).to.deep.equal({ certificate: 'CHAIN', privateKey: 'KEY', hosts: ['wiki.example.com'] });
  });

  it('wants both files, and says which cannot be read', async () => {
    expect((await run('add', 'wiki', '--cert', 'chain.pem')).err).to.contain('name both files');
    expect((await run('add', 'wiki', '--cert', 'none.pem', '--key', 'key.pem')).err).to.contain(
      'cannot be read (ENOENT)',
    );
  });

  it('removes', async () => {
    world.answer(() => ({ body: { name: 'wiki', removed: true } }));
    expect((await run('remove', 'wiki')).out).to.equal('wiki is removed\n');
  });
});
