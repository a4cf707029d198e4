import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { parseRequestTarget } from '../../../../services/ingress/src/listener/request-target.ts';

const MAX = 16 * 1024;

describe('request target', () => {
  for (const [raw, path, query = '', matchPath = path] of [
    ['/', '/'],
    ['/a/b?c=d?e', '/a/b', '?c=d?e'],
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/..', '/'],
    ['/a/.', '/a/'],
    ['/.well-known/x', '/.well-known/x'],
    ['/...', '/...'],
    ['/%2e%2E/x'.replace('/%2e%2E', '/a/%2e%2E'), '/x'],
    ['/%7euser/%41', '/~user/A'],
    ['/a%2Fb', '/a%2Fb', '', '/a/b'],
    ['/a%5cb', '/a%5cb', '', '/a/b'],
    ['//a///b', '//a///b', '', '/a/b'],
    ['/caf\xe9?\xe9', '/caf%E9', '?%E9'],
    ['/a?x=%zz&y=../..', '/a', '?x=%zz&y=../..'],
    ['https://Wiki.example/a', '/a'],
    ['HTTPS://wiki.example', '/'],
    ['https://wiki.example?x', '/', '?x'],
    ['*', '*'],
  ] as const) {
    it(`reads ${raw} as ${path}${query}`, () => {
      expect(parseRequestTarget(raw, MAX)).to.deep.include({ path, query, matchPath });
    });
  }

  for (const [raw, fault] of [
    ['', 'target-form'],
    ['a', 'target-form'],
    ['http://wiki.example/', 'target-form'],
    ['https://me@wiki.example/', 'target-form'],
    ['https:///a', 'target-form'],
    ['/a b', 'target-character'],
    ['/a\tb', 'target-character'],
    ['/a?b c', 'target-character'],
    ['/a#b', 'target-character'],
    ['/a?b#c', 'target-character'],
    ['/a\\b', 'target-character'],
    ['/%', 'target-escape'],
    ['/%4', 'target-escape'],
    ['/%4g', 'target-escape'],
    ['/%00', 'target-escape'],
    ['/%0A', 'target-escape'],
    ['/%7f', 'target-escape'],
    ['/..', 'target-traversal'],
    ['/a/../..', 'target-traversal'],
    ['/%2e%2e', 'target-traversal'],
    ['/a/..%2f', 'target-traversal'],
    ['/a/.%5c', 'target-traversal'],
    ['/a%2f..', 'target-traversal'],
    ['/..;/a', 'target-traversal'],
    [`/${'a'.repeat(MAX)}`, 'target-too-long'],
  ] as const) {
    it(`refuses ${JSON.stringify(raw.slice(0, 40))} as ${fault}`, () => {
      expect(parseRequestTarget(raw, MAX)).to.equal(fault);
    });
  }

  it('is total, and what it accepts is normalized: reading it again changes nothing', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2F',
      '%5c',
      '%41',
      '%',
      'a',
      ';',
      '?',
      '#',
      '\\',
      '\x00',
      '\xe9',
      '%00',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const first = parseRequestTarget(`/${pieces.join('')}`, MAX);
        if (typeof first === 'string') return;
        expect(first.path.startsWith('/')).to.equal(true);
        expect(first.path.split('/')).not.to.include.members(['..']);
        expect(`${first.path}${first.query}`).to.match(/^[\x21-\x7e]+$/);
        expect(first.matchPath).not.to.match(/\/\/|%2f|%5c|(^|\/)\.\.?(\/|$)/i);
        expect(parseRequestTarget(`${first.path}${first.query}`, MAX)).to.deep.equal(first);
      }),
      { numRuns: 5_000 },
    );
  });
});
