import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { accessPolicy, changePolicySet, type NamedLocation, namedLocation, newId, policySet } from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { demoDirectory } from '../../../support/identity-provider.ts';
import { until } from '../../../support/until.ts';
import { type AuthWorld, published, startAuthWorld, TENANT } from '../support/auth-world.ts';
import { BrowserDouble } from '../support/browser-double.ts';
import { bitsOf, writeMmdb } from '../support/mmdb-writer.ts';

const [, BOB] = demoDirectory.users;
const FROM_192_0_2 = '192.0.2.7';
const ELSEWHERE = '198.51.100.7';
const saying = (country: string) =>
  writeMmdb({ networks: [[bitsOf('192.0.2.0/24'), { country: { iso_code: country } }]] });

describe('access by countries', function countrySpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  let browser: BrowserDouble;
  let folder: string;
  let file: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-countries-'));
    file = join(folder, 'countries.mmdb');
    world = await startAuthWorld();
    await world.appendApp('app_wiki', published({ users: [BOB.oid] }));
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_wiki')));
    const italy: NamedLocation = namedLocation.parse({ id: 'italy', name: 'Italy', countries: ['IT'] });
    const policy = accessPolicy.parse({
      id: 'only-italy',
      name: 'Only from Italy',
      state: 'on',
      assignments: { users: { include: 'all' }, apps: { include: ['app_wiki'] } },
      conditions: { locations: { include: ['all'], exclude: ['italy'] } },
      grant: { kind: 'block' },
    });
    await callEndpoint(world.console, TENANT, changePolicySet, {
      commandId: newId('cmd'),
      actor: { kind: 'local-operator', id: 'local-operator' },
      correlationId: 'spec',
      change: { kind: 'replace', policies: [policy], locations: [italy] },
    });
    await until(() => world.revocations.some(({ everything }) => everything));
    browser = new BrowserDouble(world.ingress, world.idp.ca);
    await browser.signIn('bob', 'app_wiki');
  });
  after(async () => {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const from = (address: string) => {
    browser.client = { address, userAgent: 'spec' };
    return browser.authorize('app_wiki');
  };
  const findings = async () => (await callEndpoint(world.console, TENANT, policySet, {})).findings;
  const countries = async (type: string) =>
    (await world.factsNamed(type)).map(({ data }) => (data as { inputs: { country: unknown } }).inputs.country);

  it('refuses everybody while there is no database, and a finding says so', async () => {
    expect(await from(FROM_192_0_2)).to.include({ verdict: 'deny', reason: 'policy-input-missing' });
    expect(await countries('AccessDenied')).to.deep.equal([null]);
    const [finding] = await findings();
    expect(finding).to.include({ policyId: 'only-italy', clause: 'conditions.locations' });
    expect(finding?.text).to.include('`countryDatabase`');
  });

  it('does not start with a database that is missing or cut short', async () => {
    for (const bytes of [undefined, saying('IT').subarray(0, -70)]) {
      if (bytes !== undefined) writeFileSync(file, bytes);
      const refused: unknown = await world.restart({ countryDatabase: file }).catch((error: unknown) => error);
      expect(refused).to.have.property('code', 'ERR_AUTH_COUNTRY_DATABASE');
      expect(refused).to.have.property('message').that.includes(file);
    }
  });

  it('lets in whom the policy lets in, records the country, and has nothing to find', async () => {
    writeFileSync(file, saying('IT'));
    await world.restart({ countryDatabase: file });
    expect(await from(FROM_192_0_2)).to.include({ verdict: 'allow' });
    expect(await countries('AccessGranted')).to.deep.equal(['IT']);
    expect(await from(ELSEWHERE)).to.include({ verdict: 'deny', reason: 'policy-blocked' });
    expect((await countries('AccessDenied')).at(-1)).to.equal('unknown');
    expect(await findings()).to.deep.equal([]);
  });

  it('decides anew, and has every ingress ask anew, when the database says something else', async () => {
    expect(await from(FROM_192_0_2)).to.include({ verdict: 'allow' });
    writeFileSync(join(folder, 'new'), saying('DE'));
    renameSync(join(folder, 'new'), file);
    const before = world.revocations.length;
    const isRevoked = () => world.revocations.slice(before).some(({ everything }) => everything);
    await until(isRevoked, { deadlineMs: 15_000, what: 'word to the ingress that everything is asked anew' });
    expect((await from(FROM_192_0_2)).verdict).to.equal('deny');
    expect((await countries('AccessDenied')).at(-1)).to.equal('DE');
  });
});
