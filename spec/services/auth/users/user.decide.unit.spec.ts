import { describe, it } from 'mocha';
import type { UserFact } from '#libs/contracts';
import type { Actor } from '#libs/events';
import { deciderSpec } from '#libs/events/testing';
import { type UserCommand, userDecider } from '../../../../services/auth/src/users/user.decide.ts';

const check = deciderSpec(userDecider);
const person = { directoryTenant: 'tid', subject: 'oid-ada' };
const AT = '2026-11-22T10:00:00.000Z';
const admin: Actor = { kind: 'user', id: 'oid-admin' };
const told = (change: UserCommand['change'], actor = admin, at = AT): UserCommand => ({
  person,
  change,
  actor,
  actorDirectory: 'TID',
  at,
});
const detail = 'why';
const data = { ...person, detail };
const disabled: UserFact = { type: 'UserDisabled', data };
const enabled: UserFact = { type: 'UserEnabled', data };
const risky: UserFact = { type: 'UserRiskChanged', data: { ...data, level: 'high' } };
const out: UserFact = { type: 'UserSignedOutEverywhere', data: { ...data, before: AT } };

describe('user', () => {
  it('is disabled, once', () => {
    check({ given: [], when: told({ type: 'DisableUser', detail }), facts: [disabled] });
    check({ given: [disabled], when: told({ type: 'DisableUser', detail }), facts: [] });
    check({ given: [disabled, enabled], when: told({ type: 'DisableUser', detail }), facts: [disabled] });
  });

  it('is enabled again, and is so from the beginning', () => {
    check({ given: [disabled], when: told({ type: 'EnableUser', detail }), facts: [enabled] });
    check({ given: [], when: told({ type: 'EnableUser', detail }), facts: [] });
  });

  it('is rated, and rated anew when the level is another', () => {
    check({ given: [], when: told({ type: 'SetUserRisk', level: 'high', detail }), facts: [risky] });
    check({ given: [risky], when: told({ type: 'SetUserRisk', level: 'high', detail }), facts: [] });
    const low: UserFact = { type: 'UserRiskChanged', data: { ...data, level: 'low' } };
    check({ given: [risky], when: told({ type: 'SetUserRisk', level: 'low', detail }), facts: [low] });
  });

  it('is signed out everywhere as often as asked, and never back in time', () => {
    const later = '2026-11-22T11:00:00.000Z';
    const again: UserFact = { type: 'UserSignedOutEverywhere', data: { ...data, before: later } };
    check({ given: [], when: told({ type: 'SignOutUserEverywhere', detail }), facts: [out] });
    check({ given: [out], when: told({ type: 'SignOutUserEverywhere', detail }, admin, later), facts: [again] });
    check({ given: [again], when: told({ type: 'SignOutUserEverywhere', detail }), facts: [] });
  });

  it('is not disabled by themselves, whatever the case of the id, but by the operator or a namesake elsewhere', () => {
    const self: Actor = { kind: 'user', id: 'OID-ADA' };
    check({ given: [], when: told({ type: 'DisableUser', detail }, self), error: 'ERR_USER_SELF' });
    check({ given: [], when: told({ type: 'SignOutUserEverywhere', detail }, self), facts: [out] });
    const namesake = { ...told({ type: 'DisableUser', detail }, self), actorDirectory: 'https://idp.example' };
    check({ given: [], when: namesake, facts: [disabled] });
    const operator: Actor = { kind: 'local-operator', id: 'oid-ada' };
    check({ given: [], when: told({ type: 'DisableUser', detail }, operator), facts: [disabled] });
  });
});
