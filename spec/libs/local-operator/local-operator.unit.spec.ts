import { createPublicKey } from 'node:crypto';
import { expect } from 'chai';
import { jwtVerify } from 'jose';
import { describe, it } from 'mocha';
import {
  createLocalOperatorKey,
  LOCAL_OPERATOR_AUDIENCE,
  LOCAL_OPERATOR_ISSUER,
  mintLocalOperatorToken,
} from '#libs/local-operator';

describe('local operator token', () => {
  it('verifies with the public key and lives five minutes', async () => {
    const { privateKeyPem, publicKeyPem } = createLocalOperatorKey();
    const token = await mintLocalOperatorToken(privateKeyPem, 'root');
    const { payload } = await jwtVerify(token, createPublicKey(publicKeyPem), {
      issuer: LOCAL_OPERATOR_ISSUER,
      audience: LOCAL_OPERATOR_AUDIENCE,
      algorithms: ['ES256'],
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).to.equal(300);
    expect(payload.name).to.equal('root');
  });

  it('says so when the key is none', async () => {
    const failure = await mintLocalOperatorToken('nonsense', 'root').catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'ERR_LOCAL_OPERATOR_KEY');
  });
});
