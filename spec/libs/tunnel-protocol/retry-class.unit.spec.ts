import { expect } from 'chai';
import { describe, it } from 'mocha';
import { PeerWatch } from '../../../libs/tunnel-protocol/src/peer-watch.ts';
import type { FailureReason, RetryClass } from '../../../libs/tunnel-protocol/src/reasons.ts';
import { type DispatchFacts, mayRetry, retryClassOf } from '../../../libs/tunnel-protocol/src/retry-class.ts';

const NONE: DispatchFacts = {
  hasHead: false,
  hasMissed: false,
  mayRunUnconfirmed: false,
  isConfirmed: false,
  isUntouched: false,
  isIdempotent: false,
  isBodyTaken: false,
};
const get = { mayRunUnconfirmed: true, isIdempotent: true };

const table: readonly [string, FailureReason, Partial<DispatchFacts>, RetryClass, boolean][] = [
  ['nobody serves the group', 'no-connector', get, 'not-dispatched', true],
  ['all refused', 'refused', { isBodyTaken: false }, 'not-dispatched', true],
  ['all refused, the body is gone', 'refused', { isBodyTaken: true }, 'not-dispatched', false],
  ['one stayed silent, then nobody was left', 'no-connector', { ...get, hasMissed: true }, 'dispatched', true],
  ['silent, GET', 'accept-timeout', { ...get, hasMissed: true }, 'dispatched', true],
  ['silent, unconfirmed POST', 'accept-timeout', { hasMissed: true }, 'not-dispatched', true],
  ['lost before the confirmation', 'connector-lost', {}, 'not-dispatched', true],
  ['lost after the confirmation', 'connector-lost', { isConfirmed: true }, 'dispatched', false],
  ['lost during a GET', 'connector-lost', get, 'dispatched', true],
  ['lost during the response', 'connector-lost', { ...get, hasHead: true }, 'response-begun', false],
  ['origin refused the connection', 'origin-refused', { isConfirmed: true, isUntouched: true }, 'not-dispatched', true],
  ['origin aborted a POST', 'origin-aborted', { isConfirmed: true, isBodyTaken: true }, 'dispatched', false],
];

describe('retry class', () => {
  for (const [name, reason, facts, expected, isSafe] of table) {
    it(`${name}: ${expected}, ${isSafe ? 'may' : 'may not'} be sent again`, () => {
      const all = { ...NONE, ...facts };
      expect(retryClassOf(reason, all)).to.equal(expected);
      expect(mayRetry(expected, all)).to.equal(isSafe);
    });
  }
});

describe('peer watch', () => {
  it('asks after silence, gives up after more, and any packet calms it', () => {
    const watch = new PeerWatch({ probeAfterMs: 100, probeTimeoutMs: 50 }, 0);
    expect([watch.check(99, true), watch.check(100, true)]).to.deep.equal(['fine', 'ask']);
    expect([watch.ask(100), watch.ask(101)]).to.deep.equal([true, false]);
    expect([watch.check(149, true), watch.check(150, true)]).to.deep.equal(['fine', 'silent']);
    watch.received(150);
    expect(watch.check(249, true)).to.equal('fine');
  });

  it('does not count the time without a link to the server', () => {
    const watch = new PeerWatch({ probeAfterMs: 100, probeTimeoutMs: 50 }, 0);
    watch.ask(100);
    expect([watch.check(500, false), watch.check(599, true), watch.check(600, true)]).to.deep.equal([
      'fine',
      'fine',
      'ask',
    ]);
  });
});
