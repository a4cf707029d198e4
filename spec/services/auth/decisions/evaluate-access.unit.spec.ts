import { expect } from 'chai';
import { describe, it } from 'mocha';
import { type AppState, initialPolicySetState, initialUserState, type UserSessionState } from '#libs/contracts';
import { createPolicyJudges } from '../../../../services/auth/src/conditional-access/policy-judge.ts';
import { askerOfSession } from '../../../../services/auth/src/decisions/asker.ts';
import { standingOf } from '../../../../services/auth/src/decisions/evaluate-access.ts';
import { judgeAccess } from '../../../../services/auth/src/decisions/judge-access.ts';

const NOW = Date.parse('2026-11-22T11:00:00Z');
const BOB = { subject: 'bob', groups: ['g1', 'g2'], roles: ['Reader', 'Writer'] };
const overage = (change: object = {}) => session({ principal: { ...BOB, groups: [], groupsOverage: true, ...change } });
const session = (change: Record<string, unknown> = {}): UserSessionState =>
  ({
    status: 'active',
    principal: BOB,
    expiresAt: '2026-11-22T18:00:00.000Z',
    apps: [],
    usedTickets: [],
    ...change,
  }) as unknown as UserSessionState;
const app = (change: Record<string, unknown> = {}): AppState =>
  ({ status: 'published', users: [], groups: [], roles: [], ...change }) as unknown as AppState;

describe('access evaluation', () => {
  const cases: readonly [string, UserSessionState, AppState | 'portal', object][] = [
    ['grants an assigned user', session(), app({ users: ['bob'] }), granted('app-published', 'user-assigned')],
    [
      'grants a member of an assigned group',
      session(),
      app({ groups: ['g2'] }),
      granted('app-published', 'user-assigned'),
    ],
    [
      'grants whoever has an assigned app role',
      session(),
      app({ groups: ['g9'], roles: ['Admin', 'Writer'] }),
      granted('app-published', 'app-role-assigned'),
    ],
    [
      'names the user or the group before the app role',
      session(),
      app({ groups: ['g2'], roles: ['Writer'] }),
      granted('app-published', 'user-assigned'),
    ],
    [
      'compares app roles exactly',
      session(),
      app({ roles: ['writer', 'Write', 'Reader,Writer'] }),
      denied('user-unassigned', 'app-published'),
    ],
    [
      'takes no group for an app role, nor a role for a group',
      session(),
      app({ groups: ['Reader'], roles: ['g1'] }),
      denied('user-unassigned', 'app-published'),
    ],
    [
      'denies for unknown groups where groups are assigned',
      overage(),
      app({ users: ['alice'], groups: ['g1'] }),
      denied('groups-unknown', 'app-published'),
    ],
    [
      'takes no group of a list that is not whole',
      overage({ groups: ['g1'] }),
      app({ groups: ['g1'] }),
      denied('groups-unknown', 'app-published'),
    ],
    [
      'grants an assigned user with unknown groups',
      overage(),
      app({ users: ['bob'], groups: ['g9'] }),
      granted('app-published', 'user-assigned'),
    ],
    [
      'grants an assigned app role with unknown groups',
      overage(),
      app({ groups: ['g9'], roles: ['Reader'] }),
      granted('app-published', 'app-role-assigned'),
    ],
    [
      'does not blame unknown groups where no group is assigned',
      overage(),
      app({ users: ['alice'], roles: ['Admin'] }),
      denied('user-unassigned', 'app-published'),
    ],
    ['grants the portal with unknown groups', overage(), 'portal', granted()],
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
      'takes a date it cannot read as expired, never as good',
      session({ expiresAt: '' }),
      'portal',
      unauthenticated('session-expired'),
    ],
  ];
  for (const [name, given, of, expected] of cases) {
    it(name, () => expect(evaluate(given, of)).to.deep.equal(expected));
  }
});

const judges = createPolicyJudges(() => ({ revision: 0, state: initialPolicySetState }));

/** Standing, then assignment, with no policies. */
function evaluate(session: UserSessionState, app: AppState | 'portal'): object {
  const standing = standingOf(session, NOW);
  if (session.status === 'absent' || standing !== 'session-active') return unauthenticated(standing);
  const asker = askerOfSession('ses_a', session, initialUserState);
  const client = { address: '192.0.2.1', userAgent: '' };
  const judged = judgeAccess({ appId: 'app_a', asker, app, client, judge: judges(), nowMs: NOW });
  const { verdict } = judged;
  const reasons = judged.reasons.filter((reason) => reason !== 'policies-passed');
  return verdict === 'denied' ? { verdict, reasons, deniedBy: judged.deniedBy } : { verdict, reasons };
}

function granted(...more: string[]): object {
  return { verdict: 'granted', reasons: ['session-active', ...more] };
}

function denied(deniedBy: string, ...passed: string[]): object {
  return { verdict: 'denied', reasons: ['session-active', ...passed, deniedBy], deniedBy };
}

function unauthenticated(reason: string): object {
  return { verdict: 'unauthenticated', reason };
}
