import { expect } from 'chai';
import { describe, it } from 'mocha';
import { SeenTokens } from '../../../../services/auth/src/provider-logout/seen-tokens.ts';

const NOW = 1_000_000_000;
const token = (tokenId: string, issuer = 'https://idp.example') => ({ issuer, tokenId, expiresAtMs: NOW + 120_000 });

describe('logout tokens that were used', () => {
  it('are taken once each, per issuer', () => {
    const seen = new SeenTokens(() => NOW);
    expect(seen.take(token('a'))).to.equal(true);
    expect(seen.take(token('a'))).to.equal(false);
    expect(seen.take(token('a', 'https://other.example'))).to.equal(true);
  });

  it('are taken again when nothing came of it', () => {
    const seen = new SeenTokens(() => NOW);
    seen.take(token('a'));
    seen.giveBack(token('a'));
    expect(seen.take(token('a'))).to.equal(true);
  });

  it('are remembered beyond their end, as long as clocks may differ', () => {
    let now = NOW;
    const seen = new SeenTokens(() => now);
    seen.take(token('a'));
    now += 120_000 + 300_000;
    expect(seen.take(token('a'))).to.equal(false);
  });

  it('are forgotten at the bound: expired ones first, then the first', () => {
    const seen = new SeenTokens(() => NOW, 2);
    seen.take({ ...token('old'), expiresAtMs: NOW - 3_600_000 });
    seen.take(token('a'));
    seen.take(token('b'));
    expect(seen.take(token('a'))).to.equal(false);
    seen.take(token('c'));
    expect(seen.take(token('b')), 'b is younger than a').to.equal(false);
    expect(seen.take(token('a')), 'a had to go').to.equal(true);
  });
});
