import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { loadSealingKeys } from '../../../../services/auth/src/sealing/sealing-keys.ts';

const SCRIPT = fileURLToPath(new URL('./load-keys-at.ts', import.meta.url));
const FILES = 60;
const OLD = new Date('2026-01-01T00:00:00Z');

describe('sealing keys', function sealingKeySpecs() {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-keys-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const fileOf = (i: number) => join(folder, `keys-${i}.json`);
  /** What three processes that load them at the same instants hold as newest. */
  async function loadTogether(rotateAfterDays: number): Promise<readonly string[][]> {
    const startAtMs = Date.now() + 3_000;
    const options = ['--import=tsx', '--conditions=sallyport-source', SCRIPT, folder, String(startAtMs), String(FILES)];
    const runs = [1, 2, 3].map(() => promisify(execFile)(process.execPath, [...options, String(rotateAfterDays)]));
    return (await Promise.all(runs)).map(({ stdout }) => JSON.parse(stdout) as string[]);
  }
  function expectOne(newest: readonly string[][]): void {
    for (let i = 0; i < FILES; i += 1) {
      const kept = JSON.parse(readFileSync(fileOf(i), 'utf8')).keys[0].kid;
      expect(newest.map((of) => of[i])).to.deep.equal([kept, kept, kept]);
    }
    expect(readdirSync(folder).filter((name) => !/^(keys|warm)-\d+\.json$/.test(name))).to.deep.equal([]);
  }

  it('are the same in processes that make the file at the same time, and in the file', async () => {
    expectOne(await loadTogether(Number.POSITIVE_INFINITY));
    expect(statSync(fileOf(0)).mode & 0o777).to.equal(0o600);
  });

  it('are the same in processes that put a new key in front at the same time', async () => {
    const before = Array.from({ length: FILES }, (_, i) => loadSealingKeys(fileOf(i), 30, OLD)[0].kid);
    expectOne(await loadTogether(30));
    const second = before.map((_, i) => JSON.parse(readFileSync(fileOf(i), 'utf8')).keys[1].kid);
    expect(second).to.deep.equal(before);
  });

  it('are those of a process that died before it had put them in place', () => {
    const [made] = loadSealingKeys(fileOf(1), 30, OLD);
    rmSync(fileOf(1));
    // SHA-256 of nothing: what follows no key.
    writeFileSync(`${fileOf(1)}.after-e3b0c44298fc1c14`, JSON.stringify({ keys: [made] }));
    expect(loadSealingKeys(fileOf(1), 30, OLD)).to.deep.equal([made]);
    expect(readdirSync(folder)).to.deep.equal(['keys-1.json']);
  });

  it('are refused when the file is there and unreadable', () => {
    writeFileSync(fileOf(1), '{');
    expect(() => loadSealingKeys(fileOf(1), 30, OLD))
      .to.throw()
      .with.property('code', 'ERR_AUTH_FILE');
    mkdirSync(fileOf(2));
    expect(() => loadSealingKeys(fileOf(2), 30, OLD))
      .to.throw()
      .with.property('code', 'ERR_AUTH_FILE');
  });
});
