import { expect } from 'chai';
import { describe, it } from 'mocha';
import { QuestionQueue, type QuestionQueueOptions } from '../../../../services/ingress/src/decisions/question-queue.ts';
import { until } from '../../../support/until.ts';

/** A queue with auth behind it that answers one question each time it is told to, in the order in which they came. */
function rig(options: Partial<QuestionQueueOptions> = {}) {
  const queue = new QuestionQueue({ maxAsking: 2, ...options });
  const begun: string[] = [];
  const open: (() => void)[] = [];
  const ask = (cookie: string, name = cookie) =>
    queue.run(cookie, () => {
      begun.push(name);
      return new Promise<string>((resolve) => open.push(() => resolve(name)));
    });
  const answerOne = async () => {
    open.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, begun, ask, answerOne };
}

describe('questions that wait for auth', () => {
  it('begin at once while there is room, and in their turn after that', async () => {
    const { begun, ask, answerOne, queue } = rig();
    const answers = ['a', 'b', 'c'].map((cookie) => ask(cookie));
    expect([begun, queue.waiting]).to.deep.equal([['a', 'b'], 1]);
    for (let count = 0; count < 3; count += 1) await answerOne();
    expect(await Promise.all(answers)).to.deep.equal(['a', 'b', 'c']);
    expect(queue.waiting).to.equal(0);
  });

  it('take turns by cookie: one with many clients holds up nobody', async () => {
    const { begun, ask, answerOne } = rig({ maxAsking: 1 });
    const asked = [
      ask('first'),
      ...[1, 2, 3].map((client) => ask('greedy', `greedy ${client}`)),
      ask('other'),
      ask('another'),
    ];
    for (let count = 0; count < asked.length; count += 1) await answerOne();
    await Promise.all(asked);
    expect(begun).to.deep.equal(['first', 'greedy 1', 'other', 'another', 'greedy 2', 'greedy 3']);
  });

  it('are refused past the bound, and never asked then', async () => {
    const { begun, ask, answerOne } = rig({ maxAsking: 1, maxWaiting: 2 });
    const asked = ['a', 'b', 'c', 'd'].map((cookie) => ask(cookie));
    expect(await asked[3]).to.equal(undefined);
    for (let count = 0; count < 3; count += 1) await answerOne();
    expect(await Promise.all(asked.slice(0, 3))).to.deep.equal(['a', 'b', 'c']);
    expect(begun).to.deep.equal(['a', 'b', 'c']);
  });

  it('are refused when they have waited too long, and leave the others their turn', async () => {
    const { begun, ask, answerOne, queue } = rig({ maxAsking: 1, maxWaitMs: 20 });
    const first = ask('a');
    expect(await ask('b')).to.equal(undefined);
    expect(queue.waiting).to.equal(0);
    const third = ask('c');
    await answerOne();
    await answerOne();
    expect([await first, await third]).to.deep.equal(['a', 'c']);
    expect(begun).to.deep.equal(['a', 'c']);
  });

  it('go on after one that failed', async () => {
    const queue = new QuestionQueue({ maxAsking: 1 });
    const failed = queue.run('a', () => Promise.reject(new Error('no answer')));
    const next = queue.run('b', () => Promise.resolve('b'));
    expect(await failed.catch((error: Error) => error.message)).to.equal('no answer');
    expect(await next).to.equal('b');
  });

  it('are refused at the stop, and twice is no error', async () => {
    const { ask, answerOne, queue } = rig({ maxAsking: 1 });
    const running = ask('a');
    const waiting = ask('b');
    queue.stop();
    queue.stop();
    expect(await waiting).to.equal(undefined);
    await answerOne();
    expect(await running).to.equal('a');
    await until(() => queue.waiting === 0);
  });
});
