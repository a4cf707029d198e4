import { expect } from 'chai';
import { describe, it } from 'mocha';
import { rewriteSetCookie } from '../../../../services/ingress/src/translation/rewrite-cookies.ts';
import { appAt, publishedApps } from './published.ts';

const WIKI = 'https://wiki.example/';
const HR = 'https://shared.example/hr/';
const CRM = 'https://shared.example/crm/';
const LAB = 'https://one.lab.example/';

describe('cookies of an origin, as a user gets them', () => {
  const directory = publishedApps();
  for (const [page, cookie, expected] of [
    [WIKI, 'a=1', 'a=1'],
    [WIKI, '', ''],
    [WIKI, 'a=1; Secure; SameSite=None; Partitioned', 'a=1; Secure; SameSite=None; Partitioned'],
    [WIKI, 'a=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT; Path=/', 'a=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT; Path=/'],
    // paths move with the app
    [WIKI, 'a=1; path=/base/x; HttpOnly', 'a=1; Path=/x; HttpOnly'],
    [WIKI, 'a=1; Path=/base/', 'a=1; Path=/'],
    [WIKI, 'a=1; Path=/base', 'a=1; Path=/'],
    [WIKI, 'a=1; Path=/other', 'a=1; Path=/other'],
    [WIKI, 'a=1; Path=', 'a=1; Path='],
    [WIKI, 'a=1; Path', 'a=1; Path'],
    [HR, 'a=1; Path=/', 'a=1; Path=/hr'],
    [HR, 'a=1; Path=/x', 'a=1; Path=/hr/x'],
    [CRM, 'a=1; Path=/', 'a=1; Path=/crm'],
    [CRM, 'a=1; Path=/app', 'a=1; Path=/crm'],
    [CRM, 'a=1; Path=/app/x', 'a=1; Path=/crm/x'],
    // what is meant for other paths would be another app's
    [CRM, 'a=1; Path=/hr', undefined],
    [CRM, 'a=1; Path=/ap', undefined],
    // browsers take these with the path / only
    [HR, '__Host-a=1; Secure; Path=/', '__Host-a=1; Secure; Path=/'],
    // a domain is never widened
    [WIKI, 'a=1; Domain=wiki.internal', 'a=1'],
    [WIKI, 'a=1; Domain=.internal; Secure', 'a=1; Secure'],
    [WIKI, 'a=1; Domain=example', 'a=1'],
    [LAB, 'a=1; Domain=one.lab.internal', 'a=1'],
    [LAB, 'a=1; Domain=.LAB.internal; Secure', 'a=1; Domain=lab.example; Secure'],
    [LAB, 'a=1; Domain=internal', 'a=1'],
    // ours
    [WIKI, '__Host-sallyport-access=x', undefined],
    [WIKI, '=__Host-sallyport-access=x', undefined],
  ] as const) {
    it(`${page}: ${cookie} becomes ${expected ?? 'nothing'}`, () => {
      expect(rewriteSetCookie(appAt(directory, page), cookie)).to.equal(expected);
    });
  }

  it('keeps a domain that means the same inside and outside', () => {
    const app = { ...appAt(directory, WIKI), internalHostname: 'wiki.corp.example', externalHostname: 'wiki.example' };
    expect(rewriteSetCookie(app, 'a=1; Domain=example')).to.equal('a=1; Domain=example');
    expect(rewriteSetCookie(app, 'a=1; Domain=corp.example')).to.equal('a=1');
  });

  it('touches nothing but ours when the app does not want it', () => {
    const app = appAt(directory, HR);
    const plain = { ...app, view: { ...app.view, translateHeaders: false } };
    expect(rewriteSetCookie(plain, 'a=1; Path=/; Domain=hr.internal')).to.equal('a=1; Path=/; Domain=hr.internal');
    expect(rewriteSetCookie(plain, '__Host-sallyport-access=x')).to.equal(undefined);
  });
});
