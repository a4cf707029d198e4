import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry';
import { Decisions } from '../../../../services/ingress/src/decisions/decision-cache.ts';
import { grantedAccessOf } from '../../../../services/ingress/src/decisions/granted-access.ts';
import type { RunningAccess } from '../../../../services/ingress/src/decisions/running-reviews.ts';
import { until } from '../../../support/until.ts';
import { allow } from '../support/fake-auth.ts';

const logger = createLogger({ service: 'spec', write: () => undefined });
const DENIED = { verdict: 'sign-in', reason: 'session-ended' } as const;

function running(session: string, nowMs: number, cacheSeconds: number, onLost: () => void): RunningAccess {
  const reply = allow({ sessionId: session, cacheSeconds });
  if (reply.verdict !== 'allow') throw new Error('expected an allowed access');
  const question = {
    appId: 'app_1',
    accessCookie: session,
    requestId: 'req_1',
    client: { address: '::1', userAgent: '' },
  };
  return {
    question,
    access: grantedAccessOf(question, reply, nowMs),
    reviewAtMs: 0,
    accessLost: onLost,
  };
}

describe('requests that run on an access decision', () => {
  it('are all ended by a revocation, also when auth is asked about more than it may be at once', async () => {
    const lost: string[] = [];
    const decisions = new Decisions({
      authorize: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return DENIED;
      },
      maxDecisions: 10,
      maxPending: 2,
      now: () => Date.now(),
      logger,
    });
    const requests = ['a', 'b', 'c', 'd', 'e'].map((session) =>
      running(session, Date.now(), 300, () => {
        lost.push(session);
      }),
    );
    for (const request of requests) decisions.watch(request);
    decisions.drop([], ['app_1']);
    await until(() => lost.length === 5, { what: 'all five to be cut' });
    decisions.stop();
  });

  it('are all ended within a second, also twenty of one cookie by different programs', async () => {
    let lost = 0;
    const decisions = new Decisions({
      authorize: () => new Promise((resolve) => setTimeout(() => resolve(DENIED), 20)),
      maxDecisions: 10,
      maxPending: 100,
      now: () => Date.now(),
      logger,
    });
    for (let i = 0; i < 20; i += 1) {
      const request = running('a', Date.now(), 300, () => {
        lost += 1;
      });
      const client = { address: '::1', userAgent: `program/${i}` };
      decisions.watch({ ...request, question: { ...request.question, client } });
    }
    const startedAt = Date.now();
    decisions.dropAll();
    await until(() => lost === 20, { what: 'all of one cookie to be cut' });
    expect(Date.now() - startedAt).to.be.lessThan(900);
    decisions.stop();
  });

  it('are asked about as what runs: no token is exchanged for them, and what comes without it lets no new request in', async () => {
    const asked: (true | undefined)[] = [];
    const decisions = new Decisions({
      authorize: async ({ isReview }) => {
        asked.push(isReview);
        return allow({ sessionId: 'a', appRevision: isReview ? 0 : 1 });
      },
      maxDecisions: 10,
      maxPending: 8,
      now: () => Date.now(),
      logger,
    });
    const request = running('a', Date.now(), 300, () => undefined);
    decisions.watch(request);
    decisions.dropAll();
    await until(() => asked.length === 1, { what: 'the review' });
    await until(() => request.reviewAtMs < Number.POSITIVE_INFINITY, { what: 'its answer' });
    await decisions.decide(request.question);
    expect(asked).to.deep.equal([true, undefined]);
    expect(decisions.size).to.equal(1);
    decisions.stop();
  });

  it('end within a second of a revocation while every place for new requests waits for a token service that hangs', async () => {
    let lost = 0;
    const decisions = new Decisions({
      authorize: ({ isReview }) => (isReview ? Promise.resolve(DENIED) : new Promise(() => undefined)),
      maxDecisions: 10,
      maxPending: 8,
      now: () => Date.now(),
      logger,
    });
    const onLost = () => {
      lost += 1;
    };
    const victim = running('victim', Date.now(), 300, onLost);
    for (let i = 0; i < 100; i += 1) {
      const { appId, requestId, client } = victim.question;
      void decisions.decide({ appId, requestId, client, accessCookie: `waits-${i}` });
    }
    decisions.watch(victim);
    const since = Date.now();
    decisions.drop(['victim'], []);
    await until(() => lost === 1, { what: 'the request to be cut' });
    expect(Date.now() - since).to.be.lessThan(1_000);
    decisions.stop();
  });

  it('take their turn at auth within a second, and leave half of its places to new requests', async () => {
    let atOnce = 0;
    let most = 0;
    let lost = 0;
    const decisions = new Decisions({
      authorize: async () => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await new Promise((resolve) => setImmediate(resolve));
        atOnce -= 1;
        return DENIED;
      },
      maxDecisions: 10,
      maxPending: 8,
      now: () => Date.now(),
      logger,
    });
    for (let i = 0; i < 1_000; i += 1)
      decisions.watch(
        running(`session-${i}`, Date.now(), 300, () => {
          lost += 1;
        }),
      );
    const startedAt = Date.now();
    decisions.dropAll();
    await until(() => lost === 1_000, { what: 'all to be cut' });
    expect(Date.now() - startedAt).to.be.lessThan(1_000);
    expect(most).to.equal(4);
    decisions.stop();
  });

  it('are asked about again when their decision is used up, and go on while auth says yes or nothing', async () => {
    const verdicts = [allow({ cacheSeconds: 0 }), undefined, DENIED];
    let asked = 0;
    let isLost = false;
    const decisions = new Decisions({
      authorize: () => {
        const reply = verdicts[Math.min(asked, 2)];
        asked += 1;
        return reply ? Promise.resolve(reply) : Promise.reject(new Error('away'));
      },
      maxDecisions: 10,
      maxPending: 10,
      now: () => Date.now(),
      logger,
    });
    decisions.watch(
      running('a', Date.now(), 0, () => {
        isLost = true;
      }),
    );
    await until(() => asked === 2 && !isLost, { what: 'two questions' });
    await until(() => isLost, { what: 'the end' });
    expect(asked).to.equal(3);
    decisions.stop();
  }).timeout(10_000);
});
