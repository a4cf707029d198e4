import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry';
import { Decisions, type DecisionsOptions } from '../../../../services/ingress/src/decisions/decision-cache.ts';
import { allow } from '../support/fake-auth.ts';

const logger = createLogger({ service: 'spec', write: () => undefined });
const question = (accessCookie: string, appId = 'app_1') => ({
  appId,
  accessCookie,
  requestId: 'req_1',
  client: { address: '127.0.0.1', userAgent: '' },
});

function decisionsWith(changes: Partial<DecisionsOptions>): Decisions {
  return new Decisions({
    authorize: () => Promise.resolve(allow()),
    maxDecisions: 3,
    maxPending: 2,
    now: () => Date.now(),
    logger,
    ...changes,
  });
}

describe('access decisions', () => {
  it('keeps at most the configured number, the least used goes first', async () => {
    let asked = 0;
    const decisions = decisionsWith({
      authorize: () => {
        asked += 1;
        return Promise.resolve(allow());
      },
    });
    for (const cookie of ['a', 'b', 'c', 'a', 'd', 'a']) await decisions.decide(question(cookie));
    expect([decisions.size, asked]).to.deep.equal([3, 4]);
    await decisions.decide(question('b'));
    expect(asked).to.equal(5);
  });

  it('tells apps apart for the same cookie', async () => {
    const apps: string[] = [];
    const decisions = decisionsWith({
      authorize: ({ appId }) => {
        apps.push(appId);
        return Promise.resolve(allow());
      },
    });
    await decisions.decide(question('a', 'app_1'));
    await decisions.decide(question('a', 'app_2'));
    expect(apps).to.deep.equal(['app_1', 'app_2']);
  });

  it('forgets a decision when its time is over', async () => {
    let now = Date.now();
    let asked = 0;
    const decisions = decisionsWith({
      now: () => now,
      authorize: () => {
        asked += 1;
        return Promise.resolve(allow({ cacheSeconds: 60 }));
      },
    });
    await decisions.decide(question('a'));
    now += 59_000;
    await decisions.decide(question('a'));
    expect(asked).to.equal(1);
    now += 2_000;
    await decisions.decide(question('a'));
    expect(asked).to.equal(2);
  });

  it('answers from memory without a promise', async () => {
    const decisions = decisionsWith({});
    expect(decisions.decide(question('a'))).to.be.instanceOf(Promise);
    await decisions.decide(question('a'));
    expect(decisions.decide(question('a'))).to.include({ verdict: 'allow' });
  });

  it('asks again when a revocation came while auth was deciding', async () => {
    let asked = 0;
    const decisions: Decisions = decisionsWith({
      authorize: () => {
        asked += 1;
        if (asked === 1) decisions.drop(['ses_1'], []);
        return Promise.resolve(asked === 1 ? allow() : { verdict: 'sign-in', reason: 'session-ended' });
      },
    });
    expect(await decisions.decide(question('a'))).to.include({ verdict: 'sign-in' });
    expect([asked, decisions.size]).to.deep.equal([2, 0]);
  });

  it('caches neither denials nor failures, and a failure never allows', async () => {
    let asked = 0;
    const decisions = decisionsWith({
      authorize: () => {
        asked += 1;
        return Promise.reject(new Error('auth is away'));
      },
    });
    expect(await decisions.decide(question('a'))).to.deep.equal({ verdict: 'unavailable' });
    expect(await decisions.decide(question('a'))).to.deep.equal({ verdict: 'unavailable' });
    expect(asked).to.equal(2);
  });

  it('asks about at most the configured number at once and refuses the rest', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const decisions = decisionsWith({ authorize: () => answered.then(() => allow()) });
    const running = [decisions.decide(question('a')), decisions.decide(question('b'))];
    expect(decisions.decide(question('c'))).to.deep.equal({ verdict: 'unavailable' });
    expect(decisions.decide(question('a'))).to.equal(running[0]);
    answer();
    for (const decision of running) expect(await decision).to.include({ verdict: 'allow' });
  });
});
