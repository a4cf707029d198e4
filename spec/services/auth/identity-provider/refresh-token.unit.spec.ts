import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { IdentityProviderError } from '../../../../services/auth/src/errors.ts';
import {
  keepableRefreshToken,
  MAX_REFRESH_TOKEN_LENGTH,
  nextTokenIn,
  requireKeepable,
} from '../../../../services/auth/src/identity-provider/refresh-token.ts';
import { typeSealer } from '../../../../services/auth/src/preauth/sealed-values.ts';
import { createNodeCryptoSealer } from '../../../../services/auth/src/sealing/node-crypto-sealer.ts';

const LONGEST = MAX_REFRESH_TOKEN_LENGTH;

describe('a refresh token', () => {
  const k = randomBytes(32).toString('base64url');
  const key = { kty: 'oct', kid: 'k1', alg: 'A256GCM', use: 'enc', k, createdAt: '2026-11-22T10:00:00.000Z' } as const;
  const sealer = typeSealer(createNodeCryptoSealer([key], () => Date.now()));

  for (const [what, token] of [
    ['of letters', 'a'.repeat(LONGEST)],
    ['of characters that JSON escapes', '"\\'.repeat(LONGEST / 4)],
    [
      'of every character that one may have',
      Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join(''),
    ],
  ] as const)
    it(`${what} is kept, and fits into a fact`, async () => {
      expect(keepableRefreshToken(token)).to.equal(token);
      expect(requireKeepable(token)).to.equal(token);
      expect(nextTokenIn(JSON.stringify({ refresh_token: token }))).to.equal(token);
      expect((await sealer.seal('refresh-token', { token }, 28_800)).length).to.be.at.most(8_192);
    });

  for (const [what, token] of [
    ['one letter too long', 'a'.repeat(LONGEST + 1)],
    ['of more characters that JSON escapes than there is room for', '"'.repeat(LONGEST / 2 + 1)],
    ['of letters that are no ASCII', '\u00fc'.repeat(LONGEST)],
    ['with a control character', 'a\nb'],
    ['that is empty', ''],
  ] as const)
    it(`${what} is not kept`, () => {
      expect(keepableRefreshToken(token)).to.equal(null);
      expect(() => requireKeepable(token)).to.throw(IdentityProviderError, 'printable ASCII');
      expect(nextTokenIn(JSON.stringify({ refresh_token: token }))).to.equal(null);
    });

  it('is in no answer that cannot be read', () => {
    for (const text of ['', '<html>', 'null', '7', '[]', '{}', '{"refresh_token":7}', '{"refresh_token":["a"]}'])
      expect(nextTokenIn(text), text).to.equal(null);
  });
});
