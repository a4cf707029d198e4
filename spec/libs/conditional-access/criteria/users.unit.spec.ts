import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { AccessInputs } from '#libs/conditional-access';
import { ask, type Expected, results } from '../policy-sets.ts';

const reasons = { met: 'user-in-scope', unmet: 'user-out-of-scope', missing: 'user-scope-unknown' };
const GUID = 'aaaaaaaa-7777-4888-9999-00000000000f';
const guest = { isGuest: true };
const overage = { groups: null };

describe('the criterion users', () => {
  const table: [string, unknown, unknown, Partial<AccessInputs>, Expected][] = [
    ['everybody', 'all', {}, {}, 'met'],
    ['everybody, guests too', 'all', {}, guest, 'met'],
    ['everybody, groups unknown', 'all', {}, overage, 'met'],
    ['the user', { users: ['ada'] }, {}, {}, 'met'],
    ['another user', { users: ['bob'] }, {}, {}, 'unmet'],
    ['nobody', {}, {}, {}, 'unmet'],
    ['a group of the user', { groups: ['staff', 'ops'] }, {}, {}, 'met'],
    ['another group', { groups: ['ops'] }, {}, {}, 'unmet'],
    ['a group, groups unknown', { groups: ['ops'] }, {}, overage, 'missing'],
    ['a group or the user, groups unknown', { users: ['ada'], groups: ['ops'] }, {}, overage, 'met'],
    ['a group or another user, groups unknown', { users: ['bob'], groups: ['ops'] }, {}, overage, 'missing'],
    ['a role of the user', { directoryRoles: ['admin'] }, {}, { directoryRoles: ['admin'] }, 'met'],
    ['another role', { directoryRoles: ['admin'] }, {}, {}, 'unmet'],
    ['a role, roles unknown', { directoryRoles: ['admin'] }, {}, { directoryRoles: null }, 'missing'],
    ['a role, groups unknown', { directoryRoles: ['admin'] }, {}, overage, 'unmet'],
    ['guests, a guest', { guests: true }, {}, guest, 'met'],
    ['guests, a member', { guests: true }, {}, {}, 'unmet'],
    ['guests, unknown', { guests: true }, {}, { isGuest: null }, 'missing'],
    ['everybody but the user', 'all', { users: ['ada'] }, {}, 'unmet'],
    ['everybody but the user, groups unknown', 'all', { users: ['ada'], groups: ['ops'] }, overage, 'unmet'],
    ['everybody but a group', 'all', { groups: ['staff'] }, {}, 'unmet'],
    ['everybody but a group, groups unknown', 'all', { groups: ['staff'] }, overage, 'missing'],
    ['everybody but guests', 'all', { guests: true }, guest, 'unmet'],
    ['everybody but guests, unknown', 'all', { guests: true }, { isGuest: null }, 'missing'],
    ['the user, but not a group of hers', { users: ['ada'] }, { groups: ['staff'] }, {}, 'unmet'],
    ['another user but a group, groups unknown', { users: ['bob'] }, { groups: ['staff'] }, overage, 'unmet'],
    ['group and role, both unknown', { groups: ['x'] }, {}, { groups: null, directoryRoles: null }, 'missing'],
    ['a user in capitals', { users: [GUID.toUpperCase()] }, {}, { subject: GUID }, 'met'],
    ['a user in capitals in the token', { users: [GUID] }, {}, { subject: GUID.toUpperCase() }, 'met'],
    ['a group in capitals after a blank', { groups: [` ${GUID.toUpperCase()}`] }, {}, { groups: [GUID] }, 'met'],
    ['a group in capitals in the token', { groups: [GUID] }, {}, { groups: [GUID.toUpperCase()] }, 'met'],
    ['a role in capitals', { directoryRoles: [GUID.toUpperCase()] }, {}, { directoryRoles: [GUID] }, 'met'],
    ['everybody but a group in capitals', 'all', { groups: [GUID.toUpperCase()] }, { groups: [GUID] }, 'unmet'],
    ['no GUID, in capitals', { groups: ['STAFF'] }, {}, {}, 'unmet'],
    ['no name is a name of a prototype', { users: ['__proto__'] }, {}, { subject: 'constructor' }, 'unmet'],
  ];
  for (const [title, include, exclude, given, expected] of table) {
    it(`is ${expected}: ${title}`, () => {
      const parts = {
        assignments: { users: { include: fill(include), exclude: fill(exclude) }, apps: { include: 'all' } },
      };
      const [result, reason] = ask('assignments.users', parts, given);
      expect(result).to.equal(results[expected]);
      expect(reason).to.equal(reasons[expected]);
    });
  }
});

function fill(people: unknown): unknown {
  if (typeof people !== 'object') return people;
  return { users: [], groups: [], directoryRoles: [], guests: false, ...people };
}
