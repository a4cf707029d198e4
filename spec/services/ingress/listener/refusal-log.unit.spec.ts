import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry';
import {
  MAX_REFUSALS_LOGGED,
  REFUSAL_PERIOD_MS,
  RefusalLog,
} from '../../../../services/ingress/src/listener/refusal-log.ts';

describe('log of requests that cannot be read', () => {
  const start = () => {
    const lines: Record<string, unknown>[] = [];
    const log = new RefusalLog(
      createLogger({ service: 'ingress', write: (line) => lines.push(JSON.parse(line)), level: 'info' }),
    );
    const refuse = (times: number, nowMs: number) => {
      for (let i = 0; i < times; i += 1)
        if (log.tryTakeLine(nowMs)) log.write({ reason: 'line-ending', requestId: 'req_a', address: '192.0.2.1' });
    };
    return { log, lines, refuse };
  };

  it('has one line each, with reason, request id and address', () => {
    const { lines, refuse } = start();
    refuse(2, 0);
    expect(lines).to.have.length(2);
    expect(lines[0]).to.include({
      level: 'warn',
      message: 'request not read',
      reason: 'line-ending',
      requestId: 'req_a',
      address: '192.0.2.1',
    });
  });

  it('leaves out what comes too fast, says how many when the period is over, and begins anew', () => {
    const { log, lines, refuse } = start();
    refuse(MAX_REFUSALS_LOGGED + 1_000, 5);
    expect(lines).to.have.length(MAX_REFUSALS_LOGGED);
    log.check(REFUSAL_PERIOD_MS);
    expect(lines).to.have.length(MAX_REFUSALS_LOGGED);
    log.check(REFUSAL_PERIOD_MS + 5);
    expect(lines.at(-1)).to.include({ message: 'more requests not read', leftOut: 1_000 });
    log.check(3 * REFUSAL_PERIOD_MS);
    expect(lines).to.have.length(MAX_REFUSALS_LOGGED + 1);
    refuse(MAX_REFUSALS_LOGGED, 3 * REFUSAL_PERIOD_MS);
    expect(lines).to.have.length(2 * MAX_REFUSALS_LOGGED + 1);
  });

  it('says how many also when the ingress stops before', () => {
    const { log, lines, refuse } = start();
    refuse(MAX_REFUSALS_LOGGED + 3, 5);
    log.end();
    log.end();
    expect(lines.filter(({ leftOut }) => leftOut === 3)).to.have.length(1);
  });
});
