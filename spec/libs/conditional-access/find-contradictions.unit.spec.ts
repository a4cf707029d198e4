import { expect } from 'chai';
import { describe, it } from 'mocha';
import { findContradictions } from '#libs/conditional-access';
import { location, policy, policySetOf } from './policy-sets.ts';

const people = (parts: object) => ({ users: [], groups: [], directoryRoles: [], guests: false, ...parts });
const assigned = (users: object, apps: object = { include: 'all' }) => ({ assignments: { users, apps } });
const when = (conditions: object) => ({ conditions });
const window = (from: string, until: string) => ({ days: [1], from, until });

describe('contradictions of a policy set', () => {
  const table: [string, Record<string, unknown>, [clause: string, text: RegExp][]][] = [
    ['a sound policy', when({ locations: { include: ['office'], exclude: ['unknown'] } }), []],
    [
      'one group of two excluded again',
      assigned({ include: people({ groups: ['a', 'b'] }), exclude: people({ groups: ['b'] }) }),
      [['assignments.users.exclude.groups', /^"b" is included and excluded/]],
    ],
    [
      'a group as included and a user of that name as excluded',
      assigned({ include: people({ groups: ['a'] }), exclude: people({ users: ['a'] }) }),
      [],
    ],
    [
      'all included guests and roles excluded',
      assigned({
        include: people({ directoryRoles: ['r'], guests: true }),
        exclude: people({ directoryRoles: ['r'], guests: true }),
      }),
      [
        ['assignments.users.exclude.directoryRoles', /"r"/],
        ['assignments.users.exclude.guests', /guests/],
        ['assignments.users', /to nobody/],
      ],
    ],
    ['nobody included', assigned({ include: people({}) }), [['assignments.users', /to nobody/]]],
    ['everybody but some', assigned({ include: 'all', exclude: people({ users: ['a'], guests: true }) }), []],
    [
      'the only app excluded',
      assigned({ include: 'all' }, { include: ['wiki'], exclude: ['wiki'] }),
      [
        ['assignments.apps.exclude', /"wiki"/],
        ['assignments.apps', /to no app/],
      ],
    ],
    [
      'a location that does not exist',
      when({ locations: { include: ['gone'], exclude: ['gone-too'] } }),
      [
        ['conditions.locations.include', /"gone" does not exist/],
        ['conditions.locations.exclude', /"gone-too" does not exist/],
      ],
    ],
    [
      'everywhere excluded',
      when({ locations: { include: ['office'], exclude: ['all'] } }),
      [['conditions.locations', /nowhere/]],
    ],
    [
      'every platform excluded',
      when({ platforms: { include: 'all', exclude: ['android', 'ios', 'windows', 'macos', 'linux', 'chromeos'] } }),
      [['conditions.platforms', /to no platform/]],
    ],
    [
      'one empty window',
      when({ times: { timeZone: 'Europe/Berlin', windows: [window('08:00', '08:00'), window('09:00', '10:00')] } }),
      [['conditions.times.windows.0', /08:00.*empty/]],
    ],
    [
      'empty windows only, in no time zone',
      when({ times: { timeZone: 'Berlin', windows: [window('08:00', '08:00'), window('00:00', '00:00')] } }),
      [
        ['conditions.times.timeZone', /"Berlin" is no time zone/],
        ['conditions.times.windows.0', /empty/],
        ['conditions.times.windows.1', /empty/],
        ['conditions.times', /at no time/],
      ],
    ],
    ['a block with session controls', { session: { persistentBrowser: 'never' } }, [['session', /blocks/]]],
    ['a block with a session control that is off', { session: { bindToNetwork: false } }, []],
    ['an allow without session controls', { grant: { kind: 'allow' } }, [['grant', /changes nothing/]]],
    ['a policy that is off', { state: 'off', session: { bindToNetwork: true } }, [['session', /blocks/]]],
  ];
  for (const [title, parts, expected] of table) {
    it(`are ${expected.length}: ${title}`, () => {
      const found = findContradictions(policySetOf([policy(parts)], [location()]));
      expect(found.map(({ policyId, clause }) => [policyId, clause])).to.deep.equal(
        expected.map(([clause]) => ['p', clause]),
      );
      expected.forEach(([, text], index) => {
        expect(found[index]?.text).to.match(text);
      });
    });
  }
});
