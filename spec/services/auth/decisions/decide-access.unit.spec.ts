import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  type AccessPolicy,
  accessPolicy,
  initialPolicySetState,
  initialUserState,
  type UserSessionState,
} from '#libs/contracts';
import type { PolicySetOfDecision } from '../../../../services/auth/src/conditional-access/policy-judge.ts';
import {
  AccessDecider,
  MAX_CLIENTS_PER_SESSION_AND_APP,
} from '../../../../services/auth/src/decisions/decide-access.ts';

const NOW = Date.parse('2026-11-22T11:00:00Z');
const SESSION_ID = `ses_${'a'.repeat(24)}`;
const BLOCKED = setOf(2, [
  accessPolicy.parse({
    id: 'block',
    name: 'block',
    state: 'on',
    assignments: { users: { include: 'all' }, apps: { include: 'all' } },
    grant: { kind: 'block' },
  }),
]);
const SIGNED_IN: Extract<UserSessionState, { status: 'active' }> = {
  status: 'active',
  principal: {
    subject: 'bob',
    directoryTenant: 't',
    username: 'bob@example.com',
    name: 'Bob',
    email: null,
    groups: [],
    roles: [],
    directoryRoles: [],
  },
  identityProvider: 'idp',
  authenticationContexts: [],
  authenticatedAt: '2026-11-22T10:00:00.000Z',
  expiresAt: '2026-11-22T18:00:00.000Z',
  address: '192.0.2.1',
  userAgent: 'spec',
  apps: [],
  usedTickets: [],
};

function setOf(revision: number, policies: readonly AccessPolicy[]): PolicySetOfDecision {
  const documents = policies.map((document) => ({ version: 1, document }));
  return { revision, state: { ...initialPolicySetState, policies: documents } };
}

/** One signed-in user at the portal; `onAppend` runs while a decision is being recorded. */
function createDesk() {
  const desk = {
    policySet: setOf(1, []),
    session: SIGNED_IN as UserSessionState,
    user: initialUserState,
    recorded: [] as string[],
    signed: 0,
    onAppend: (): void | Promise<void> => undefined,
    refreshSession: async (_id: string): Promise<void> => undefined,
    ask: (client: { address?: string; userAgent?: string } = {}) =>
      decider.decide({
        appId: 'portal',
        credential: { kind: 'session', sessionId: SESSION_ID },
        requestId: `req_${'a'.repeat(24)}`,
        client: { address: '192.0.2.1', userAgent: 'curl/8', ...client },
      }),
  };
  const decider = new AccessDecider({
    store: {
      append: async (_ref, _revision, facts) => {
        desk.recorded.push(...facts.map(({ type }) => type));
        await desk.onAppend();
        return { status: 'appended', revision: 1 };
      },
    },
    tenant: 't',
    live: {
      session: () => Promise.resolve({ state: desk.session, revision: 1 }),
      app: () => Promise.reject(new Error('the portal is no app')),
      user: () => Promise.resolve({ state: desk.user, revision: 1 }),
      serviceToken: () => Promise.reject(new Error('nobody brought one')),
    },
    policySet: () => desk.policySet,
    refreshSession: (id) => desk.refreshSession(id),
    assertions: {
      sign: () => {
        desk.signed += 1;
        return Promise.resolve('a.b.c');
      },
    },
    portalUrl: 'https://portal.example.com',
    cacheSeconds: 60,
    nowMs: () => NOW,
  });
  return desk;
}

