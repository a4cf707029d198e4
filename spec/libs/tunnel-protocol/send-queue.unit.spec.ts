import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { SendQueue } from '../../../libs/tunnel-protocol/src/send-queue.ts';

describe('tunnel: what waits for credit', () => {
  it('comes out as it went in, whatever the pieces', () => {
    const step = fc.oneof(
      fc.record({ push: fc.uint8Array({ maxLength: 3_000 }) }),
      fc.record({ push: fc.uint8Array({ minLength: 1, maxLength: 3 }), times: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 5_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queue = new SendQueue();
        const pushed: number[] = [];
        const taken: number[] = [];
        const take = (bytes: number) => {
          const target = new Uint8Array(Math.min(bytes, queue.bytes));
          queue.moveTo(target, 0, target.length);
          taken.push(...target);
        };
        for (const one of steps) {
          if ('take' in one) take(one.take);
          else
            for (let i = 0; i < ('times' in one ? one.times : 1); i += 1) {
              queue.push(one.push);
              pushed.push(...one.push);
            }
        }
        take(queue.bytes);
        expect(taken).to.deep.equal(pushed);
      }),
      { numRuns: 200 },
    );
  });
});
