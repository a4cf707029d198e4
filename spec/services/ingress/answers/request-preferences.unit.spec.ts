import { expect } from 'chai';
import { describe, it } from 'mocha';
import { prefersPage, refusesPage } from '../../../../services/ingress/src/answers/request-preferences.ts';

describe('page or document, by Accept', () => {
  for (const [accept, isPage] of [
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['text/html', true],
    ['TEXT/HTML;charset=utf-8', true],
    ['application/xhtml+xml', true],
    ['text/*', true],
    ['text/html, application/json', true],
    ['', false],
    ['*/*', false],
    ['application/json', false],
    ['application/json, text/html;q=0.9', false],
    ['application/problem+json, text/html;q=0.5, */*;q=0.1', false],
    ['application/*, text/html;q=0.5', false],
    ['text/html;q=0', false],
    ['text/html;q=0, */*', false],
    ['text/html;q=0, text/*', false],
    ['text/plain', false],
    ['application/xml;note="text/html"', false],
    ['x/text/html', false],
  ] as const) {
    it(`is a ${isPage ? 'page' : 'document'} for "${accept}"`, () => expect(prefersPage(accept)).to.equal(isPage));
  }

  it('is refused as a page only by name', () => {
    expect(['text/html;q=0', 'text/html;q=0.0, */*'].map(refusesPage)).to.deep.equal([true, true]);
    expect(['', '*/*', 'text/html', 'application/json', 'text/*;q=0'].map(refusesPage)).not.to.include(true);
  });
});
