import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { openDataDir } from '../../../services/launcher/src/data-dir.ts';

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'opened',
    (error: { code: string }) => error.code,
  );

describe('data directory', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'sallyport-data-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('is made for its owner alone, and found again', async () => {
    const path = join(dir, 'new');
    const first = await openDataDir(path, () => true, 4711);
    expect(first.isNew).to.equal(true);
    expect(statSync(path).mode & 0o777).to.equal(0o700);
    expect(statSync(join(path, 'sallyport.json')).mode & 0o777).to.equal(0o600);
    await first.release();
    const second = await openDataDir(path, () => true, 4711);
    expect(second.isNew).to.equal(false);
    await second.release();
  });

  it('is refused while another launcher runs on it, and taken over when that one is gone', async () => {
    const holder = await openDataDir(dir, () => true, 4711);
    expect(await codeOf(openDataDir(dir, (pid) => pid === 4711, 4712))).to.equal('ERR_DATA_DIR_LOCKED');
    const next = await openDataDir(dir, () => false, 4712);
    await next.release();
    await holder.release();
  });

  it('is not held by another process that got the id of a launcher that is gone', async () => {
    const holder = await openDataDir(dir, () => true, process.pid);
    const [pid, startTicks] = readFileSync(join(dir, 'launcher.lock'), 'utf8').split(' ');
    expect(pid).to.equal(String(process.pid));
    expect(await codeOf(openDataDir(dir, () => true, 4712))).to.equal('ERR_DATA_DIR_LOCKED');
    if (startTicks === '') return; // A system without /proc tells processes apart by their id alone.
    writeFileSync(join(dir, 'launcher.lock'), `${process.pid} 1`);
    expect(await codeOf(openDataDir(dir, () => true, 4712))).to.equal('opened');
    await holder.release();
  });

  it('goes to one of many that start together', async () => {
    const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(openDataDir(dir, () => true, process.pid))));
    expect(codes.filter((code) => code === 'opened')).to.have.length(1);
    expect(readdirSync(dir).sort()).to.deep.equal(['launcher.lock', 'sallyport.json']);
  });

  it('is refused when it holds something else, and nothing is written', async () => {
    writeFileSync(join(dir, 'thesis.tex'), 'x');
    expect(await codeOf(openDataDir(dir, () => true, 1))).to.equal('ERR_DATA_DIR_FOREIGN');
    expect(readdirSync(dir)).to.deep.equal(['thesis.tex']);
  });

  for (const [marker, code] of [
    ['{', 'ERR_DATA_DIR_CORRUPT'],
    ['{"layout":"one"}', 'ERR_DATA_DIR_CORRUPT'],
    ['{"layout":99}', 'ERR_DATA_DIR_NEWER'],
  ] as const) {
    it(`is refused with ${code} when its marker says ${marker}`, async () => {
      writeFileSync(join(dir, 'sallyport.json'), marker);
      expect(await codeOf(openDataDir(dir, () => true, 1))).to.equal(code);
      expect(readdirSync(dir)).to.deep.equal(['sallyport.json']);
    });
  }

  it('is refused with the reason when it cannot be made', async () => {
    writeFileSync(join(dir, 'file'), '');
    expect(await codeOf(openDataDir(join(dir, 'file', 'below'), () => true, 1))).to.equal('ERR_DATA_DIR_UNREADABLE');
  });
});
