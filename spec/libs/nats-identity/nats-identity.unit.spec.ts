import { createUser, fromPublic, fromSeed } from '@nats-io/jwt';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isSallyportError } from '#libs/errors';
import {
  createNkey,
  credentialsOf,
  decodeJwt,
  encodeAccountJwt,
  encodeUserJwt,
  isPublicNkey,
  nkeyFromSeed,
  OPEN_LIMITS,
  parseCredentials,
  verifyUserJwt,
} from '#libs/nats-identity';

describe('nkeys', () => {
  it('are the same keys the client library knows', () => {
    const theirs = createUser();
    const seed = new TextDecoder().decode(theirs.getSeed());
    const ours = nkeyFromSeed(seed, 'user');
    expect(ours.publicKey).to.equal(theirs.getPublicKey());
    expect(ours.seed()).to.equal(seed);
    const data = new TextEncoder().encode('nonce');
    expect(Buffer.from(ours.sign(data)).equals(Buffer.from(theirs.sign(data)))).to.equal(true);
  });

  for (const kind of ['operator', 'account', 'user', 'server'] as const) {
    it(`of kind ${kind} are read by the client library`, () => {
      const key = createNkey(kind);
      expect(fromSeed(new TextEncoder().encode(key.seed())).getPublicKey()).to.equal(key.publicKey);
      expect(fromPublic(key.publicKey).getPublicKey()).to.equal(key.publicKey);
      expect(isPublicNkey(key.publicKey, kind)).to.equal(true);
    });
  }

  const wrong = ['', 'SU', 'hello', createNkey('account').seed(), `${createNkey('user').seed().slice(0, -1)}1`];
  for (const text of wrong) {
    it(`a text of ${text.length} characters that is no user seed is refused without being shown`, () => {
      try {
        nkeyFromSeed(text, 'user');
        expect.fail('was accepted');
      } catch (error) {
        expect(isSallyportError(error, 'ERR_NKEY_SEED')).to.equal(true);
        if (text) expect(String(error)).to.not.contain(text.length > 4 ? text : '\u0000');
      }
      expect(isPublicNkey(text, 'user')).to.equal(false);
    });
  }
});

describe('user JWTs', () => {
  const account = createNkey('account');
  const signer = createNkey('account');
  const user = createNkey('user');
  const nowSeconds = Math.floor(Date.now() / 1000);
  const expected = { account: account.publicKey, issuers: [signer.publicKey], nowSeconds };
  const encode = (more: { readonly expiresAtSeconds?: number; readonly signer?: typeof signer } = {}) =>
    encodeUserJwt({
      name: 'con_1',
      publicKey: user.publicKey,
      account: account.publicKey,
      signer,
      permissions: { tags: ['group:one'] },
      ...more,
    });

  it('of a known issuer are accepted with name, key and tags', async () => {
    const verdict = verifyUserJwt(await encode(), expected);
    expect(verdict).to.deep.include({
      status: 'accepted',
      name: 'con_1',
      publicKey: user.publicKey,
      tags: ['group:one'],
    });
  });

  it('are refused with a reason each', async () => {
    const good = await encode();
    const [head, body] = good.split('.');
    const forged = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(body ?? '', 'base64url').toString()), name: 'con_2' }),
    );
    const cases: readonly [string, string, Parameters<typeof verifyUserJwt>[1]][] = [
      ['jwt-malformed', 'garbage', expected],
      ['jwt-malformed', 'a.b.c', expected],
      ['jwt-malformed', `${good}.more`, expected],
      ['jwt-signature-wrong', `${head}.${forged.toString('base64url')}.${good.split('.')[2]}`, expected],
      ['jwt-issuer-unknown', await encode({ signer: createNkey('account') }), expected],
      ['jwt-issuer-unknown', good, { ...expected, account: createNkey('account').publicKey }],
      ['jwt-expired', await encode({ expiresAtSeconds: nowSeconds - 1 }), expected],
      ['jwt-revoked', good, { ...expected, revocations: { [user.publicKey]: nowSeconds + 600 } }],
      ['jwt-revoked', good, { ...expected, revocations: { '*': nowSeconds + 600 } }],
      [
        'jwt-malformed',
        await encodeAccountJwt({
          name: 'A',
          publicKey: account.publicKey,
          signer: createNkey('operator'),
          claims: { limits: OPEN_LIMITS },
        }),
        expected,
      ],
    ];
    for (const [reason, text, against] of cases)
      expect(verifyUserJwt(text, against)).to.deep.equal({ status: 'refused', reason });
  });

  it('issued after a revocation are accepted again', async () => {
    const verdict = verifyUserJwt(await encode(), { ...expected, revocations: { [user.publicKey]: nowSeconds - 60 } });
    expect(verdict.status).to.equal('accepted');
  });

  it('come back from a credentials file with their seed', async () => {
    const jwt = await encode();
    expect(parseCredentials(credentialsOf(jwt, user))).to.deep.equal({ jwt, seed: user.seed() });
    expect(parseCredentials('nothing here')).to.equal(undefined);
    expect(decodeJwt(jwt).status).to.equal('valid');
  });
});
