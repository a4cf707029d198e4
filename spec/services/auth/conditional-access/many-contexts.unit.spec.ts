import { expect } from 'chai';
import { describe, it } from 'mocha';
import { accessChallenge } from '#libs/contracts';
import { typeSealer } from '../../../../services/auth/src/preauth/sealed-values.ts';
import { createNodeCryptoSealer } from '../../../../services/auth/src/sealing/node-crypto-sealer.ts';
import { NEW_KEY } from '../../../contracts/sealer.contract.ts';
import { evaluate, policy } from '../../../libs/conditional-access/policy-sets.ts';

/** Ten policies that together ask for every authentication context there is. */
const policies = Array.from({ length: 10 }, (_one, part) => {
  const numbers = Array.from({ length: part === 9 ? 9 : 10 }, (_other, index) => part * 10 + index + 1);
  const controls = numbers.map((number) => ({ kind: 'authentication-strength', context: `c${number}` }));
  return policy({ id: `p${part}`, name: `Policy ${part}`, grant: { kind: 'require', controls } });
});

describe('a challenge for every authentication context', () => {
  const contexts = [...(evaluate(policies).challenge?.contexts ?? [])];

  it('is one that a decision can record', () => {
    expect(contexts).to.have.length(99);
    expect(accessChallenge.safeParse({ contexts }).success).to.equal(true);
  });
  it('is one that a sign-in can carry', async () => {
    const sealer = typeSealer(createNodeCryptoSealer([NEW_KEY], Date.now));
    const begin = { appId: 'app_1', returnUrl: 'https://app.example/', suffix: '', hash: '', challenge: { contexts } };
    const sealed = await sealer.seal('begin', begin, 60);
    expect((await sealer.open('begin', sealed))?.challenge).to.deep.equal({ contexts });
  });
});
