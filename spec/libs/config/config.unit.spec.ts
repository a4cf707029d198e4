import { inspect } from 'node:util';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { parseConfig, readJsonFile, Secret } from '#libs/config';

const schema = z.strictObject({ port: z.number().int().min(1), tls: z.strictObject({ certFile: z.string() }) });

describe('parseConfig', () => {
  it('gives a frozen, typed object', () => {
    const config = parseConfig(schema, { port: 1, tls: { certFile: 'c' } }, 'spec');
    expect(config.port).to.equal(1);
    expect(Object.isFrozen(config)).to.equal(true);
  });

  it('lists every problem with its option path', () => {
    let failure: { code?: string; details?: { problems: string[] } } = {};
    try {
      parseConfig(schema, { port: 0, tls: {}, prot: 1 }, 'file x');
    } catch (error) {
      failure = error as typeof failure;
    }
    expect(failure.code).to.equal('ERR_CONFIG_INVALID');
    const problems = failure.details?.problems.join('\n') ?? '';
    expect(problems).to.contain('port:').and.to.contain('tls.certFile:').and.to.contain('prot');
  });
});

describe('readJsonFile', () => {
  it('names a file that is absent', async () => {
    const failure = (await readJsonFile('/nowhere/x.json').catch((error: unknown) => error)) as {
      code: string;
      message: string;
    };
    expect(failure.code).to.equal('ERR_CONFIG_UNREADABLE');
    expect(failure.message).to.contain('/nowhere/x.json');
  });

  it('names a file that is no JSON', async () => {
    const failure = (await readJsonFile(import.meta.filename).catch((error: unknown) => error)) as { code: string };
    expect(failure.code).to.equal('ERR_CONFIG_SYNTAX');
  });
});

describe('Secret', () => {
  it('shows its value to nobody but who asks for it', () => {
    const secret = new Secret('hunter2');
    for (const shown of [String(secret), JSON.stringify({ secret }), inspect(secret), inspect({ secret })]) {
      expect(shown).to.contain('[redacted]').and.to.not.contain('hunter2');
    }
    expect(secret.reveal()).to.equal('hunter2');
  });
});
