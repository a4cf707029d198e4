import { expect } from 'chai';
import { describe, it } from 'mocha';
import { compilePolicySet, type LockoutAssumptions, locksOutAdministrators } from '#libs/conditional-access';
import type { AccessPolicy, NamedLocation } from '#libs/contracts';
import { location, policy, policySetOf } from './policy-sets.ts';

const admin = '62e90394-69f5-4237-9190-012177145e10';
const helpdesk = '729827e3-9c14-49f7-bb1b-9608f156bbb8';
const people = (parts: object) => ({ users: [], groups: [], directoryRoles: [], guests: false, ...parts });
const everyone = { include: 'all' };
const sparing = (parts: object) => ({
  assignments: { users: { include: 'all', exclude: people(parts) }, apps: everyone },
});
const hitting = (parts: object) => ({ assignments: { users: { include: people(parts) }, apps: everyone } });
const block = (id: string, parts: object = {}) => policy({ id, ...parts });
const device = { kind: 'compliant-device' };

function culprit(
  policies: readonly AccessPolicy[],
  locations: readonly NamedLocation[] = [],
  assumptions?: LockoutAssumptions,
  roles: readonly string[] = [admin],
) {
  const compiled = compilePolicySet(policySetOf(policies, locations));
  return locksOutAdministrators(compiled, roles, 'portal', assumptions)?.policyId;
}

