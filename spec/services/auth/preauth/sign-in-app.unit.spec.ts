import { expect } from 'chai';
import { describe, it } from 'mocha';
import { MAX_RETURN_URL_LENGTH, returnUrlOf } from '../../../../services/auth/src/preauth/sign-in-app.ts';

const app = (externalUrl: string) => ({
  id: 'app_wiki',
  addresses: [{ externalUrl }],
  cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' as const },
  identityProvider: null,
});
const WIKI = app('https://wiki.example:8443/');
const DOCS = app('https://wiki.example:8443/docs/');

describe('return address', () => {
  const kept: readonly [typeof WIKI, string][] = [
    [WIKI, 'https://wiki.example:8443/'],
    [WIKI, 'https://wiki.example:8443/a/b?x=1&y=%20#part'],
    [DOCS, 'https://wiki.example:8443/docs/'],
    [DOCS, 'https://wiki.example:8443/docs/a'],
    [DOCS, 'https://wiki.example:8443/docs'],
  ];
  for (const [of, address] of kept) it(`stays ${address}`, () => expect(returnUrlOf(of, address)).to.equal(address));

  const refused: readonly [typeof WIKI, string][] = [
    [WIKI, 'https://wiki.example/'],
    [WIKI, 'http://wiki.example:8443/'],
    [WIKI, 'https://evil.example:8443/'],
    [WIKI, 'https://wiki.example:8443@evil.example/'],
    [WIKI, 'https://user:pw@wiki.example:8443/'],
    [WIKI, '//evil.example/'],
    [WIKI, '/relative'],
    [WIKI, 'javascript:alert(1)'],
    [DOCS, 'https://wiki.example:8443/'],
    [DOCS, 'https://wiki.example:8443/docs/../admin'],
    [DOCS, 'https://wiki.example:8443/documents'],
  ];
  for (const [of, address] of refused)
    it(`is refused: ${address}`, () => expect(returnUrlOf(of, address)).to.equal(null));

  it('becomes the start page of the app when it is too long for a cookie', () => {
    expect(returnUrlOf(WIKI, `https://wiki.example:8443/${'x'.repeat(MAX_RETURN_URL_LENGTH)}`)).to.equal(
      'https://wiki.example:8443/',
    );
  });

  describe('of an app with several hosts', () => {
    const of = {
      ...WIKI,
      addresses: [{ externalUrl: 'https://*.apps.example:8443/' }, { externalUrl: 'https://hr.example.org:8443/' }],
    };
    for (const address of ['https://a.apps.example:8443/x', 'https://hr.example.org:8443/'])
      it(`stays ${address}`, () => expect(returnUrlOf(of, address)).to.equal(address));
    for (const address of [
      'https://apps.example:8443/',
      'https://a.apps.example/',
      'https://aapps.example:8443/',
      'https://a.apps.example.evil.com:8443/',
      'https://*.apps.example.com:8443/',
    ])
      it(`is refused: ${address}`, () => expect(returnUrlOf(of, address)).to.equal(null));

    it('becomes the start page of the host it came by', () => {
      const long = `https://a.apps.example:8443/${'x'.repeat(MAX_RETURN_URL_LENGTH)}`;
      expect(returnUrlOf(of, long)).to.equal('https://a.apps.example:8443/');
    });

    it('is refused for a wildcard app with no segment left', () =>
      expect(returnUrlOf({ ...WIKI, addresses: [] }, 'https://a.apps.example:8443/')).to.equal(null));
  });
});
