import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { AppView } from '#libs/contracts';
import type { PublishedApp } from '../../../../services/ingress/src/directory/published-app.ts';
import { appsFor } from '../../../../services/ingress/src/pipeline/show-portal.ts';
import { appView } from '../support/ingress-rig.ts';

const app = (name: string, assigned: Partial<AppView>) =>
  ({ view: appView(name, { preauthentication: 'oidc', ...assigned }) }) as unknown as PublishedApp;
const APPS = [
  app('by-user', { users: ['ada'] }),
  app('by-group', { groups: ['g1'] }),
  app('by-role', { roles: ['Writer', 'Reader'] }),
  app('role-of-another-case', { roles: ['reader'] }),
  app('role-like-a-group', { roles: ['g1'] }),
  app('group-like-a-role', { groups: ['Reader'] }),
  app('nobody', {}),
  app('open', { preauthentication: 'passthrough' }),
];

describe('apps on the portal', () => {
  for (const [name, groups, roles, expected] of [
    ['by user, group and app role', ['g1'], ['Reader'], ['by-group', 'by-role', 'by-user', 'open']],
    ['without groups and roles', [], [], ['by-user', 'open']],
  ] as const) {
    it(`are those somebody is assigned to ${name}`, () =>
      expect(appsFor(APPS, 'ada', groups, roles).map(({ view }) => view.name)).to.deep.equal(expected));
  }

  it('are found by GUIDs whatever their case', () => {
    const guid = '11111111-2222-4333-8444-aaaaaaaaaaaa';
    const apps = [app('mine', { users: [guid.toUpperCase()] }), app('ours', { groups: [guid.toUpperCase()] })];
    expect(appsFor(apps, guid, []).map(({ view }) => view.name)).to.deep.equal(['mine']);
    expect(appsFor(apps, 'ada', [guid]).map(({ view }) => view.name)).to.deep.equal(['ours']);
  });
});
