import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { decisionKey, tokenDecisionKey } from '../../../../services/ingress/src/decisions/decision-key.ts';
import {
  type CredentialFields,
  holdsOwnToken,
  readPresentedToken,
} from '../../../../services/ingress/src/decisions/presented-token.ts';

const OURS = `sallyport_stk_${'a'.repeat(24)}_${'b'.repeat(32)}`;
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2ln';
const fields = (change: Partial<CredentialFields> = {}): CredentialFields => ({
  credential: undefined,
  isCredentialRepeated: false,
  authorization: undefined,
  isAuthorizationRepeated: false,
  ...change,
});
const malformed = { kind: 'malformed' };
const used = (token: string, header: string) => ({ kind: 'token', token, header });

describe('tokens that a request presents', () => {
  const cases: readonly [
    string,
    Partial<CredentialFields>,
    taken: object | undefined,
    otherwise: object | undefined,
  ][] = [
    ['nothing', {}, undefined, undefined],
    [
      'our own field',
      { credential: `Bearer ${JWT}` },
      used(JWT, 'x-sallyport-authorization'),
      used(JWT, 'x-sallyport-authorization'),
    ],
    [
      'our own field, any case',
      { credential: `bEARER ${JWT}` },
      used(JWT, 'x-sallyport-authorization'),
      used(JWT, 'x-sallyport-authorization'),
    ],
    ['a service token', { authorization: `Bearer ${OURS}` }, used(OURS, 'authorization'), used(OURS, 'authorization')],
    ['a token of the provider', { authorization: `Bearer ${JWT}` }, used(JWT, 'authorization'), undefined],
    ['a password', { authorization: 'Basic YTpi' }, undefined, undefined],
    ['Negotiate', { authorization: 'Negotiate YII' }, undefined, undefined],
    [
      'ours before theirs',
      { credential: `Bearer ${JWT}`, authorization: `Bearer x.y.z` },
      used(JWT, 'x-sallyport-authorization'),
      used(JWT, 'x-sallyport-authorization'),
    ],
    ['two of ours', { credential: `Bearer ${JWT}`, authorization: `Bearer ${OURS}` }, malformed, malformed],
    [
      'our own field twice',
      { credential: `Bearer ${JWT},Bearer ${JWT}`, isCredentialRepeated: true },
      malformed,
      malformed,
    ],
    [
      'our own field twice, once empty',
      { credential: `,Bearer ${JWT}`, isCredentialRepeated: true },
      malformed,
      malformed,
    ],
    [
      'a service token twice',
      { authorization: `Bearer ${OURS},Bearer ${OURS}`, isAuthorizationRepeated: true },
      malformed,
      malformed,
    ],
    [
      'a service token behind a password',
      { authorization: `Basic YTpi,Bearer ${OURS}`, isAuthorizationRepeated: true },
      malformed,
      malformed,
    ],
    ['two in one field', { authorization: `Basic YTpi, Bearer ${OURS}` }, malformed, malformed],
    [
      'a provider token twice',
      { authorization: `Bearer ${JWT},Bearer ${JWT}`, isAuthorizationRepeated: true },
      malformed,
      undefined,
    ],
    [
      'a provider token behind a password',
      { authorization: `Basic YTpi,Bearer ${JWT}`, isAuthorizationRepeated: true },
      malformed,
      undefined,
    ],
    ['our own field, another scheme', { credential: 'Basic YTpi' }, malformed, malformed],
    ['our own field, no scheme', { credential: JWT }, malformed, malformed],
    ['our own field, empty', { credential: '' }, malformed, malformed],
    ['a scheme alone', { authorization: 'Bearer' }, malformed, undefined],
    ['two words', { authorization: `Bearer ${JWT} x` }, malformed, undefined],
    ['a tab in place of a space', { authorization: `Bearer\t${OURS}` }, malformed, malformed],
    ['a service token without a scheme', { authorization: OURS }, malformed, malformed],
    ['a service token of another scheme', { authorization: `Token ${OURS}` }, malformed, malformed],
    ['a service token and a colon', { authorization: `Bearer: ${OURS}` }, malformed, malformed],
    ['a service token in a parameter', { authorization: `Token token='${OURS}'` }, malformed, malformed],
    ['a part of a service token', { authorization: `Token ${OURS.slice(0, -1)}` }, malformed, malformed],
    ['what only begins like one', { authorization: 'Token sallyport_stick' }, undefined, undefined],
    ['quotes', { authorization: `Bearer "${OURS}"` }, malformed, malformed],
    [
      'a service token in capitals',
      { authorization: `BEARER ${OURS.toUpperCase()}` },
      used(OURS.toUpperCase(), 'authorization'),
      used(OURS.toUpperCase(), 'authorization'),
    ],
    [
      '16,384 characters',
      { credential: `Bearer ${'a'.repeat(16_384)}` },
      used('a'.repeat(16_384), 'x-sallyport-authorization'),
      used('a'.repeat(16_384), 'x-sallyport-authorization'),
    ],
    ['one more', { credential: `Bearer ${'a'.repeat(16_385)}` }, malformed, malformed],
  ];
  for (const [name, given, taken, otherwise] of cases)
    it(`${name}: as expected where the app takes Authorization, and where it does not`, () => {
      expect(readPresentedToken(fields(given), true)).to.deep.equal(taken);
      expect(readPresentedToken(fields(given), false)).to.deep.equal(otherwise);
    });

  it('of ours are found wherever they stand, so that no origin sees one', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), fc.string({ maxLength: 30 }), (before, after) => {
        const value = `${before}${OURS}${after}`;
        expect(holdsOwnToken(value)).to.equal(true);
        const presented = readPresentedToken(fields({ authorization: value }), false);
        expect(presented?.kind).to.be.oneOf(['token', 'malformed']);
      }),
    );
  });

  it('have a key that no cookie has', () => {
    expect(tokenDecisionKey('app', 'x')).not.to.equal(decisionKey('app', 'x'));
    expect(tokenDecisionKey('app', 'x')).not.to.equal(tokenDecisionKey('other', 'x'));
  });
});