describe('a lockout of all administrators', () => {
  it('is none without policies', () => expect(culprit([])).to.equal(undefined));
  it('is a block of everybody', () => expect(culprit([block('a')])).to.equal('a'));
  it('is none on trial', () => expect(culprit([block('a', { state: 'report-only' })])).to.equal(undefined));
  it('is none when off', () => expect(culprit([block('a', { state: 'off' })])).to.equal(undefined));
  it('is none when the role is spared', () =>
    expect(culprit([block('a', sparing({ directoryRoles: [admin] }))])).to.equal(undefined));
  it('is one when only a user is spared, of whom nobody knows the role', () =>
    expect(culprit([block('a', sparing({ users: ['break-glass'] }))])).to.equal('a'));
  it('is none when one of several roles gets in', () => {
    const policies = [block('a', hitting({ directoryRoles: [admin] }))];
    expect(culprit(policies)).to.equal('a');
    expect(culprit(policies, [], {}, [admin, helpdesk])).to.equal(undefined);
    expect(
      culprit([...policies, block('b', hitting({ directoryRoles: [helpdesk] }))], [], {}, [admin, helpdesk]),
    ).to.be.a('string');
  });
  it('is none when only guests are blocked', () =>
    expect(culprit([block('a', hitting({ guests: true }))])).to.equal(undefined));
  it('is none when another app is blocked', () => {
    const other = { assignments: { users: everyone, apps: { include: ['wiki'] } } };
    expect(culprit([block('a', other)])).to.equal(undefined);
    expect(culprit([block('a', { assignments: { users: everyone, apps: { include: ['portal'] } } })])).to.equal('a');
  });
  it('is none when everything that can be asked is asked', () => {
    const controls = [
      { kind: 'authentication-strength', context: 'c99' },
      device,
      { kind: 'reauthentication', maxAgeMinutes: 5 },
    ];
    const session = { bindToNetwork: true, maxSessionMinutes: 5, signInFrequencyMinutes: 5 };
    expect(culprit([policy({ grant: { kind: 'require', controls }, session })])).to.equal(undefined);
  });
  it('is one when compliant devices are blocked, and all others are too', () => {
    const policies = [
      block('a', { conditions: { deviceStates: ['compliant'] } }),
      policy({ id: 'b', grant: { kind: 'require', controls: [device] } }),
    ];
    expect(culprit(policies)).to.be.a('string');
    expect(culprit(policies.slice(0, 1))).to.equal(undefined);
    expect(culprit(policies.slice(1))).to.equal(undefined);
  });
  it('is one when each platform has its own block', () => {
    const on = (...include: string[]) => ({ conditions: { platforms: { include } } });
    const some = [block('a', on('android', 'ios')), block('b', on('windows', 'macos', 'linux'))];
    expect(culprit(some)).to.equal(undefined);
    expect(culprit([...some, block('c', on('chromeos'))])).to.be.a('string');
  });
  it('is one when browsers and native clients are blocked apart', () => {
    const of = (...clientKinds: string[]) => ({ conditions: { clientKinds } });
    expect(culprit([block('a', of('browser'))])).to.equal(undefined);
    expect(culprit([block('a', of('browser')), block('b', of('native'))])).to.be.a('string');
  });
  it('is none when only risk is blocked', () => {
    expect(culprit([block('a', { conditions: { signInRisk: ['low', 'high'] } })])).to.equal(undefined);
    expect(culprit([block('a', { conditions: { userRisk: ['none'] } })])).to.equal('a');
  });

  describe('by place', () => {
    const at = (include: string[], exclude: string[] = []) => ({ conditions: { locations: { include, exclude } } });
    it('is none when one address is left', () => {
      const office = location({ ranges: ['198.51.100.77/32'] });
      expect(culprit([block('a', at(['all'], ['office']))], [office])).to.equal(undefined);
    });
    it('is none when one address within another location is left', () => {
      const locations = [
        location({ id: 'net', ranges: ['198.51.100.0/24'] }),
        location({ id: 'low', ranges: ['198.51.100.0/25'] }),
        location({ id: 'high', ranges: ['198.51.100.128/26', '198.51.100.192/27', '198.51.100.240/28'] }),
      ];
      const policies = [block('a', at(['all'], ['net'])), block('b', at(['low', 'high']))];
      expect(culprit(policies, locations)).to.equal(undefined);
      const gap = location({ id: 'gap', ranges: ['198.51.100.224/28'] });
      expect(culprit([...policies, block('c', at(['gap']))], [...locations, gap])).to.be.a('string');
    });
    it('is one when the trusted places are nowhere', () => {
      expect(culprit([block('a', at(['all'], ['trusted']))], [location()])).to.equal('a');
      expect(culprit([block('a', at(['all'], ['trusted']))], [location({ isTrusted: true })])).to.equal(undefined);
    });
    it('is none when one country is left, and one when countries cannot be looked up', () => {
      const norway = location({ id: 'norway', ranges: [], countries: ['NO'] });
      const policies = [block('a', at(['all'], ['norway']))];
      expect(culprit(policies, [norway])).to.equal(undefined);
      expect(culprit(policies, [norway], { isCountryKnown: false })).to.equal('a');
    });
    it('is one when a location that does not exist is asked for', () => {
      expect(culprit([policy({ id: 'a', grant: { kind: 'allow' }, ...at(['gone']) })])).to.equal('a');
    });
    it('is one when all of IPv4 and all of IPv6 are blocked', () => {
      const four = location({ id: 'four', ranges: ['0.0.0.0/0'] });
      const six = location({ id: 'six', ranges: ['::/0'] });
      expect(culprit([block('a', at(['four']))], [four, six])).to.equal(undefined);
      expect(culprit([block('a', at(['four'])), block('b', at(['six']))], [four, six])).to.be.a('string');
    });
  });

  describe('by time', () => {
    const days = [1, 2, 3, 4, 5, 6, 7];
    const during = (timeZone: string, ...windows: object[]) => ({ conditions: { times: { timeZone, windows } } });
    it('is none when a quarter of an hour a week is left, in any zone', () => {
      for (const zone of ['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns']) {
        const windows = [
          { days: [1, 2, 3, 4, 5, 6], from: '00:00', until: '12:00' },
          { days: [1, 2, 3, 4, 5, 6], from: '12:00', until: '00:00' },
          { days: [7], from: '00:00', until: '13:20' },
          { days: [7], from: '13:35', until: '00:00' },
        ];
        expect(culprit([block('a', during(zone, ...windows))])).to.equal(undefined);
      }
    });
    it('is one when the whole week is blocked by two policies', () => {
      const am = block('a', during('UTC', { days, from: '00:00', until: '12:00' }));
      const pm = block('b', during('UTC', { days, from: '12:00', until: '00:00' }));
      expect(culprit([am])).to.equal(undefined);
      expect(culprit([am, pm])).to.be.a('string');
    });
    it('is one when the zone is unknown', () => {
      expect(culprit([block('a', during('Nowhere/At_All', { days, from: '01:00', until: '02:00' }))])).to.equal('a');
    });
  });

  it('is found when only the combination of place and platform is left', () => {
    const office = location();
    const inside = { locations: { include: ['office'] } };
    const policies = [
      block('a', { conditions: { locations: { include: ['all'], exclude: ['office'] } } }),
      block('b', { conditions: { ...inside, platforms: { include: 'all', exclude: ['linux'] } } }),
    ];
    expect(culprit(policies, [office])).to.equal(undefined);
    const linux = block('c', { conditions: { platforms: { include: ['linux'] } } });
    expect(culprit([...policies, linux], [office])).to.be.a('string');
  });

  it('is judged in time for 195 policies over 195 places', function () {
    this.timeout(20_000);
    const locations = Array.from({ length: 195 }, (_, index) =>
      location({ id: `l${index}`, ranges: [`10.${index}.0.0/16`, `10.${index}.7.0/24`, `2001:db8:${index}::/48`] }),
    );
    const policies = locations.map(({ id }, index) =>
      block(`p${index}`, {
        conditions: {
          locations: { include: ['all'], exclude: [id, `l${(index + 1) % 195}`] },
          platforms: { include: index % 2 === 0 ? ['linux', 'macos'] : ['windows', 'ios'] },
          times: { timeZone: 'Europe/Berlin', windows: [{ days: [1 + (index % 7)], from: '08:00', until: '18:30' }] },
        },
      }),
    );
    expect(culprit(policies, locations)).to.equal(undefined);
    expect(culprit([...policies.slice(1), block('z')], locations)).to.be.a('string');
  });

  it('is judged fast for thousands of addresses that policies tell apart, none better than another', function () {
    this.timeout(20_000);
    const count = 110;
    const ranges = Array.from({ length: count }, (): string[] => []);
    let next = 0;
    for (const [index, own] of ranges.entries()) {
      for (const other of ranges.slice(index + 1)) {
        const range = `10.${next >> 16}.${(next >> 8) & 255}.${next & 255}/32`;
        next += 2;
        own.push(range);
        other.push(range);
      }
    }
    const locations = ranges.map((own, index) => location({ id: `l${index}`, ranges: own }));
    const policies = locations.map(({ id }, index) =>
      block(`p${index}`, { conditions: { locations: { include: ['all'], exclude: [id] } } }),
    );
    // The fastest of some: the machine may be busy. Looking at every pair takes more than a second.
    const times = [1, 2, 3].map(() => {
      const beganAt = performance.now();
      expect(culprit(policies, locations)).to.be.a('string');
      return performance.now() - beganAt;
    });
    expect(Math.min(...times)).to.be.lessThan(500);
  });

  it('is judged in time for as many windows in as many zones as a set can have', function () {
    this.timeout(20_000);
    const zones = Intl.supportedValuesOf('timeZone');
    const time = (minute: number) =>
      [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
    const policies = Array.from({ length: 195 }, (_, index) =>
      block(`p${index}`, {
        conditions: {
          times: {
            timeZone: zones[(index * 2) % zones.length],
            windows: Array.from({ length: 20 }, (__, part) => ({
              days: [1 + (part % 7)],
              from: time((index * 7 + part * 61) % 1439),
              until: time((index * 7 + part * 61 + 1) % 1439),
            })),
          },
        },
      }),
    );
    expect(culprit(policies)).to.equal(undefined);
    expect(culprit([...policies.slice(1), block('z')])).to.equal('z');
  });
});
