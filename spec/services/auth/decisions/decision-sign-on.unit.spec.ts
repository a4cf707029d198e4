import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  type AppState,
  connectorGroupId,
  initialPolicySetState,
  initialUserState,
  SETTINGS_SINCE_V2,
  type UserSessionState,
} from '#libs/contracts';
import { AccessDecider, MAX_DECISION_MS } from '../../../../services/auth/src/decisions/decide-access.ts';
import type { SignOnOutcome } from '../../../../services/auth/src/single-sign-on/origin-fields.ts';
import { ADA } from '../single-sign-on/support.ts';

const START = Date.parse('2026-11-22T11:00:00Z');
const EXCHANGE = {
  kind: 'token-exchange',
  tokenEndpoint: 'https://sts.example/token',
  clientId: 'c',
  sealedClientSecret: 's',
  audience: null,
  scope: null,
} as const;
const SESSION: UserSessionState = {
  status: 'active',
  principal: ADA,
  identityProvider: 'idp',
  authenticationContexts: [],
  authenticatedAt: '2026-11-22T10:00:00.000Z',
  expiresAt: '2026-11-22T18:00:00.000Z',
  address: '192.0.2.1',
  userAgent: 'spec',
  apps: [],
  usedTickets: [],
};
const APP: AppState = {
  status: 'published',
  ...SETTINGS_SINCE_V2,
  name: 'API',
  internalUrl: 'http://localhost:3000/',
  externalUrl: 'https://api.sallyport.localhost:8443/',
  preauthentication: 'oidc',
  connectorGroupId: connectorGroupId.parse('grp_default'),
  backendTimeoutSeconds: 85,
  cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
  translateHeaders: true,
  validateBackendCertificate: true,
  users: [ADA.subject],
  groups: [],
  roles: [],
  singleSignOn: { claimHeaders: [], authorization: EXCHANGE },
};

/** Ada at an app with token exchange. */
function createDesk(cacheSeconds = 60) {
  const desk = {
    nowMs: START,
    recorded: [] as string[],
    commits: [] as [object, string][],
    asked: 0,
    signed: 0,
    revision: 7,
    onRefresh: (): void => undefined,
    outcome: (_deadlineMs: number | undefined): SignOnOutcome | Promise<SignOnOutcome> => ({
      kind: 'fields',
      fields: [],
    }),
    ask: (isReview?: true) =>
      decider.decide({
        appId: 'app_api',
        credential: { kind: 'session', sessionId: `ses_${'a'.repeat(24)}` },
        requestId: `req_${'a'.repeat(24)}`,
        client: { address: '192.0.2.1', userAgent: 'curl/8' },
        isReview,
      }),
  };
  const decider = new AccessDecider({
    store: {
      append: async ({ id }, expectedRevision, facts) => {
        desk.commits.push([{ expectedRevision, facts }, id]);
        desk.recorded.push(...facts.map(({ type }) => type));
        return { status: 'appended', revision: 1 };
      },
    },
    tenant: 't',
    live: {
      session: () => Promise.resolve({ state: SESSION, revision: 1 }),
      app: () => Promise.resolve({ state: APP, revision: desk.revision }),
      user: () => Promise.resolve({ state: initialUserState, revision: 1 }),
      serviceToken: () => Promise.reject(new Error('nobody brought one')),
    },
    policySet: () => ({ revision: 1, state: initialPolicySetState }),
    assertions: {
      sign: () => {
        desk.signed += 1;
        return Promise.resolve('a.b.c');
      },
    },
    refreshSession: async () => desk.onRefresh(),
    originFieldsOf: async (_app, { deadlineMs }) => {
      desk.asked += 1;
      return desk.outcome(deadlineMs);
    },
    portalUrl: 'https://portal.example.com',
    cacheSeconds,
    nowMs: () => desk.nowMs,
  });
  return desk;
}

