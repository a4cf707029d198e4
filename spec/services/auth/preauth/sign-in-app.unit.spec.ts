import { expect } from 'chai';
import { describe, it } from 'mocha';
import { MAX_RETURN_URL_LENGTH, returnUrlOf } from '../../../../services/auth/src/preauth/sign-in-app.ts';

const app = (externalUrl: string) => ({
  id: 'app_wiki',
  externalUrl: new URL(externalUrl),
  cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' as const },
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
      WIKI.externalUrl.href,
    );
  });
});
