import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  LEFT_ALONE_MS,
  MAX_FAILURES_IN_A_ROW,
  MAX_RUNNING_EXCHANGES,
  MAX_RUNNING_PER_ENDPOINT,
} from '../../../../services/auth/src/single-sign-on/endpoint-turns.ts';
import { createExchangedTokens } from '../../../../services/auth/src/single-sign-on/exchanged-tokens.ts';
import type { TokenAnswer } from '../../../../services/auth/src/single-sign-on/token-service.ts';

const TOKEN: TokenAnswer = { kind: 'issued', accessToken: 'x', expiresInSeconds: 300 };
const AWAY: TokenAnswer = { kind: 'unavailable', why: 'it did not answer in time' };

/** Tokens with a clock, and exchanges that count. */
function createBox() {
  const box = {
    nowMs: 1_000_000,
    asked: 0,
    take: (key: string, endpoint: string, answer: TokenAnswer | Promise<TokenAnswer>) =>
      tokens.take(key, endpoint, 4_000, async () => {
        box.asked += 1;
        return answer;
      }),
  };
  const tokens = createExchangedTokens(() => box.nowMs);
  return box;
}
const hang = () => new Promise<TokenAnswer>(() => undefined);

describe('exchanged tokens', () => {
  it('are given to every other app while one token service hangs, which is asked 32 times at once at most', async () => {
    const box = createBox();
    for (let i = 0; i < 200; i += 1) void box.take(`slow-${i}`, 'https://slow.example/token', hang());
    expect(await box.take('one more', 'https://slow.example/token', TOKEN)).to.deep.include({
      kind: 'not-asked',
      why: `${MAX_RUNNING_PER_ENDPOINT} exchanges are under way there`,
    });
    expect(box.asked).to.equal(MAX_RUNNING_PER_ENDPOINT);
    expect(await box.take('mine', 'https://well.example/token', TOKEN)).to.include({ kind: 'issued' });
  });

  it('are asked for 128 times at once at most, wherever', async () => {
    const box = createBox();
    for (let i = 0; i < 500; i += 1) void box.take(`slow-${i}`, `https://slow-${i % 10}.example/token`, hang());
    await box.take('one more', 'https://well.example/token', TOKEN);
    expect(box.asked).to.equal(MAX_RUNNING_EXCHANGES);
  });

  it('are asked for nowhere that was away three times in a row for 10 s; then one exchange tries', async () => {
    const box = createBox();
    for (let i = 0; i < MAX_FAILURES_IN_A_ROW; i += 1) await box.take(`p-${i}`, 'e', AWAY);
    expect(await box.take('next', 'e', TOKEN)).to.include({ kind: 'not-asked' });
    expect(await box.take('other', 'another', TOKEN), 'other endpoints are').to.include({ kind: 'issued' });
    box.nowMs += LEFT_ALONE_MS + 1;
    let answer: (answer: TokenAnswer) => void = () => undefined;
    const trying = box.take(
      'a',
      'e',
      new Promise((resolve) => {
        answer = resolve;
      }),
    );
    expect(await box.take('b', 'e', TOKEN)).to.include({ kind: 'not-asked' });
    answer(AWAY);
    expect(await trying).to.include({ kind: 'unavailable' });
    expect(await box.take('c', 'e', TOKEN), 'and is left alone again').to.include({ kind: 'not-asked' });
    box.nowMs += LEFT_ALONE_MS + 1;
    expect(await box.take('c', 'e', TOKEN)).to.include({ kind: 'issued' });
    expect(await box.take('d', 'e', TOKEN)).to.include({ kind: 'issued' });
  });

  it('are refused for one person without keeping others from asking, however many', async () => {
    const box = createBox();
    for (let i = 0; i < 50; i += 1) await box.take(`p-${i}`, 'e', { kind: 'refused', error: 'invalid_grant' });
    expect(await box.take('mine', 'e', TOKEN)).to.include({ kind: 'issued' });
  });

  it('are asked for once in 5 s by a person who is refused, also where no decision is kept', async () => {
    const box = createBox();
    for (let i = 0; i < 10; i += 1)
      expect(await box.take('p', 'e', { kind: 'refused', error: 'invalid_grant' })).to.include({
        error: 'invalid_grant',
      });
    expect(box.asked).to.equal(1);
    box.nowMs += 5_001;
    expect(await box.take('p', 'e', TOKEN)).to.include({ kind: 'issued' });
  });
});
