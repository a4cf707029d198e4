import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { AccessRecord } from '#libs/contracts';
import { createLogger } from '#libs/telemetry';
import { AccessRecorder } from '../../../../services/ingress/src/records/access-recorder.ts';
import { RecordBudget } from '../../../../services/ingress/src/records/record-budget.ts';
import { until } from '../../../support/until.ts';

const logger = createLogger({ service: 'spec', write: () => undefined });

function recordOf(requestId: string, path = '/'): AccessRecord {
  return {
    requestId,
    at: '2026-11-22T00:00:00.000Z',
    ingressId: 'ing_1',
    address: '127.0.0.1',
    method: 'GET',
    host: 'wiki.example',
    path,
    status: 200,
    outcome: 'forwarded',
    reason: null,
    appId: null,
    connectorId: null,
    sessionId: null,
    subject: null,
    username: null,
    decisionId: null,
    durationMs: 1,
    requestBytes: 0,
    responseBytes: 0,
    userAgent: '',
  };
}

type Batch = { readonly batchId: string; readonly records: readonly AccessRecord[] };

function recorderWith(store: (batch: Batch) => Promise<unknown>, budget = new RecordBudget(20_000)): AccessRecorder {
  return new AccessRecorder({ store, budget, logger });
}

describe('access recorder', () => {
  it('stores in batches of at most 500 and at least what 200 ms brought', async () => {
    const batches: Batch[] = [];
    const recorder = recorderWith((batch) => Promise.resolve(batches.push(batch)));
    for (let i = 0; i < 1_250; i += 1) recorder.record(recordOf(`req_${i}`));
    await until(() => recorder.unstored === 0);
    expect(batches.flatMap((it) => it.records.map((record) => record.requestId))).to.deep.equal(
      Array.from({ length: 1_250 }, (_, i) => `req_${i}`),
    );
    expect(Math.max(...batches.map((it) => it.records.length))).to.be.at.most(500);
    recorder.record(recordOf('late'));
    await until(() => recorder.unstored === 0, { deadlineMs: 1_000 });
    recorder.stop();
  });

  it('stores what comes after a batch that failed once and then was stored, as soon as ever', async () => {
    let attempts = 0;
    const recorder = recorderWith(() => {
      attempts += 1;
      return attempts === 1 ? Promise.reject(new Error('audit away')) : Promise.resolve();
    });
    recorder.record(recordOf('first'));
    await until(() => recorder.unstored === 0, { deadlineMs: 2_000 });
    recorder.record(recordOf('second'));
    await until(() => recorder.unstored === 0, { deadlineMs: 1_000, what: 'the next record is stored' });
    expect(attempts).to.equal(3);
    recorder.stop();
  });

  it('keeps a batch below the largest message whatever users write', async () => {
    const sizes: number[] = [];
    const recorder = recorderWith((batch) => Promise.resolve(sizes.push(JSON.stringify(batch).length)));
    for (let i = 0; i < 600; i += 1)
      recorder.record({ ...recordOf(`req_${i}`, `/${'a'.repeat(2_047)}`), userAgent: 'é'.repeat(400) });
    await recorder.flush();
    expect(Math.max(...sizes)).to.be.lessThan(1024 * 1024);
    recorder.stop();
  });

  it('sends a batch that failed again under the same id until it is stored', async () => {
    const seen: string[] = [];
    const recorder = recorderWith((batch) => {
      seen.push(`${batch.batchId} ${batch.records.length}`);
      return seen.length < 3 ? Promise.reject(new Error('audit is away')) : Promise.resolve();
    });
    recorder.record(recordOf('req_1'));
    recorder.record(recordOf('req_2'));
    await recorder.flush();
    expect(new Set(seen).size).to.equal(1);
    expect(seen).to.have.length(3);
    recorder.stop();
  });

  it('does not wait to send a batch again once it is flushed', async () => {
    let attempts = 0;
    const recorder = recorderWith(() => {
      attempts += 1;
      return attempts < 6 ? Promise.reject(new Error('audit is away')) : Promise.resolve();
    });
    recorder.record(recordOf('req_1'));
    // After the fourth failure the next attempt is 800 ms away, after the fifth 1.6 s.
    await until(() => attempts === 4, { deadlineMs: 3_000 });
    const flushedAt = performance.now();
    await recorder.flush();
    expect(attempts).to.equal(6);
    expect(performance.now() - flushedAt).to.be.lessThan(400);
    recorder.stop();
  });

  it('gives places back only when records are stored', async () => {
    const budget = new RecordBudget(2);
    let store: () => void = () => undefined;
    const stored = new Promise<void>((resolve) => {
      store = resolve;
    });
    const recorder = recorderWith(() => stored, budget);
    expect([budget.tryTake(), budget.tryTake(), budget.tryTake()]).to.deep.equal([true, true, false]);
    recorder.record(recordOf('req_1'));
    recorder.record(recordOf('req_2'));
    const flushed = recorder.flush();
    expect(budget.tryTake()).to.equal(false);
    store();
    await flushed;
    expect([budget.taken, budget.tryTake()]).to.deep.equal([0, true]);
    recorder.stop();
  });

  it('ends a flush when it is stopped, and says what was lost', async () => {
    const log: string[] = [];
    const recorder = new AccessRecorder({
      store: () => new Promise(() => undefined),
      budget: new RecordBudget(10),
      logger: createLogger({ service: 'spec', write: (line) => log.push(line) }),
    });
    recorder.record(recordOf('req_1'));
    const flushed = recorder.flush();
    recorder.stop();
    await flushed;
    expect(log.join()).to.contain('access records lost').and.to.contain('"records":1');
  });
});
