import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createAssertionSigner } from '../../../../services/auth/src/tokens/assertion-signer.ts';

const SCRIPT = fileURLToPath(new URL('./sign-with-keys-at.ts', import.meta.url));
const FILES = 60;

describe('the key of identity assertions', function assertionKeySpecs() {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-assertion-key-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const open = (name: string) =>
    createAssertionSigner({
      keyFile: join(folder, `${name}.pem`),
      issuer: 'https://login.example.com',
      nowMs: Date.now,
    }).keys[0]?.kid;

  it('is the same in processes that make the file at the same time, and in the file', async () => {
    const startAtMs = Date.now() + 3_000;
    const options = ['--import=tsx', '--conditions=sallyport-source', SCRIPT, folder, String(startAtMs), String(FILES)];
    const runs = [1, 2, 3].map(() => promisify(execFile)(process.execPath, options));
    const ids = (await Promise.all(runs)).map(({ stdout }) => JSON.parse(stdout) as unknown[]);
    for (let i = 0; i < FILES; i += 1) {
      const kept = open(`key-${i}`);
      expect(ids.map((of) => of[i])).to.deep.equal([kept, kept, kept]);
    }
    expect(statSync(join(folder, 'key-0.pem')).mode & 0o777).to.equal(0o600);
    expect(readdirSync(folder).filter((name) => !/^(key|warm)-\d+\.pem$/.test(name))).to.deep.equal([]);
  });

  it('is not made anew when the file is there and unreadable', () => {
    writeFileSync(join(folder, 'half.pem'), '-----BEGIN');
    expect(() => open('half'))
      .to.throw()
      .with.property('code', 'ERR_AUTH_FILE');
  });
});
