import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { changeServerCertificate } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { createRoutes } from '../../../services/console/src/api/service-routes.ts';
import { pemCertificates } from '../../support/certificates.ts';
import { type ConsoleWorld, startConsoleWorld } from './support.ts';

describe('console API for certificates', () => {
  const records: { readonly command: { readonly type: string; readonly name: string } }[] = [];
  let world: ConsoleWorld;
  let folder: string;
  let isRecorderAway = false;
  before(async () => {
    world = await startConsoleWorld();
    folder = join(world.folder, 'certificates');
    await world.fake(changeServerCertificate, (given) => {
      if (isRecorderAway) throw new SallyportError('ERR_EVENTS_UNAVAILABLE', 'away', { retryable: true });
      records.push(given);
      return { revision: records.length };
    });
  });
  after(() => world.stop());
  const put = (name: string, body: unknown) => world.call('PUT', `/v1/certificates/${name}`, { body });
  const pairOf = async (...names: string[]) => {
    const pem = await pemCertificates({ names });
    return { certificate: pem.leaf + pem.intermediate, privateKey: pem.key };
  };

  it('installs a pair: on record without its key, in the folder with it, for the owner alone', async () => {
    const pair = await pairOf('wiki.example.com', '*.apps.example.com');
    const answer = await put('example-com', { ...pair, hosts: ['wiki.example.com', 'hr.apps.example.com'] });
    expect([answer.status, answer.json.hosts]).to.deep.equal([200, ['wiki.example.com', '*.apps.example.com']]);
    expect(records.at(-1)?.command).to.include({ type: 'InstallServerCertificate', name: 'example-com' });
    expect(JSON.stringify([records, answer.json])).not.to.contain('PRIVATE KEY');
    expect(readFileSync(join(folder, 'example-com.key'), 'utf8')).to.equal(pair.privateKey);
    expect(statSync(join(folder, 'example-com.key')).mode & 0o777).to.equal(0o600);
    expect(statSync(folder).mode & 0o777).to.equal(0o700);
    expect(readdirSync(folder).sort(), 'no drafts are left').to.deep.equal(['example-com.crt', 'example-com.key']);
  });

  it('lists what serves and what cannot, and removes', async () => {
    writeFileSync(join(folder, 'broken.crt'), 'x');
    const listed = await world.call('GET', '/v1/certificates');
    const secret = readFileSync(join(folder, 'example-com.key'), 'utf8').split('\n')[1] ?? '';
    expect(secret.length).to.be.above(20);
    expect(listed.text).not.to.contain(secret);
    expect(listed.json).to.have.nested.property('certificates[0].fault.reason', 'key-unreadable');
    expect(listed.json).to.have.nested.property('certificates[1].certificate.hosts[0]', 'wiki.example.com');
    for (const name of ['broken', 'example-com'])
      expect((await world.call('DELETE', `/v1/certificates/${name}`)).status).to.equal(200);
    expect(records.at(-1)?.command).to.deep.equal({ type: 'RemoveServerCertificate', name: 'example-com' });
    expect(readdirSync(folder)).to.deep.equal([]);
    expect((await world.call('DELETE', '/v1/certificates/example-com')).json.code).to.equal('ERR_CERTIFICATE_ABSENT');
  });

  it('refuses what cannot serve, saying why, and touches nothing', async () => {
    const [good, other] = [await pairOf('wiki.example.com'), await pairOf('wiki.example.com')];
    const count = records.length;
    const table: readonly (readonly [object, string, string])[] = [
      [{ ...good, privateKey: other.privateKey }, 'ERR_CERTIFICATE_REFUSED', 'key-of-another-certificate'],
      [{ ...good, hosts: ['a.wiki.example.com'] }, 'ERR_CERTIFICATE_REFUSED', 'host-not-covered'],
      [{ ...good, certificate: 'x' }, 'ERR_CERTIFICATE_REFUSED', 'certificate-unreadable'],
    ];
    for (const [body, code, reason] of table) {
      const { status, json } = await put('wiki', body);
      expect([status, json.code, json.details?.reason]).to.deep.equal([422, code, reason]);
    }
    const wrong = await put('Wiki.com', good);
    expect([wrong.status, wrong.json.code]).to.deep.equal([422, 'ERR_CERTIFICATE_NAME']);
    expect((await put('acme-wiki', good)).json.code).to.equal('ERR_CERTIFICATE_NAME');
    expect((await put('wiki', { certificate: good.certificate })).json.code).to.equal('ERR_API_INVALID');
    expect((await world.call('PUT', '/v1/certificates/wiki', { token: 'user', body: good })).status).to.equal(403);
    expect([records.length, readdirSync(folder)]).to.deep.equal([count, []]);
  });

  it('writes nothing that is not on record', async () => {
    isRecorderAway = true;
    const answer = await put('wiki', await pairOf('wiki.example.com'));
    isRecorderAway = false;
    expect([answer.status, answer.json.code]).to.deep.equal([503, 'ERR_EVENTS_UNAVAILABLE']);
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('holds at most 1,000', async () => {
    mkdirSync(folder, { recursive: true });
    for (let index = 0; index < 1_000; index += 1) writeFileSync(join(folder, `c${index}.crt`), '');
    const answer = await put('one-more', await pairOf('wiki.example.com'));
    expect([answer.status, answer.json.code]).to.deep.equal([409, 'ERR_CERTIFICATE_TOO_MANY']);
  });

  it('says so where it has no folder', async () => {
    const routes = createRoutes({ ask: () => Promise.reject(new Error('not asked')) }, async () => true);
    const list = routes.find(({ method, path }) => method === 'get' && path === '/certificates');
    const call = { params: {} } as Parameters<NonNullable<typeof list>['handle']>[0]['call'];
    const [outcome] = await Promise.allSettled([list?.handle({ query: {}, body: {}, call })]);
    expect(outcome).to.have.nested.property('reason.code', 'ERR_CERTIFICATE_FOLDER');
  });
});