describe('a decision about access', () => {
  it('is made anew when the policies change while it is recorded, also for who joined it afterwards', async () => {
    const desk = createDesk();
    let release: () => void = () => undefined;
    const isRecorded = new Promise<void>((resolve) => {
      desk.onAppend = () => {
        resolve();
        return new Promise<void>((done) => {
          release = done;
        });
      };
    });
    const before = desk.ask();
    await isRecorded;
    desk.policySet = BLOCKED;
    desk.onAppend = () => undefined;
    const after = desk.ask();
    release();
    const verdicts = (await Promise.all([before, after, desk.ask()])).map(({ verdict }) => verdict);
    expect(verdicts).to.deep.equal(['deny', 'deny', 'deny']);
    expect(desk.recorded).to.deep.equal(['AccessGranted', 'AccessDenied']);
  });

  it('is no allow when the session ends while it is recorded', async () => {
    const desk = createDesk();
    desk.onAppend = () => {
      desk.session = { ...SIGNED_IN, status: 'ended', reason: 'revoked' };
    };
    expect(await desk.ask()).to.deep.equal({ verdict: 'sign-in', reason: 'session-ended' });
  });

  it('is not made at all when everything changes at each of four attempts', async () => {
    const desk = createDesk();
    desk.onAppend = () => {
      desk.policySet = setOf(desk.policySet.revision + 1, []);
    };
    const refused = await desk.ask().catch((error: unknown) => error);
    expect(refused).to.include({ code: 'ERR_AUTH_DECISION_CONTENDED', retryable: true });
    expect(desk.recorded).to.have.length(4);
    desk.onAppend = () => undefined;
    expect(await desk.ask()).to.include({ verdict: 'allow' });
  });

  it('is one fact and one signature, however a program calls itself, and whatever it says in turn', async () => {
    const desk = createDesk();
    for (let i = 0; i < 100; i += 1) await desk.ask({ userAgent: `program/${i}` });
    expect([desk.recorded.length, desk.signed]).to.deep.equal([1, 1]);
    const claims = ['iPhone', 'Android', 'CrOS', 'Windows', 'Macintosh', 'Linux', 'Amiga'].flatMap((name) => [
      `Mozilla/5.0 (${name})`,
      `program (${name})`,
    ]);
    for (let i = 0; i < 10; i += 1) for (const userAgent of [...claims, '']) await desk.ask({ userAgent });
    expect([desk.recorded.length, desk.signed]).to.deep.equal([15, 15]);
  });

  it('is shared by programs that come together and differ in words only', async () => {
    const desk = createDesk();
    await Promise.all(['a/1', 'b/2', 'c/3'].map((userAgent) => desk.ask({ userAgent })));
    expect([desk.recorded.length, desk.signed]).to.deep.equal([1, 1]);
  });

  it('is remembered for 16 clients of a session and app: the oldest is decided about anew', async () => {
    const desk = createDesk();
    const addresses = Array.from({ length: MAX_CLIENTS_PER_SESSION_AND_APP + 1 }, (_, i) => `192.0.2.${i}`);
    for (const address of addresses) await desk.ask({ address });
    for (const address of addresses.slice(1)) await desk.ask({ address });
    expect(desk.recorded).to.have.length(17);
    await desk.ask({ address: '192.0.2.0' });
    expect(desk.recorded).to.have.length(18);
  });

  it('denies a user who is disabled, whatever session there is, and says so', async () => {
    const desk = createDesk();
    expect(await desk.ask()).to.include({ verdict: 'allow' });
    desk.user = { ...initialUserState, status: 'disabled' };
    expect(await desk.ask()).to.include({ verdict: 'deny', reason: 'user-disabled' });
    expect(desk.recorded).to.deep.equal(['AccessGranted', 'AccessDenied']);
    desk.user = initialUserState;
    expect(await desk.ask()).to.include({ verdict: 'allow' });
  });

  it('is made anew when the person, a risk or the device is not what it was, and not because it was read anew', async () => {
    const desk = createDesk();
    await desk.ask();
    desk.session = structuredClone(SIGNED_IN);
    await desk.ask();
    expect(desk.recorded).to.have.length(1);
    const changes: readonly (() => void)[] = [
      () => {
        desk.session = { ...SIGNED_IN, principal: { ...SIGNED_IN.principal, groups: ['g1'] } };
      },
      () => {
        desk.session = { ...SIGNED_IN, signInRisk: 'low' };
      },
      () => {
        desk.session = { ...SIGNED_IN, deviceStates: ['compliant'] };
      },
      () => {
        desk.user = { ...initialUserState, risk: 'none' };
      },
    ];
    for (const [index, change] of changes.entries()) {
      change();
      await desk.ask();
      await desk.ask();
      expect(desk.recorded).to.have.length(index + 2);
    }
  });

  it('refreshes a session first where that is asked for, and decides by what it is then', async () => {
    const desk = createDesk();
    const asked: string[] = [];
    desk.refreshSession = async (id) => {
      asked.push(id);
      desk.session = { ...SIGNED_IN, status: 'ended', reason: 'refresh-refused' };
    };
    expect(await desk.ask()).to.deep.equal({ verdict: 'sign-in', reason: 'session-ended' });
    expect([asked, desk.recorded]).to.deep.equal([[SESSION_ID], []]);
    await desk.ask();
    expect(asked, 'an ended session is not refreshed').to.have.length(1);
  });

  it('is none where the session must not pass unconfirmed', async () => {
    const desk = createDesk();
    desk.refreshSession = () => Promise.reject(new Error('not confirmed'));
    const error: unknown = await desk.ask().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Error).with.property('message', 'not confirmed');
    expect(desk.recorded).to.deep.equal([]);
  });
});
