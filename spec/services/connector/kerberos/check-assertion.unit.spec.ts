import { expect } from 'chai';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { before, describe, it } from 'mocha';
import type { AssertionTrust } from '#libs/contracts';
import {
  ASSERTION_CLOCK_SKEW_SECONDS,
  createAssertionCheck,
} from '../../../../services/connector/src/origins/kerberos/check-assertion.ts';

const ISSUER = 'https://login.example.test';
const AUDIENCE = 'https://wiki.example.test';
const SPN = 'HTTP/wiki.example.test';
const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1000;

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;

describe('the assertion that a connector takes a user from', () => {
  let keys: Keys;
  let others: Keys;
  let trust: AssertionTrust;

  before(async () => {
    keys = await generateKeyPair('ES256', { extractable: true });
    others = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256' };
    trust = { issuer: ISSUER, keys: [jwk] };
  });

  type Changes = {
    readonly claims?: Readonly<Record<string, unknown>>;
    readonly key?: Keys['privateKey'] | Uint8Array;
    readonly alg?: string;
  };
  const sign = ({ claims = {}, key, alg = 'ES256' }: Changes = {}) =>
    new SignJWT({
      iss: ISSUER,
      aud: AUDIENCE,
      iat: NOW,
      exp: NOW + 600,
      delegated_login: 'alice',
      delegated_to: SPN,
      ...claims,
    })
      .setProtectedHeader({ alg, kid: 'one' })
      .sign(key ?? keys.privateKey);
  const check = async (assertion: string | undefined, known: AssertionTrust | null = trust) => {
    const checking = createAssertionCheck({ trust: () => known, nowMs: () => NOW_MS });
    const outcome = await checking(assertion, { audience: AUDIENCE, servicePrincipalName: SPN });
    return outcome.kind === 'login' ? outcome.login : outcome.text;
  };

  it('names them when all is as it should be, up to the skew of clocks', async () => {
    expect(await check(await sign())).to.equal('alice');
    const old = { iat: NOW - 700, exp: NOW - ASSERTION_CLOCK_SKEW_SECONDS + 1 };
    expect(await check(await sign({ claims: old }))).to.equal('alice');
  });

  const refused: readonly (readonly [string, () => Promise<string>, RegExp])[] = [
    ['past its end', () => sign({ claims: { exp: NOW - ASSERTION_CLOCK_SKEW_SECONDS - 1 } }), /"exp"/],
    ['without an end', () => sign({ claims: { exp: undefined } }), /"exp"/],
    ['for another app', () => sign({ claims: { aud: 'https://b.example.test' } }), /"aud"/],
    ['of another issuer', () => sign({ claims: { iss: 'https://evil.example.test' } }), /"iss"/],
    [
      'for another service',
      () => sign({ claims: { delegated_to: 'HTTP/hr' } }),
      /is for "HTTP\/hr", not for HTTP\/wiki/,
    ],
    ['for no service', () => sign({ claims: { delegated_to: undefined } }), /is for no service/],
    ['without a login', () => sign({ claims: { delegated_login: undefined } }), /names no login/],
    ['with several logins', () => sign({ claims: { delegated_login: ['alice', 'bob'] } }), /names no login/],
    ['that somebody else signed', () => sign({ key: others.privateKey }), /signature/],
    ['signed with a secret', () => sign({ key: new Uint8Array(32).fill(1), alg: 'HS256' }), /"alg"/],
    ['that is none', () => Promise.resolve('nonsense'), /Compact JWS/],
  ];
  for (const [what, make, why] of refused)
    it(`is refused ${what}`, async () => {
      expect(await check(await make())).to.match(why);
    });

  it('is refused where it lies in pieces, is absent, or no keys are known', async () => {
    const [head = '', , signature = ''] = (await sign()).split('.');
    const forged = Buffer.from(JSON.stringify({ iss: ISSUER, aud: AUDIENCE, delegated_login: 'bob' })).toString(
      'base64url',
    );
    expect(await check(`${head}.${forged}.${signature}`)).to.match(/not accepted/);
    expect(await check(undefined)).to.match(/no assertion/);
    expect(await check(await sign(), null)).to.match(/keys of auth/);
  });

  it('follows a change of keys', async () => {
    let known = trust;
    const checking = createAssertionCheck({ trust: () => known, nowMs: () => NOW_MS });
    const expected = { audience: AUDIENCE, servicePrincipalName: SPN };
    const fresh = await sign({ key: others.privateKey });
    expect((await checking(fresh, expected)).kind).to.equal('refused');
    known = { issuer: ISSUER, keys: [{ ...(await exportJWK(others.publicKey)), kid: 'one', alg: 'ES256' }] };
    expect((await checking(fresh, expected)).kind).to.equal('login');
    expect((await checking(await sign(), expected)).kind).to.equal('refused');
  });
});
