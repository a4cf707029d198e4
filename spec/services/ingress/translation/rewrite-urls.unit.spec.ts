import { expect } from 'chai';
import { describe, it } from 'mocha';
import { LinkMap, toInternalUrl } from '../../../../services/ingress/src/translation/rewrite-urls.ts';
import { appAt, linksAt, publishedApps } from './published.ts';

const WIKI = 'https://wiki.example/';
const HR = 'https://shared.example/hr/';
const DOCS = 'https://docs.example/';
const LAB = 'https://one.lab.example/';

describe('link map: from what an origin writes to what a user can follow', () => {
  for (const [page, url, expected] of [
    // the own app
    [WIKI, 'http://wiki.internal:8080/base/a?b#c', 'https://wiki.example/a?b#c'],
    [WIKI, 'http://wiki.internal:8080/base/', 'https://wiki.example/'],
    [WIKI, 'http://wiki.internal:8080/base', 'https://wiki.example/'],
    [WIKI, 'http://wiki.internal:8080/base?x', 'https://wiki.example/?x'],
    [WIKI, 'HTTP://WIKI.internal:8080/base/A', 'https://wiki.example/A'],
    [WIKI, '//wiki.internal:8080/base/a', 'https://wiki.example/a'],
    [WIKI, 'http://user:secret@wiki.internal:8080/base/a', 'https://wiki.example/a'],
    [WIKI, 'ws://wiki.internal:8080/base/live', 'wss://wiki.example/live'],
    [WIKI, '/base/a', '/a'],
    [WIKI, '/base', '/'],
    [WIKI, '/base/../base/./a', '/a'],
    [WIKI, '/base/%2e%2E/base/a', '/a'],
    [WIKI, '/base\\a', '/a'],
    [HR, '/a', '/hr/a'],
    [HR, '/', '/hr/'],
    [HR, 'http://hr.internal', 'https://shared.example/hr/'],
    [HR, 'http://hr.internal?x=http://hr.internal/', 'https://shared.example/hr/?x=http://hr.internal/'],
    // what lies outside of what is published
    [WIKI, '/elsewhere', '/elsewhere'],
    [WIKI, '/basement', '/basement'],
    [WIKI, '/base/../elsewhere', '/base/../elsewhere'],
    [WIKI, 'http://wiki.internal:8080/elsewhere', 'http://wiki.internal:8080/elsewhere'],
    [WIKI, 'http://wiki.internal:8080', 'http://wiki.internal:8080'],
    [WIKI, 'http://wiki.internal/base/', 'http://wiki.internal/base/'],
    [WIKI, 'https://wiki.internal:8080/base/', 'https://wiki.internal:8080/base/'],
    // every other app
    [WIKI, 'http://plain.internal/a', 'https://plain.example:8443/a'],
    [WIKI, 'http://plain.internal:80/a', 'https://plain.example:8443/a'],
    [WIKI, 'http://plain.internal', 'https://plain.example:8443'],
    [WIKI, 'http://hr.internal/a', 'https://shared.example/hr/a'],
    [WIKI, 'http://crm.internal/app/a', 'https://shared.example/crm/a'],
    [WIKI, 'http://crm.internal/other', 'http://crm.internal/other'],
    [WIKI, 'https://docs.internal/admin/a', 'https://admin.example/a'],
    [WIKI, 'https://docs.internal/administration', 'https://docs.example/administration'],
    [WIKI, 'http://two.lab.internal/a', 'https://two.lab.example/a'],
    // two apps on one origin: the longer path wins, also from the other one's own page
    [DOCS, '/admin/a', 'https://admin.example/a'],
    [DOCS, '/a', '/a'],
    ['https://admin.example/', '/admin/a', '/a'],
    ['https://admin.example/', '/a', 'https://docs.example/a'],
    // wildcard apps, for the host that was asked
    [LAB, 'http://one.lab.internal/a', 'https://one.lab.example/a'],
    [LAB, 'http://two.lab.internal/a', 'https://two.lab.example/a'],
    [LAB, '/a', '/a'],
    // origins that know external names but not https
    [WIKI, 'http://wiki.example/a', 'https://wiki.example/a'],
    [WIKI, 'http://plain.example/a', 'https://plain.example:8443/a'],
    [WIKI, 'https://wiki.example/a', 'https://wiki.example/a'],
    // everything else
    [WIKI, 'https://example.com/', 'https://example.com/'],
    [WIKI, 'base/a', 'base/a'],
    [WIKI, '../a', '../a'],
    [WIKI, '#a', '#a'],
    [WIKI, '', ''],
    [WIKI, 'mailto:a@wiki.internal', 'mailto:a@wiki.internal'],
    [WIKI, 'javascript:"http://wiki.internal:8080/base/"', 'javascript:"http://wiki.internal:8080/base/"'],
    [WIKI, 'http://[::1', 'http://[::1'],
    [WIKI, 'http://wiki.internal:8080@evil.example/base/', 'http://wiki.internal:8080@evil.example/base/'],
    [WIKI, 'http://wiki.internal:8080.evil.example/base/', 'http://wiki.internal:8080.evil.example/base/'],
    [WIKI, '/\\wiki.internal:8080/base/a', '/\\wiki.internal:8080/base/a'],
  ] as const) {
    it(`${page}: ${url} becomes ${expected}`, () => {
      expect(linksAt(page).toExternal(url)).to.equal(expected);
    });
  }

  it('keeps to the host a user came by, when the app has several', () => {
    const directory = publishedApps();
    const app = {
      ...appAt(directory, WIKI),
      externalOrigin: 'https://alias.example',
      externalHostname: 'alias.example',
    };
    const links = new LinkMap(app, directory);
    expect(links.toExternal('http://wiki.internal:8080/base/a')).to.equal('https://alias.example/a');
    expect(links.toExternal('/base/a')).to.equal('/a');
  });

  it('knows the own app after it has left the directory', () => {
    const directory = publishedApps();
    const app = appAt(directory, WIKI);
    directory.put({ ...app.view, status: 'retired', revision: 2 });
    expect(new LinkMap(app, directory).toExternal('/base/a')).to.equal('/a');
  });

  it('reads paths by the base of the page, the first one it names', () => {
    for (const [base, url, expected] of [
      ['http://hr.internal/x/', '/a', 'https://shared.example/hr/a'],
      ['//hr.internal/x/', '/a', 'https://shared.example/hr/a'],
      ['http://plain.internal/', '/a', 'https://plain.example:8443/a'],
      ['https://cdn.example/', '/base/a', '/base/a'],
      ['/base/x/', '/base/a', '/a'],
      ['http://[', '/base/a', '/a'],
    ] as const) {
      const links = linksAt(WIKI);
      links.setBase(base);
      links.setBase('https://too.late/');
      expect(links.toExternal(url), base).to.equal(expected);
    }
  });

  it('reads hosts in letters beyond ASCII, which arrive as bytes', () => {
    const directory = publishedApps();
    const { view } = appAt(directory, 'https://plain.example:8443/');
    directory.put({ ...view, internalUrl: 'http://b\u00fccher.internal/', revision: 2 });
    const url = Buffer.from('http://b\u00fccher.internal/\u00e4').toString('latin1');
    const expected = Buffer.from('https://plain.example:8443/\u00e4').toString('latin1');
    expect(linksAt(WIKI, directory).toExternal(url)).to.equal(expected);
  });
});

describe('link map: from what a user sends to what an origin knows', () => {
  const directory = publishedApps();
  for (const [value, expected] of [
    ['https://wiki.example', 'http://wiki.internal:8080'],
    ['https://wiki.example/a?b', 'http://wiki.internal:8080/base/a?b'],
    ['https://wiki.example.evil.example/', 'https://wiki.example.evil.example/'],
    ['https://shared.example/hr/a', 'http://hr.internal/a'],
    ['https://shared.example/crm', 'http://crm.internal/app/'],
    ['https://plain.example:8443', 'http://plain.internal'],
    ['https://plain.example', 'https://plain.example'],
    ['https://two.lab.example/a', 'http://two.lab.internal/a'],
    ['https://example.com/', 'https://example.com/'],
    ['null', 'null'],
  ] as const) {
    it(`${value} becomes ${expected}`, () => {
      expect(toInternalUrl(appAt(directory, WIKI), value, directory)).to.equal(expected);
    });
  }
});