describe('a decision and single sign-on', () => {
  it('is one fact, however short the tokens live: only they are made anew', async () => {
    const desk = createDesk();
    desk.outcome = () => ({
      kind: 'fields',
      fields: ['Authorization', `Bearer ${desk.asked}`],
      validUntilMs: desk.nowMs + 2_000,
    });
    const decisions = new Set<string>();
    for (let i = 0; i < 20; i += 1) {
      const reply = await desk.ask();
      if (reply.verdict !== 'allow') throw new Error(reply.verdict);
      expect(reply.originFields).to.deep.equal(['Authorization', `Bearer ${desk.asked}`]);
      expect(reply.cacheSeconds).to.be.at.most(2);
      decisions.add(reply.decisionId);
      desk.nowMs += 1_000;
    }
    expect([desk.recorded, decisions.size, desk.signed]).to.deep.equal([['AccessGranted'], 1, 1]);
    expect(desk.asked).to.equal(10);
    desk.nowMs += 41_000;
    await desk.ask();
    expect(desk.recorded, 'what is made anew does not prolong it').to.have.length(2);
  });

  it('uses a token of no life at all once, without recording anything anew', async () => {
    const desk = createDesk();
    desk.outcome = () => ({ kind: 'fields', fields: ['Authorization', 'Bearer x'], validUntilMs: desk.nowMs });
    for (let i = 0; i < 5; i += 1) expect(await desk.ask()).to.include({ verdict: 'allow', cacheSeconds: 0 });
    expect([desk.recorded.length, desk.asked]).to.deep.equal([1, 5]);
  });

  it('makes nothing for the review of what runs, and says that nothing can be sent by the answer', async () => {
    const desk = createDesk();
    desk.outcome = () => new Promise(() => undefined);
    void desk.ask();
    const review = await desk.ask(true);
    expect(review).to.include({ verdict: 'allow', appRevision: 0, cacheSeconds: 60 });
    expect(review).not.to.have.property('originFields');
    expect(desk.asked).to.equal(1);
  });

  it('remembers what a review decided, for the next request to add its header to', async () => {
    const desk = createDesk();
    const review = await desk.ask(true);
    desk.outcome = () => ({ kind: 'fields', fields: ['Authorization', 'Bearer x'] });
    const reply = await desk.ask();
    if (reply.verdict !== 'allow' || review.verdict !== 'allow') throw new Error(reply.verdict);
    expect([reply.decisionId, reply.appRevision]).to.deep.equal([review.decisionId, 7]);
    expect(reply.originFields).to.deep.equal(['Authorization', 'Bearer x']);
    expect(await desk.ask(true), 'and is no less for one after it').to.include({ verdict: 'allow', appRevision: 0 });
    expect([desk.recorded.length, desk.asked]).to.deep.equal([1, 1]);
  });

  it('gives what it waits for the time that is left, and is not repeated past that', async () => {
    const desk = createDesk();
    const deadlines: (number | undefined)[] = [];
    desk.onRefresh = () => {
      desk.nowMs += 2_500;
    };
    desk.outcome = (deadlineMs) => {
      deadlines.push(deadlineMs);
      desk.nowMs += 2_000;
      desk.revision += 1;
      return { kind: 'fields', fields: [] };
    };
    const error = await desk.ask().catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'ERR_AUTH_DECISION_CONTENDED', retryable: true });
    expect(deadlines).to.deep.equal([START + MAX_DECISION_MS]);
  });

  it('answers a refusal for 5 s, and a review all the same', async () => {
    const desk = createDesk();
    desk.outcome = () => ({ kind: 'refused', reason: 'single-sign-on-refused', detail: 'no' });
    for (let i = 0; i < 3; i += 1) expect(await desk.ask()).to.include({ verdict: 'deny' });
    expect(await desk.ask(true)).to.include({ verdict: 'allow' });
    expect(desk.asked).to.equal(1);
    desk.nowMs += 5_001;
    await desk.ask();
    expect(desk.asked).to.equal(2);
    expect(desk.recorded, 'once a decision').to.deep.equal(['AccessGranted', 'SignOnRefused']);
  });

  it('records a refusal that comes later with the decision it is of', async () => {
    const desk = createDesk();
    desk.outcome = () => ({ kind: 'fields', fields: ['Authorization', 'x'], validUntilMs: desk.nowMs + 1_000 });
    await desk.ask();
    desk.nowMs += 2_000;
    desk.outcome = () => ({ kind: 'refused', reason: 'single-sign-on-unavailable', detail: 'no' });
    for (let i = 0; i < 3; i += 1) {
      expect(await desk.ask()).to.include({ verdict: 'deny' });
      desk.nowMs += 5_001;
    }
    expect(desk.recorded).to.deep.equal(['AccessGranted', 'SignOnRefused']);
    const [[, first], [refusal, second]] = desk.commits as [[unknown, string], [unknown, string]];
    expect(second).to.equal(first);
    expect(refusal).to.deep.equal({
      expectedRevision: 1,
      facts: [
        {
          type: 'SignOnRefused',
          data: {
            appId: 'app_api',
            subject: ADA.subject,
            username: ADA.username,
            requestId: `req_${'a'.repeat(24)}`,
            reason: 'single-sign-on-unavailable',
          },
        },
      ],
    });
  });
});
