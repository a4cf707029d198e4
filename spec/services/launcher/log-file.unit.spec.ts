import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { LogFile } from '../../../services/launcher/src/log-file.ts';
import { until } from '../../support/until.ts';

describe('the log of a process', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-log-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps the newest lines in at most two files', async () => {
    const path = join(folder, 'a.log');
    const log = new LogFile(path, 100);
    for (let i = 0; i < 100; i += 1) {
      log.writeLine(`line ${String(i).padStart(3, '0')} ${'x'.repeat(20)}`);
      await new Promise(setImmediate);
    }
    await log.end();
    const both = () => ['a.log.1', 'a.log'].map((name) => readFileSync(join(folder, name), 'utf8')).join('');
    await until(() => both().endsWith(`line 099 ${'x'.repeat(20)}\n`), { what: 'the last line' });
    expect(readdirSync(folder).sort()).to.deep.equal(['a.log', 'a.log.1']);
    expect(both().length).to.be.lessThan(300);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('goes on in the file it finds', async () => {
    const path = join(folder, 'b.log');
    writeFileSync(path, 'before\n');
    const log = new LogFile(path, 100);
    log.writeLine('after');
    await log.end();
    expect(readFileSync(path, 'utf8')).to.equal('before\nafter\n');
  });
});
