import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Sealer } from '../../services/auth/src/sealing/sealer.ts';
import type { SealingKeys } from '../../services/auth/src/sealing/sealing-keys.ts';

export type MakeSealer = (keys: SealingKeys, nowMs: () => number) => Promise<Sealer>;

/** Keys for specs: the older one first made, newest first. */
export const OLD_KEY = key('old', 1);
export const NEW_KEY = key('new', 2);

/** What every sealer must do; `others` are sealers whose texts it must read. */
export function sealerContract(name: string, make: MakeSealer, others: readonly MakeSealer[]): void {
  describe(`sealer contract: ${name}`, () => {
    const now = { ms: Date.parse('2026-11-22T10:00:00Z') };
    const clock = () => now.ms;
    const value = { sessionId: 'ses_x', text: 'grüße \u{1F512}', list: [1, 2, 3] };

    it('opens what it sealed, until it expires', async () => {
      const sealer = await make([NEW_KEY], clock);
      const text = await sealer.seal('session', value, 60);
      expect((await sealer.open('session', text))?.value).to.deep.equal(value);
      expect((await sealer.open('session', text))?.expiresAtMs).to.equal(now.ms + 60_000);
      now.ms += 60_000;
      expect(await sealer.open('session', text)).to.equal(null);
      now.ms -= 60_000;
    });

    it('has exactly the header alg, enc, kid and never the same text twice', async () => {
      const sealer = await make([NEW_KEY], clock);
      const [one, two] = await Promise.all([sealer.seal('access', value, 60), sealer.seal('access', value, 60)]);
      expect(one).not.to.equal(two);
      const header: unknown = JSON.parse(Buffer.from(one.split('.')[0] ?? '', 'base64url').toString());
      expect(header).to.deep.equal({ alg: 'dir', enc: 'A256GCM', kid: 'new' });
    });

    it('does not open a text for another purpose', async () => {
      const sealer = await make([NEW_KEY], clock);
      const text = await sealer.seal('ticket', value, 60);
      expect(await sealer.open('access', text)).to.equal(null);
    });

    it('opens with every key, seals with the newest, and not with a key that is gone', async () => {
      const before = await (await make([OLD_KEY], clock)).seal('session', value, 60);
      const both = await make([NEW_KEY, OLD_KEY], clock);
      expect((await both.open('session', before))?.value).to.deep.equal(value);
      const after = await both.seal('session', value, 60);
      expect(await (await make([OLD_KEY], clock)).open('session', after)).to.equal(null);
      expect(await (await make([NEW_KEY], clock)).open('session', before)).to.equal(null);
    });

    it('answers null to every single changed character', async () => {
      const sealer = await make([NEW_KEY], clock);
      const text = await sealer.seal('access', { a: 1 }, 60);
      for (let at = 0; at < text.length; at += 1) {
        const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
        // The last character of a base64url part carries unused bits: some changes there are no change of the bytes.
        const isSame = changed.split('.').every((part, index) => same(part, text.split('.')[index] ?? ''));
        if (!isSame) expect(await sealer.open('access', changed), `at ${at}`).to.equal(null);
      }
    });

    it('answers null to garbage of any shape', async () => {
      const sealer = await make([NEW_KEY], clock);
      const text = await sealer.seal('access', value, 60);
      const parts = text.split('.');
      const withHeader = (header: object) =>
        [Buffer.from(JSON.stringify(header)).toString('base64url'), ...parts.slice(1)].join('.');
      const garbage = [
        '',
        '....',
        'x',
        text.slice(0, -1),
        `${text}.`,
        parts.slice(0, 4).join('.'),
        withHeader({ alg: 'dir', enc: 'A256GCM', kid: 'new', zip: 'DEF' }),
        withHeader({ alg: 'dir', enc: 'A256GCM', kid: 'new', crit: ['exp'] }),
        withHeader({ alg: 'none', enc: 'A256GCM', kid: 'new' }),
        withHeader({ alg: 'A256KW', enc: 'A256GCM', kid: 'new' }),
        withHeader({ alg: 'dir', enc: 'A256GCM', kid: '__proto__' }),
        withHeader([]),
        'a'.repeat(9000),
        `${parts[0]}..${parts[2]}.${'A'.repeat(9000)}.${parts[4]}`,
      ];
      for (const one of garbage) expect(await sealer.open('access', one), one.slice(0, 80)).to.equal(null);
      for (const one of [undefined, null, 7, {}]) expect(await sealer.open('access', one as string)).to.equal(null);
    });

    it('refuses to seal more than 8192 characters', async () => {
      const sealer = await make([NEW_KEY], clock);
      const failure = await sealer.seal('access', 'x'.repeat(8000), 60).catch((error: { code: string }) => error.code);
      expect(failure).to.equal('ERR_AUTH_SEAL_SIZE');
    });

    it('reads the texts of the other implementations', async () => {
      const sealer = await make([NEW_KEY, OLD_KEY], clock);
      for (const other of others) {
        const text = await (await other([OLD_KEY], clock)).seal('session', value, 60);
        expect((await sealer.open('session', text))?.value).to.deep.equal(value);
      }
    });
  });
}

function key(kid: string, fill: number): SealingKeys[0] {
  const k = Buffer.alloc(32, fill).toString('base64url');
  return { kty: 'oct', kid, alg: 'A256GCM', use: 'enc', k, createdAt: '2026-11-22T00:00:00.000Z' };
}

function same(one: string, two: string): boolean {
  return Buffer.from(one, 'base64url').equals(Buffer.from(two, 'base64url'));
}
