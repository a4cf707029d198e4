import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseUrl } from '#libs/urls';

describe('parse-url', () => {
  it('reads absolute URLs, and relative ones where there is a base', () => {
    expect(parseUrl('https://wiki.example/a')?.href).to.equal('https://wiki.example/a');
    expect(parseUrl('../b', 'https://wiki.example/a/')?.href).to.equal('https://wiki.example/b');
  });

  for (const text of ['', '/a', 'wiki.example', 'http://', 'http://[', 'http://a b/', 'http://a:99999/'])
    it(`says of ${JSON.stringify(text)} that it is none`, () => {
      expect(parseUrl(text)).to.equal(undefined);
    });

  it('says the same of letters beyond ASCII however often it is asked', () => {
    const read = new Set(Array.from({ length: 100_000 }, () => parseUrl('http://b\u00fccher.internal/')?.hostname));
    expect([...read]).to.deep.equal(['xn--bcher-kva.internal']);
  });
});
