import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { z } from 'zod';
import { type AccessPolicy, accessPolicy, namedLocation, type PolicySetView } from '#libs/contracts';
import { type Asked, type CliWorld, type FakeAnswer, startCliWorld, text } from './support.ts';

const GROUP = '6c1e0f6e-1111-4222-8333-444455556666';
const policy = (change: Partial<z.input<typeof accessPolicy>>): AccessPolicy =>
  accessPolicy.parse({
    id: 'mfa',
    name: 'MFA for finance',
    state: 'report-only',
    assignments: { users: { include: { groups: [GROUP] } }, apps: { include: ['app_1'] } },
    grant: { kind: 'require', controls: [{ kind: 'authentication-strength', context: 'c1' }] },
    ...change,
  });
const MFA = policy({ conditions: { locations: { include: ['all'], exclude: ['office'] } } });
const NIGHT = policy({
  id: 'night',
  name: 'Closed at night',
  state: 'on',
  assignments: {
    users: { include: 'all', exclude: { directoryRoles: ['role-1'], guests: true } },
    apps: { include: 'all', exclude: ['app_2'] },
  },
  conditions: {
    platforms: { include: 'all', exclude: ['linux'] },
    deviceStates: ['unregistered'],
    clientKinds: ['browser'],
    signInRisk: ['medium', 'high'],
    times: { timeZone: 'Europe/Rome', windows: [{ days: [1, 5], from: '22:00', until: '06:00' }] },
  },
  grant: { kind: 'block' },
  session: { signInFrequencyMinutes: 60, maxSessionMinutes: 480, persistentBrowser: 'never', bindToNetwork: true },
});
const OFFICE = namedLocation.parse({ id: 'office', name: 'Office', isTrusted: true, ranges: ['192.0.2.0/24'] });
const SET: PolicySetView = {
  revision: 42,
  policies: [
    { version: 3, policy: MFA },
    { version: 2, policy: NIGHT },
  ],
  locations: [{ version: 1, location: OFFICE }],
  findings: [{ policyId: 'night', clause: 'grant', text: 'blocks everybody it applies to' }],
};

