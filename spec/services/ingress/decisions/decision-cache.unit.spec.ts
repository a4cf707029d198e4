import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry';
import {
  Decisions,
  type DecisionsOptions,
  MAX_CLIENTS_PER_COOKIE,
  MAX_PENDING_PER_COOKIE,
} from '../../../../services/ingress/src/decisions/decision-cache.ts';
import { allow } from '../support/fake-auth.ts';

const logger = createLogger({ service: 'spec', write: () => undefined });
const question = (accessCookie: string, appId = 'app_1', address = '127.0.0.1', userAgent = '') => ({
  appId,
  accessCookie,
  requestId: 'req_1',
  client: { address, userAgent },
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

  it('asks again when a cookie comes from another address or program, and knows both from then on', async () => {
    const clients: string[] = [];
    const decisions = decisionsWith({
      authorize: ({ client }) => {
        clients.push(`${client.address} ${client.userAgent}`);
        return Promise.resolve(allow());
      },
    });
    const places = [
      ['192.0.2.1', 'a'],
      ['192.0.2.2', 'a'],
      ['192.0.2.1', 'b'],
    ] as const;
    for (const [address, userAgent] of [...places, ...places])
      await decisions.decide(question('a', 'app_1', address, userAgent));
    expect(clients).to.deep.equal(['192.0.2.1 a', '192.0.2.2 a', '192.0.2.1 b']);
  });

  it('asks about each of two places when a cookie comes from both at once', async () => {
    const decisions = decisionsWith({
      authorize: ({ client }) =>
        Promise.resolve(
          client.address === '192.0.2.1' ? allow() : { verdict: 'sign-in' as const, reason: 'session-ended' },
        ),
    });
    const verdicts = await Promise.all([
      decisions.decide(question('a', 'app_1', '192.0.2.1')),
      decisions.decide(question('a', 'app_1', '192.0.2.2')),
    ]);
    expect(verdicts.map(({ verdict }) => verdict)).to.deep.equal(['allow', 'sign-in']);
  });

  it('gives a cookie that roams one place of its own: nobody else is pushed out', async () => {
    let asked = 0;
    const decisions = decisionsWith({
      authorize: () => {
        asked += 1;
        return Promise.resolve(allow());
      },
    });
    await decisions.decide(question('still'));
    for (let i = 0; i < 50; i += 1) await decisions.decide(question('roams', 'app_1', `192.0.2.${i}`));
    expect([decisions.size, asked]).to.deep.equal([2, 51]);
    await decisions.decide(question('still'));
    for (let i = 50 - MAX_CLIENTS_PER_COOKIE; i < 50; i += 1)
      await decisions.decide(question('roams', 'app_1', `192.0.2.${i}`));
    expect(asked).to.equal(51);
    await decisions.decide(question('roams', 'app_1', '192.0.2.0'));
    expect(asked).to.equal(52);
  });

  it('drops a revoked session at every place it came from', async () => {
    const decisions = decisionsWith({});
    for (const address of ['192.0.2.1', '192.0.2.2']) await decisions.decide(question('a', 'app_1', address));
    decisions.drop(['ses_1'], []);
    expect(decisions.size).to.equal(0);
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

  it('says that it does not know when a revocation came during every repeat: an old allow lets nobody in', async () => {
    let asked = 0;
    const decisions: Decisions = decisionsWith({
      authorize: () => {
        asked += 1;
        decisions.dropAll();
        return Promise.resolve(allow());
      },
    });
    expect(await decisions.decide(question('a'))).to.deep.equal({ verdict: 'unavailable' });
    expect([asked, decisions.size]).to.deep.equal([3, 0]);
  });

  it('does not ask again for revocations of others, unless there were more of them than it remembers', async () => {
    let asked = 0;
    let others = 1_000;
    const decisions: Decisions = decisionsWith({
      authorize: () => {
        asked += 1;
        if (asked < 3) for (let i = 0; i < others; i += 1) decisions.drop([`ses_other_${i}`], []);
        return Promise.resolve(allow());
      },
    });
    expect(await decisions.decide(question('a'))).to.include({ verdict: 'allow' });
    expect([asked, decisions.size]).to.deep.equal([1, 1]);
    others = 1_001;
    expect(await decisions.decide(question('b'))).to.include({ verdict: 'allow' });
    expect(asked).to.equal(3);
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

  it('asks about at most the configured number at once; the others wait their turn, and past the bound are refused', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let asked = 0;
    const authorize = () => {
      asked += 1;
      return answered.then(() => allow());
    };
    const decisions = decisionsWith({ authorize, maxWaiting: 1 });
    const running = ['a', 'b', 'c'].map((cookie) => decisions.decide(question(cookie)));
    expect(await decisions.decide(question('d'))).to.deep.equal({ verdict: 'unavailable' });
    expect(decisions.decide(question('a'))).to.equal(running[0]);
    expect(decisions.decide(question('c')), 'one that waits is shared too').to.equal(running[2]);
    expect(asked).to.equal(2);
    answer();
    for (const decision of running) expect(await decision).to.include({ verdict: 'allow' });
    expect(asked).to.equal(3);
  });

  it('asks about eight clients of one cookie at once and refuses the rest: others are still asked about', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const decisions = decisionsWith({ authorize: () => answered.then(() => allow()), maxPending: 100 });
    const clients = Array.from({ length: MAX_PENDING_PER_COOKIE }, (_, i) => `program/${i}`);
    const asked = clients.map((userAgent) => decisions.decide(question('a', 'app_1', '::1', userAgent)));
    const oneMore = question('a', 'app_1', '::1', 'one more');
    expect(decisions.decide(oneMore)).to.deep.equal({ verdict: 'unavailable' });
    const other = decisions.decide(question('b', 'app_1', '::1', 'one more'));
    answer();
    for (const decision of [...asked, other]) expect(await decision).to.include({ verdict: 'allow' });
    expect(await decisions.decide(oneMore)).to.include({ verdict: 'allow' });
  });
});
