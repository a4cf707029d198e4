import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { CorsRule } from '#libs/contracts';
import { allowsSocketFrom } from '../../../../services/ingress/src/cors/decide-socket-origin.ts';

const PORTAL = 'https://portal.example.com';
const OWN = ['https://wiki.example.com:8443', 'https://docs.example.com:8443'];
const rule = (changes: Partial<CorsRule> = {}): CorsRule => ({
  resource: '/',
  allowedOrigins: [PORTAL],
  allowedMethods: [],
  allowedHeaders: [],
  exposedHeaders: [],
  allowCredentials: true,
  maxAgeSeconds: 600,
  ...changes,
});
const isAllowed = (origin: string, rules: readonly CorsRule[] = [], host = 'wiki.example.com:8443') =>
  allowsSocketFrom(rules, { path: '/live/ws', origin, host }, OWN);

describe('WebSocket handshakes by cookie', () => {
  it('are allowed without an Origin, to the very origin asked, and to the other hosts of the app', () => {
    for (const origin of ['', ...OWN, 'https://WIKI.example.com:8443'])
      expect(isAllowed(origin), origin).to.equal(true);
    expect(isAllowed('https://free.example.com', [], 'free.example.com:443')).to.equal(true);
    expect(isAllowed('https://free.example.com:443', [], 'Free.example.com')).to.equal(true);
  });

  it('are refused to any other site, scheme, port, and to none at all', () => {
    for (const origin of [
      'https://evil.example',
      'null',
      'http://wiki.example.com:8443',
      'https://wiki.example.com',
      'https://wiki.example.com:84430',
      'https://wiki.example.com:8443.evil.example',
      'https://evil.wiki.example.com:8443',
      'https://*.example.com:8443',
      PORTAL,
      'file://',
    ])
      expect(isAllowed(origin), origin).to.equal(false);
  });

  it('are allowed to a site that a rule for the path trusts with credentials, and not by other rules', () => {
    expect(isAllowed(PORTAL, [rule()])).to.equal(true);
    expect(isAllowed('https://evil.example', [rule()])).to.equal(false);
    expect(isAllowed(PORTAL, [rule({ allowCredentials: false })])).to.equal(false);
    expect(isAllowed(PORTAL, [rule({ resource: '/api/' })])).to.equal(false);
    expect(isAllowed(PORTAL, [rule(), rule({ resource: '/live/', allowedOrigins: ['https://a.example'] })])).to.equal(
      false,
    );
    expect(isAllowed('null', [rule({ allowedOrigins: ['*'], allowCredentials: false })])).to.equal(false);
  });
});