describe('sallyport policies and locations', () => {
  let world: CliWorld;
  before(async () => {
    world = await startCliWorld();
  });
  beforeEach(() => world.answer(api));
  after(() => world.stop());

  /** Answers the set; a replacement is taken and gets the next revision. */
  let revision = SET.revision;
  function api({ method, path, body }: Asked): FakeAnswer {
    if (path.startsWith('policy-set') && method === 'GET') revision = SET.revision;
    if (path.startsWith('policy-set') && method === 'GET') return { body: SET };
    if (path.startsWith('policy-set')) {
      revision += 1;
      if (path.includes('dryRun=true')) return { body: SET };
      const { policies, locations } = body as { policies: AccessPolicy[]; locations: (typeof OFFICE)[] };
      const versioned = {
        policies: policies.map((one) => ({ version: 1, policy: one })),
        locations: locations.map((one) => ({ version: 1, location: one })),
      };
      return { body: { revision, findings: [], ...versioned } };
    }
    if (method === 'DELETE') return { body: { id: 'x', removed: true } };
    if (path === 'policies/night') return { body: { version: 2, policy: NIGHT, findings: SET.findings } };
    return undefined;
  }
  const run = async (line: string) => {
    world.asked.length = 0;
    const ran = await world.run(line.split(' '));
    expect([ran.code, ran.err], line).to.deep.equal([0, '']);
    return ran.out;
  };
  const refusal = async (line: string) => {
    world.asked.length = 0;
    const { code, err } = await world.run(line.split(' '));
    return [code, err] as const;
  };
  const changes = () => world.asked.filter(({ method }) => method !== 'GET');
  const write = (content: unknown) =>
    writeFileSync(join(world.folder, 'policies.json'), typeof content === 'string' ? content : JSON.stringify(content));
  const { id: _id, ...mfaWithoutId } = MFA;

  it('list policies with what to know about them', async () => {
    expect(await run('policies list')).to.equal(text`
      name             state        who                           apps           conditions                                                   grant       version  id
      MFA for finance  report-only  1 group                       app_1          locations                                                    require c1  3        mfa
      Closed at night  on           everybody but guests, 1 role  all but app_2  platforms, device states, client kinds, sign-in risk, times  block       2        night

      note on night (grant): blocks everybody it applies to
    `);
  });

  it('show one policy in full, by id or name', async () => {
    const shown = text`
      setting        value
      name           Closed at night
      id             night
      state          on
      who            everybody
      not roles      role-1
      not guests     yes
      apps           all but app_2
      platforms      all but linux
      device states  unregistered
      client kinds   browser
      sign-in risk   medium, high
      times          Mon Fri 22:00 to 06:00 (Europe/Rome)
      grant          block
      session        sign in again after 60 min, session ends after 480 min, persistent browser never, bound to its network
      version        2

      note on night (grant): blocks everybody it applies to
    `;
    expect(await run('policies show night')).to.equal(shown);
    const byName = await world.run(['policies', 'show', 'closed AT night']);
    expect(byName.out).to.equal(shown);
    expect(await refusal('policies show nothing')).to.deep.equal([
      3,
      'sallyport: no policy is called "nothing": see `sallyport policies list` [ERR_CLI_ABSENT]\n',
    ]);
  });

  it('remove a policy in the version that was seen', async () => {
    expect(await run('policies remove mfa')).to.equal('policy MFA for finance is removed\n');
    const [sent] = changes();
    expect([sent?.method, sent?.path, sent?.headers['if-match']]).to.deep.equal(['DELETE', 'policies/mfa', '"3"']);
  });

  it('list, show and remove locations', async () => {
    expect(await run('locations list')).to.equal(text`
      name    trust    where         used by          version  id
      Office  trusted  192.0.2.0/24  MFA for finance  1        office
    `);
    expect(await run('locations show office')).to.equal(text`
      setting    value
      name       Office
      id         office
      trusted    yes
      range      192.0.2.0/24
      countries  none
      version    1
    `);
    expect(await run('locations remove Office')).to.equal('location Office is removed\n');
    expect([changes()[0]?.path, changes()[0]?.headers['if-match']]).to.deep.equal(['locations/office', '"1"']);
    await run('locations remove Office --force');
    expect(changes()[0]?.path).to.equal('locations/office?force=true');
  });

  describe('apply', () => {
    it('say what changed, and send the whole set on the revision that was read', async () => {
      write({
        policies: [{ ...mfaWithoutId, state: 'on', grant: { kind: 'block' } }, policy({ name: 'Büro & Gäste' })].map(
          (one, index) => (index === 0 ? one : { ...one, id: undefined }),
        ),
        locations: [OFFICE, { name: 'Home', countries: ['IT'] }],
      });
      expect(await run('policies apply policies.json')).to.equal(text`
        change   kind      name             id          fields
        added    location  Home             home
        changed  policy    MFA for finance  mfa         state report-only to on, grant
        added    policy    Büro & Gäste     buro-gaste
        removed  policy    Closed at night  night
        unchanged: 1 location
        applied: the policy set is at revision 43
      `);
      const [sent] = changes();
      expect([sent?.method, sent?.path, sent?.headers['if-match']]).to.deep.equal(['PUT', 'policy-set', '"42"']);
      const body = sent?.body as { policies: AccessPolicy[]; locations: unknown[] };
      expect(body.policies.map(({ id }) => id)).to.deep.equal(['mfa', 'buro-gaste']);
      expect(body.locations).to.deep.include(namedLocation.parse({ id: 'home', name: 'Home', countries: ['IT'] }));
    });

    it('change nothing on a dry run, or when nothing differs', async () => {
      write({ policies: [MFA] });
      expect(await run('policies apply policies.json --dry-run')).to.equal(text`
        change   kind    name             id     fields
        removed  policy  Closed at night  night
        unchanged: 1 policy, 1 location
        dry run: nothing is changed

        note on night (grant): blocks everybody it applies to
      `);
      expect(changes().map(({ path }) => path)).to.deep.equal(['policy-set?dryRun=true']);
      write({ policies: [mfaWithoutId, NIGHT] });
      expect(await run('policies apply policies.json')).to.equal(
        'nothing to change\nunchanged: 2 policies, 1 location\n',
      );
      expect(changes()).to.deep.equal([]);
    });

    it('leave a list alone that the file does not have', async () => {
      write({ locations: [OFFICE, { name: 'Home' }] });
      await run('policies apply policies.json');
      expect(changes()[0]?.body).to.deep.include({ policies: [MFA, NIGHT] });
    });

    it('print JSON with --json, and nothing else', async () => {
      write({ policies: [MFA], locations: [OFFICE] });
      expect(JSON.parse(await run('policies apply policies.json --dry-run --json'))).to.deep.equal({
        dryRun: true,
        revision: 42,
        changes: [{ change: 'removed', kind: 'policy', id: 'night', name: 'Closed at night', fields: [] }],
        unchanged: { policies: 1, locations: 1 },
        findings: SET.findings,
      });
      for (const line of ['policies list', 'policies show night', 'locations list', 'locations show office'])
        JSON.parse(await run(`${line} --json`));
    });

    it('pass --force on, and tell why the API refused without', async () => {
      write({ policies: [] });
      await run('policies apply policies.json --force');
      expect(changes()[0]?.path).to.equal('policy-set?force=true');
      const problem = {
        code: 'ERR_POLICY_LOCKOUT',
        detail: 'no administrator could open the portal',
        retryable: false,
      };
      world.answer((asked) => (asked.method === 'PUT' ? { status: 409, body: problem } : api(asked)));
      expect(await refusal('policies apply policies.json')).to.deep.equal([
        3,
        'sallyport: no administrator could open the portal [ERR_POLICY_LOCKOUT]\n',
      ]);
    });

    it('send a large change whole, on the revision that was read', async () => {
      const many = Array.from({ length: 150 }, (_one, index) => policy({ id: `p${index}`, name: `P ${index}` }));
      write({ policies: many, locations: [] });
      await run('policies apply policies.json');
      const sent = changes().map(({ headers, body }) => {
        const { policies, locations } = body as { policies: unknown[]; locations: unknown[] };
        return [headers['if-match'], policies.length, locations.length];
      });
      expect(sent).to.deep.equal([['"42"', 150, 0]]);
    });

    it('refuse a file that makes no sense, with the place', async () => {
      const table: readonly (readonly [unknown, string])[] = [
        ['{', 'policies.json is not JSON'],
        [{ policy: [] }, 'unrecognized key: "policy"'],
        [{ policies: [{ ...MFA, state: 'enabled' }] }, 'policies.0.state: '],
        [{ policies: [{ ...MFA, name: '会社', id: undefined }] }, 'give it an id'],
        [{ locations: [{ name: 'Home', ranges: ['10.0.0.0'] }] }, 'locations.0.ranges.0'],
      ];
      for (const [content, words] of table) {
        write(content);
        const [code, message] = await refusal('policies apply policies.json');
        expect([code, message.includes(words)], `${words} in ${message}`).to.deep.equal([2, true]);
        expect(world.asked.filter(({ method }) => method !== 'GET')).to.deep.equal([]);
      }
      expect((await refusal('policies apply nowhere.json'))[1]).to.contain('cannot be read (ENOENT)');
    });
  });
});
