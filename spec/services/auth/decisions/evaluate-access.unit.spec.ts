import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { AppState, UserSessionState } from '#libs/contracts';
import { evaluateAccess } from '../../../../services/auth/src/decisions/evaluate-access.ts';

const NOW = Date.parse('2026-11-22T11:00:00Z');
const session = (change: Record<string, unknown> = {}): UserSessionState =>
  ({
    status: 'active',
    principal: { subject: 'bob', groups: ['g1', 'g2'] },
    expiresAt: '2026-11-22T18:00:00.000Z',
    apps: [],
    usedTickets: [],
    ...change,
  }) as unknown as UserSessionState;
const app = (change: Record<string, unknown> = {}): AppState =>
  ({ status: 'published', users: [], groups: [], ...change }) as unknown as AppState;

describe('access evaluation', () => {
  const cases: readonly [string, UserSessionState, AppState | 'portal', object][] = [
    ['grants an assigned user', session(), app({ users: ['bob'] }), granted('app-published', 'user-assigned')],
    [
      'grants a member of an assigned group',
      session(),
      app({ groups: ['g2'] }),
      granted('app-published', 'user-assigned'),
    ],
    ['grants the portal to everybody signed in', session(), 'portal', granted()],
    [
      'denies whom nobody assigned',
      session(),
      app({ users: ['alice'], groups: ['g9'] }),
      denied('user-unassigned', 'app-published'),
    ],
    ['denies everybody when nobody is assigned', session(), app(), denied('user-unassigned', 'app-published')],
    ['denies a retired app', session(), app({ status: 'retired', users: ['bob'] }), denied('app-retired')],
    ['denies an app that is not there', session(), { status: 'absent' }, denied('app-retired')],
    ['knows an ended session', session({ status: 'ended' }), app({ users: ['bob'] }), unauthenticated('session-ended')],
    ['knows a session that never was', { status: 'absent' }, 'portal', unauthenticated('session-ended')],
    [
      'knows a session that expires now',
      session({ expiresAt: '2026-11-22T11:00:00.000Z' }),
      'portal',
      unauthenticated('session-expired'),
    ],
    [
      'takes a date it cannot read as expired or ended, never as good',
      session({ status: 'ended', expiresAt: '' }),
      'portal',
      unauthenticated('session-ended'),
    ],
  ];
  for (const [name, given, of, expected] of cases) {
    it(name, () => expect(evaluateAccess({ session: given, app: of, nowMs: NOW })).to.deep.equal(expected));
  }
});

function granted(...more: string[]): object {
  return { verdict: 'granted', reasons: ['session-active', ...more] };
}

function denied(deniedBy: string, ...passed: string[]): object {
  return { verdict: 'denied', reasons: ['session-active', ...passed, deniedBy], deniedBy };
}

function unauthenticated(reason: string): object {
  return { verdict: 'unauthenticated', reason };
}
