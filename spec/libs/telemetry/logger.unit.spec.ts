import { expect } from 'chai';
import { describe, it } from 'mocha';
import { SallyportError } from '#libs/errors';
import { createLogger } from '#libs/telemetry';

function capture(level?: 'debug') {
  const lines: string[] = [];
  const logger = createLogger({ service: 'spec', write: (line) => lines.push(line), ...(level ? { level } : {}) });
  return { logger, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>), lines };
}

describe('logger', () => {
  it('writes one JSON line per call, with the fields of its parents', () => {
    const { logger, parsed, lines } = capture();
    logger.child({ connection: 'a' }).info('opened', { port: 1, text: 'two\nlines' });
    expect(lines).to.have.length(1);
    expect(lines[0]?.match(/\n/g)).to.have.length(1);
    expect(parsed()[0]).to.include({ level: 'info', service: 'spec', message: 'opened', connection: 'a', port: 1 });
  });

  it('leaves debug out unless asked for', () => {
    const quiet = capture();
    quiet.logger.debug('detail');
    expect(quiet.lines).to.deep.equal([]);
    const loud = capture('debug');
    loud.logger.debug('detail');
    expect(loud.lines).to.have.length(1);
  });

  it('keeps code, details and cause of an error, and shortens long text', () => {
    const { logger, parsed } = capture();
    const error = new SallyportError('ERR_X', 'x', { cause: new Error('inner'), details: { n: 1 } });
    logger.error('failed', { error, long: 'y'.repeat(10_000), big: 10n });
    const line = parsed()[0] as {
      error: { code: string; details: object; cause: { message: string } };
      long: string;
      big: string;
    };
    expect(line.error.code).to.equal('ERR_X');
    expect(line.error.cause.message).to.equal('inner');
    expect(line.long.length).to.be.below(5000);
    expect(line.big).to.equal('10');
  });
});
