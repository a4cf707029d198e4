import { expect } from 'chai';
import { describe, it } from 'mocha';
import { SallyportError } from '#libs/errors';
import { askWithPatience } from '../../../../services/ingress/src/decisions/ask-with-patience.ts';

const overloaded = () => new SallyportError('ERR_MESSAGING_OVERLOADED', 'no room', { retryable: true });

describe('a question for an auth without room', () => {
  it('is asked again until there is room', async () => {
    let asked = 0;
    const answer = await askWithPatience(
      () => {
        asked += 1;
        return asked < 3 ? Promise.reject(overloaded()) : Promise.resolve('allow');
      },
      () => 0,
    );
    expect([answer, asked]).to.deep.equal(['allow', 3]);
  });

  it('is given up after three seconds', async () => {
    let nowMs = 0;
    let asked = 0;
    const failure: unknown = await askWithPatience(
      () => {
        asked += 1;
        nowMs += 1_600;
        return Promise.reject(overloaded());
      },
      () => nowMs,
    ).catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'ERR_MESSAGING_OVERLOADED');
    expect(asked).to.equal(2);
  });

  it('is not asked again after any other error', async () => {
    let asked = 0;
    const failure: unknown = await askWithPatience(
      () => {
        asked += 1;
        return Promise.reject(new SallyportError('ERR_MESSAGING_TIMEOUT', 'no answer', { retryable: true }));
      },
      () => 0,
    ).catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'ERR_MESSAGING_TIMEOUT');
    expect(asked).to.equal(1);
  });
});
