import { expect } from 'chai';
import { describe, it } from 'mocha';
import { findPitfalls } from '#libs/conditional-access';
import { location, policy, policySetOf } from './policy-sets.ts';

const require = (operator: 'all' | 'any', ...controls: readonly object[]) => ({
  grant: { kind: 'require', operator, controls },
});
const C1 = { kind: 'authentication-strength', context: 'c1' };
const DEVICE = { kind: 'compliant-device' };
const FRESH = { kind: 'reauthentication', maxAgeMinutes: 60 };
const machines = { conditions: { clientKinds: ['machine', 'native'] } };
const wiki = { assignments: { users: { include: 'all' }, apps: { include: ['wiki'] } } };

describe('pitfalls of a policy set', () => {
  const table: [string, Record<string, unknown>, [clause: string, text: RegExp][]][] = [
    ['a policy that asks for what everybody has', require('all', C1, FRESH), []],
    ['the risk of users', { conditions: { userRisk: ['high'] } }, [['conditions.userRisk', /users risk/]]],
    [
      'both risks, of a policy that is off',
      { state: 'off', conditions: { userRisk: ['none'], signInRisk: ['low'] } },
      [
        ['conditions.signInRisk', /sessions risk/],
        ['conditions.userRisk', /users risk/],
      ],
    ],
    ['device states that are told', { conditions: { deviceStates: ['compliant', 'joined'] } }, []],
    [
      'one that is not',
      { conditions: { deviceStates: ['compliant', 'flagged'] } },
      [['conditions.deviceStates', /is flagged: nobody/]],
    ],
    ['machines that must bring a factor', { ...machines, ...require('all', C1) }, [['grant', /machines are refused/]]],
    [
      'machines that have a choice of nothing they can',
      { ...machines, ...require('any', DEVICE, FRESH) },
      [['grant', /refused/]],
    ],
    [
      'machines whose sign-in grows old',
      { ...machines, grant: { kind: 'allow' }, session: { signInFrequencyMinutes: 60, maxSessionMinutes: 60 } },
      [
        ['session.signInFrequencyMinutes', /refused/],
        ['session.maxSessionMinutes', /refused/],
      ],
    ],
    [
      'machines that are bound to where they began',
      { ...machines, grant: { kind: 'allow' }, session: { bindToNetwork: true } },
      [['session.bindToNetwork', /refused/]],
    ],
    ['machines that are blocked', machines, []],
    [
      'cookies of machines',
      { conditions: { clientKinds: ['machine'] }, grant: { kind: 'allow' }, session: { persistentBrowser: 'never' } },
      [['session.persistentBrowser', /no cookies/]],
    ],
    [
      'cookies by one app',
      { ...wiki, grant: { kind: 'allow' }, session: { persistentBrowser: 'never' } },
      [['session.persistentBrowser', /for all apps/]],
    ],
    ['cookies by all apps', { grant: { kind: 'allow' }, session: { persistentBrowser: 'never' } }, []],
  ];
  for (const [title, parts, expected] of table) {
    it(`are ${expected.length}: ${title}`, () => {
      const found = findPitfalls(policySetOf([policy(parts)], [location()]));
      expect(found.map(({ policyId, clause }) => [policyId, clause])).to.deep.equal(
        expected.map(([clause]) => ['p', clause]),
      );
      expected.forEach(([, text], index) => {
        expect(found[index]?.text).to.match(text);
      });
    });
  }
});
