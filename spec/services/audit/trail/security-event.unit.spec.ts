import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Commit } from '#libs/events';
import { toAuditEvents } from '../../../../services/audit/src/events/events-reader.ts';
import { toSecurityEvents } from '../../../../services/audit/src/trail/security-event.ts';

const commit = (thing: string, context: string, facts: Commit['facts']): Commit => ({
  subject: `evt.main.${context}.${thing}.x`,
  tenant: 'main',
  context,
  thing,
  id: 'x',
  position: 7,
  facts,
  metadata: {
    commandId: 'cmd_1',
    at: '2026-11-22T10:00:00.000Z',
    actor: { kind: 'user', id: 'oid' },
    correlationId: 'req_1',
  },
});

describe('security event', () => {
  it('is one CloudEvent per fact with an id that survives a second delivery', () => {
    const events = toSecurityEvents(
      commit('app', 'routing', [
        { type: 'AppRetired', data: {} },
        { type: 'AppRenamed', data: { name: 'n' } },
      ]),
    );
    expect(events.map(({ id }) => id)).to.deep.equal(['7.0', '7.1']);
    expect(events[0]).to.include({
      specversion: '1.0',
      source: '/sallyport/main/routing',
      type: 'io.sallyport.app.app-retired',
      subject: 'x',
      category: 'configuration',
      severity: 'low',
      correlationid: 'req_1',
      actorid: 'oid',
    });
  });

  it('has nothing that auth sealed, however deep, and the rest as it is', () => {
    const authorization = { kind: 'basic', username: 'svc', sealedPassword: 'eyJ.x' };
    const data = {
      refreshToken: 'eyJ.y',
      roles: ['a', { sealedToken: 'z' }],
      singleSignOn: { authorization },
      at: null,
    };
    const fact = { type: 'SessionRefreshed', data };
    const told = {
      refreshToken: '(sealed)',
      roles: ['a', { sealedToken: '(sealed)' }],
      singleSignOn: { authorization: { ...authorization, sealedPassword: '(sealed)' } },
      at: null,
    };
    const stored = commit('user-session', 'auth', [fact]);
    expect(toSecurityEvents(stored)[0]?.data).to.deep.equal(told);
    expect(toAuditEvents(stored)[0]?.data).to.deep.equal(told);
    expect(data.refreshToken).to.equal('eyJ.y');
  });

  for (const [thing, context, fact, category, severity] of [
    ['refusal', 'auth', 'SignInRefused', 'identity', 'medium'],
    ['refusal', 'certificate-authority', 'RegistrationRefused', 'connector', 'high'],
    ['access-decision', 'auth', 'AccessDenied', 'access', 'medium'],
    ['access-decision', 'auth', 'SignOnRefused', 'access', 'medium'],
    ['access-decision', 'auth', 'AccessGranted', 'access', 'informational'],
    ['user', 'auth', 'UserDisabled', 'identity', 'medium'],
    ['service-token', 'auth', 'ServiceTokenIssued', 'identity', 'low'],
    ['app', 'routing', 'AppSingleSignOnChanged', 'configuration', 'medium'],
    ['app', 'routing', 'AppBearerTokensChanged', 'configuration', 'medium'],
    ['app', 'routing', 'AppIdentityProviderChanged', 'configuration', 'medium'],
    ['app', 'routing', 'AppInternalUrlChanged', 'configuration', 'medium'],
    ['policy-set', 'auth', 'PolicySetReplaced', 'configuration', 'informational'],
    ['limit', 'throttling', 'LimitExceeded', 'limit', 'medium'],
  ] as const) {
    it(`tells ${fact} as ${category}, ${severity}`, () => {
      expect(toSecurityEvents(commit(thing, context, [{ type: fact, data: {} }]))[0]).to.include({
        category,
        severity,
      });
    });
  }

  for (const fact of ['PolicySetReplaced', 'AccessPolicyPut', 'NamedLocationPut', 'NamedLocationRemoved'])
    it(`tells a forced ${fact} as high`, () => {
      const facts = [true, false].map((isForced) => ({ type: fact, data: { isForced } }));
      const [forced, other] = toSecurityEvents(commit('policy-set', 'auth', facts));
      expect([forced?.severity, other?.severity]).to.deep.equal(['high', 'informational']);
    });
});
