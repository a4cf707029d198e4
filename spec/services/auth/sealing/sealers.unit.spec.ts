import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { cacheOpened } from '../../../../services/auth/src/sealing/cached-sealer.ts';
import { createNodeCryptoSealer } from '../../../../services/auth/src/sealing/node-crypto-sealer.ts';
import { createNodeJoseSealer } from '../../../../services/auth/src/sealing/node-jose-sealer.ts';
import { loadSealingKeys } from '../../../../services/auth/src/sealing/sealing-keys.ts';
import { type MakeSealer, NEW_KEY, sealerContract } from '../../../contracts/sealer.contract.ts';

const byJose: MakeSealer = (keys, nowMs) => createNodeJoseSealer(keys, nowMs);
const byCrypto: MakeSealer = async (keys, nowMs) => createNodeCryptoSealer(keys, nowMs);
const cached: MakeSealer = async (keys, nowMs) => cacheOpened(createNodeCryptoSealer(keys, nowMs), nowMs, 2);

sealerContract('node-jose', byJose, [byCrypto]);
sealerContract('node:crypto', byCrypto, [byJose]);
sealerContract('node:crypto behind the cache of opened texts', cached, [byJose]);

describe('cache of opened texts', () => {
  it('opens a text once, and again when the bound pushed it out', async () => {
    const inner = createNodeCryptoSealer([NEW_KEY]);
    let opened = 0;
    const counting = cacheOpened(
      { ...inner, open: (...args) => inner.open(...args).finally(() => (opened += 1)) },
      Date.now,
      2,
    );
    const texts = await Promise.all(['a', 'b', 'c'].map((value) => counting.seal('access', value, 60)));
    const [a = '', b = '', c = ''] = texts;
    for (const text of [a, a, b, b, a]) await counting.open('access', text);
    expect(opened).to.equal(2);
    await counting.open('access', c);
    await counting.open('access', b);
    expect(opened).to.equal(4);
  });
});

describe('sealing key file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-keys-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const start = new Date('2026-11-22T10:00:00Z');
  const later = (days: number) => new Date(start.getTime() + days * 86_400_000);

  it('is made once with mode 0600 and read again', () => {
    const path = join(folder, 'deeper', 'keys.json');
    const keys = loadSealingKeys(path, 30, start);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(loadSealingKeys(path, 30, later(29))).to.deep.equal(keys);
  });

  it('gets a new key in front after the configured days and keeps at most four', () => {
    const path = join(folder, 'keys.json');
    const first = loadSealingKeys(path, 30, start);
    const second = loadSealingKeys(path, 30, later(30));
    expect(second.map(({ kid }) => kid).slice(1)).to.deep.equal(first.map(({ kid }) => kid));
    for (const days of [60, 90, 120, 150]) loadSealingKeys(path, 30, later(days));
    expect(loadSealingKeys(path, 30, later(151))).to.have.length(4);
  });

  it('is never replaced when it cannot be read', () => {
    const path = join(folder, 'keys.json');
    for (const text of ['', '{', '{"keys":[]}', '{"keys":[{"kty":"oct","kid":"x","k":"short"}]}']) {
      writeFileSync(path, text);
      expect(() => loadSealingKeys(path, 30, start), text).to.throw(/sealing key file .* cannot be used/);
      expect(readFileSync(path, 'utf8')).to.equal(text);
    }
  });
});
