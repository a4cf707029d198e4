import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Finding = { readonly category: string; readonly text: string };
type Module = {
  readonly readFindings: (text: string) => readonly Finding[];
  readonly whyRight: (place: string, finding: Finding) => string | undefined;
  readonly countPages: (stdout: string) => number;
};
const { countPages, readFindings, whyRight } = await loadScript<Module>('conformance/wapiti-report.mjs');

const found = (info: string, path = '/', parameter = '') => ({ method: 'GET', path, info, level: 1, parameter });
const reportOf = (vulnerabilities: object, anomalies: object = {}) =>
  JSON.stringify({ vulnerabilities, anomalies, additionals: {}, infos: {} });

describe('conformance: the report of wapiti', () => {
  it('counts vulnerabilities and anomalies, without values of parameters, which differ from run to run', () => {
    const text = reportOf(
      { 'Cross Site Scripting': [found('XSS vulnerability\nwith a payload', '/search?q=1', 'q')], Backup: [] },
      { 'Internal Server Error': [found('500', '/broken')] },
    );
    expect(readFindings(text)).to.deep.equal([
      { category: 'Cross Site Scripting', text: 'Cross Site Scripting: GET /search parameter q: XSS vulnerability' },
      { category: 'Internal Server Error', text: 'Internal Server Error: GET /broken: 500' },
    ]);
  });

  it('takes no other document for a report without findings', () => {
    expect(() => readFindings('{}')).to.throw('no report');
  });

  it('explains what is known to be right, and at its place only', () => {
    const frame = { category: 'x', text: 'HTTP Secure Headers: GET /: X-Frame-Options is not set' };
    expect(whyRight('portal', frame)).to.equal(undefined);
    expect(whyRight('app that asks for a sign-in', frame)).to.include('frame-ancestors');
    const cookie = {
      category: 'x',
      text: 'HttpOnly Flag cookie: GET /: HttpOnly flag is not set in the cookie : ours',
    };
    expect(whyRight('app that asks for a sign-in', cookie)).to.equal(undefined);
    const filter = { category: 'x', text: 'HTTP Secure Headers: GET /: X-XSS-Protection is not set' };
    expect(whyRight('portal', filter)).to.include('X-XSS-Protection');
  });

  it('counts each address that was visited once', () => {
    const text = '[*] Starting\n[+] GET https://a/ (0)\n[+] GET https://a/b (1)\n[+] GET https://a/b (1)\n';
    expect(countPages(text)).to.equal(2);
  });
});
