import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Commit } from '#libs/events';
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

  for (const [thing, context, fact, category, severity] of [
    ['refusal', 'auth', 'SignInRefused', 'identity', 'medium'],
    ['refusal', 'certificate-authority', 'RegistrationRefused', 'connector', 'high'],
    ['access-decision', 'auth', 'AccessDenied', 'access', 'medium'],
    ['access-decision', 'auth', 'AccessGranted', 'access', 'informational'],
    ['limit', 'throttling', 'LimitExceeded', 'limit', 'medium'],
  ] as const) {
    it(`tells ${fact} as ${category}, ${severity}`, () => {
      expect(toSecurityEvents(commit(thing, context, [{ type: fact, data: {} }]))[0]).to.include({
        category,
        severity,
      });
    });
  }
});
