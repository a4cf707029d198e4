import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  authorizationOptions,
  foreignOption,
} from '../../../../services/auth/src/identity-provider/authorization-parameters.ts';
import type { SignInDemand } from '../../../../services/auth/src/identity-provider/identity-provider.ts';

const nobody: SignInDemand = { contexts: [], isFresh: false, loginHint: null };
const pkce = { code_challenge: 'challenge', code_challenge_method: 'S256' };

describe('authorization request of a demand', () => {
  const ask = (demand: Partial<SignInDemand>) => authorizationOptions({ ...nobody, ...demand }, 'challenge');

  it('asks without one for nothing but PKCE and when the sign-in was: a silent one may be old', () => {
    const plain = { extraAuthReqQueryParams: { ...pkce, claims: '{"id_token":{"auth_time":{"essential":true}}}' } };
    expect(authorizationOptions(undefined, 'challenge')).to.deep.equal(plain);
    expect(ask({})).to.deep.equal(plain);
  });

  it('asks for one context by value, for more by values', () => {
    const claims = (contexts: readonly string[]) => ask({ contexts }).extraAuthReqQueryParams.claims;
    expect(claims(['c1'])).to.equal(
      '{"id_token":{"acrs":{"essential":true,"value":"c1"},"auth_time":{"essential":true}}}',
    );
    expect(claims(['c1', 'c2'])).to.equal(
      '{"id_token":{"acrs":{"essential":true,"values":["c1","c2"]},"auth_time":{"essential":true}}}',
    );
  });

  it('cannot be widened by what a context is called', () => {
    const { claims = '' } = ask({ contexts: ['c1"},"x":{"'] }).extraAuthReqQueryParams;
    expect(JSON.parse(claims)).to.deep.equal({
      id_token: { acrs: { essential: true, value: 'c1"},"x":{"' }, auth_time: { essential: true } },
    });
  });

  it('asks for a fresh sign-in by prompt and for the instant it is judged by, not by max_age', () => {
    const { prompt, extraAuthReqQueryParams } = ask({ isFresh: true, contexts: ['c3'] });
    expect(prompt).to.equal('login');
    expect(extraAuthReqQueryParams).to.have.all.keys('claims', 'code_challenge', 'code_challenge_method');
    expect(extraAuthReqQueryParams.claims).to.equal(
      '{"id_token":{"acrs":{"essential":true,"value":"c3"},"auth_time":{"essential":true}}}',
    );
  });

  it('names who is signed in, unless the name is longer than any', () => {
    expect(ask({ loginHint: 'bob@example.test' }).login_hint).to.equal('bob@example.test');
    expect(ask({ loginHint: 'b'.repeat(321) })).not.to.have.property('login_hint');
  });

  it('is made of our own options only', () => {
    expect(foreignOption(undefined)).to.equal(null);
    expect(foreignOption({ session: false, ...ask({ isFresh: true, contexts: ['c1'], loginHint: 'bob' }) })).to.equal(
      null,
    );
    expect(foreignOption({ extraTokenReqQueryParams: { code_verifier: 'x' } })).to.equal(null);
    const foreign: readonly [object, string][] = [
      [{ resourceURL: 'https://evil.example' }, 'resourceURL'],
      [{ customState: 'x' }, 'customState'],
      [{ domain_hint: 'evil.example' }, 'domain_hint'],
      [{ prompt: 'none' }, 'prompt'],
      [{ extraAuthReqQueryParams: { redirect_uri: 'https://evil.example' } }, 'redirect_uri'],
      [{ extraAuthReqQueryParams: { ...pkce, response_type: 'token' } }, 'response_type'],
      [{ extraAuthReqQueryParams: { claims: ['a', 'b'] } }, 'claims'],
      [{ extraTokenReqQueryParams: { scope: 'admin' } }, 'scope'],
    ];
    for (const [options, name] of foreign) expect(foreignOption(options), name).to.equal(name);
  });
});
