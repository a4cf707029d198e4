import { describe, it } from 'mocha';
import { type AppFact, connectorGroupId, SETTINGS_SINCE_V2 } from '#libs/contracts';
import { deciderSpec } from '#libs/events/testing';
import { appDecider, type DecideAppCommand } from '../../../../services/routing/src/apps/app.decide.ts';

const check = deciderSpec(appDecider);
const appId = 'app_1';
const published: AppFact = {
  type: 'AppPublished',
  data: {
    ...SETTINGS_SINCE_V2,
    name: 'Wiki',
    internalUrl: 'http://localhost:3000/',
    externalUrl: 'https://wiki.sallyport.localhost:8443/',
    preauthentication: 'oidc',
    connectorGroupId: connectorGroupId.parse('default'),
    backendTimeoutSeconds: 85,
    cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
    translateHeaders: true,
    validateBackendCertificate: true,
  },
};
const retired: AppFact = { type: 'AppRetired', data: {} };

describe('AssignToApp and UnassignFromApp', () => {
  const assign = (
    userIds: readonly string[],
    groupIds: readonly string[] = [],
    roles?: readonly string[],
  ): DecideAppCommand => ({
    type: 'AssignToApp',
    appId,
    userIds,
    groupIds,
    roles,
  });
  const unassign = (
    userIds: readonly string[],
    groupIds: readonly string[] = [],
    roles?: readonly string[],
  ): DecideAppCommand => ({
    type: 'UnassignFromApp',
    appId,
    userIds,
    groupIds,
    roles,
  });
  const user = (userId: string): AppFact => ({ type: 'AppUserAssigned', data: { userId } });

  it('record who is new, once', () =>
    check({
      given: [published, user('u1')],
      when: assign(['u1', 'u2', 'u2'], ['g1']),
      facts: [user('u2'), { type: 'AppGroupAssigned', data: { groupId: 'g1' } }],
    }));
  it('record who was there', () =>
    check({
      given: [published, user('u1')],
      when: unassign(['u1', 'u2'], ['g1']),
      facts: [{ type: 'AppUserUnassigned', data: { userId: 'u1' } }],
    }));
  it('record app roles like users and groups, exactly as they are written', () => {
    const roles = ['Wiki.Reader', 'wiki.reader', 'Wiki.Reader'];
    const assigned = (role: string): AppFact => ({ type: 'AppRoleAssigned', data: { role } });
    check({
      given: [published, assigned('wiki.reader')],
      when: assign([], [], roles),
      facts: [assigned('Wiki.Reader')],
    });
    check({
      given: [published, assigned('wiki.reader')],
      when: unassign([], [], roles),
      facts: [{ type: 'AppRoleUnassigned', data: { role: 'wiki.reader' } }],
    });
    check({ given: [published], when: assign([], [], ['two words']), error: 'ERR_APP_ASSIGNMENT' });
  });
  it('refuse what is no directory id', () => {
    for (const bad of ['', 'a b', 'a\n', 'x'.repeat(129)])
      check({ given: [published], when: assign([bad]), error: 'ERR_APP_ASSIGNMENT' });
  });
  it('refuse absent and retired apps', () => {
    check({ when: assign(['u1']), error: 'ERR_APP_ABSENT' });
    check({ given: [published, retired], when: unassign(['u1']), error: 'ERR_APP_RETIRED' });
  });
  it('refuse more than 60 in one command, and more than 1,000 in one app', () => {
    const ids = (count: number) => Array.from({ length: count }, (_none, index) => `u${index}`);
    check({ given: [published], when: assign(ids(61)), error: 'ERR_APP_TOO_MANY_ASSIGNMENTS' });
    const full = [published, ...ids(1000).map(user)];
    check({ given: full, when: assign(['one-more']), error: 'ERR_APP_TOO_MANY_ASSIGNMENTS' });
    check({ given: full, when: assign(['u1']), facts: [] });
    check({ given: full, when: assign([], [], ['R']), error: 'ERR_APP_TOO_MANY_ASSIGNMENTS' });
  });
});
