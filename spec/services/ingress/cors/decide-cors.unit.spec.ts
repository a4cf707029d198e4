import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { CorsRule } from '#libs/contracts';
import { type CorsRequest, decideCors } from '../../../../services/ingress/src/cors/decide-cors.ts';

const PORTAL = 'https://portal.example.com';
const OWN = 'https://api.example.com:8443';
const rule = (changes: Partial<CorsRule> = {}): CorsRule => ({
  resource: '/',
  allowedOrigins: [PORTAL],
  allowedMethods: ['PUT'],
  allowedHeaders: ['content-type', 'x-app-*'],
  exposedHeaders: ['etag'],
  allowCredentials: true,
  maxAgeSeconds: 600,
  ...changes,
});
const request = (changes: Partial<CorsRequest> = {}): CorsRequest => ({
  method: 'GET',
  path: '/a/b',
  origin: PORTAL,
  requestMethod: '',
  requestHeaders: '',
  ...changes,
});
const preflight = (changes: Partial<CorsRequest> = {}) =>
  request({ method: 'OPTIONS', requestMethod: 'PUT', ...changes });
const decide = (rules: readonly CorsRule[], asked: CorsRequest) => decideCors(rules, asked, OWN);
const fieldOf = (decision: ReturnType<typeof decideCors>, name: string) => {
  if (decision.kind === 'none') return undefined;
  const at = decision.fields.indexOf(name);
  return at < 0 ? undefined : decision.fields[at + 1];
};

describe('CORS rules', () => {
  it('say nothing where there is none, for no path, and for the app itself', () => {
    expect(decide([], preflight()).kind).to.equal('none');
    expect(decide([rule({ resource: '/api/' })], preflight({ path: '/apis' })).kind).to.equal('none');
    expect(decide([rule()], preflight({ origin: OWN })).kind).to.equal('none');
  });

  it('answer an allowed preflight', () => {
    expect(decide([rule()], preflight({ requestHeaders: 'content-type,X-App-Version' }))).to.deep.equal({
      kind: 'preflight',
      fields: [
        'Access-Control-Allow-Origin',
        PORTAL,
        'Access-Control-Allow-Credentials',
        'true',
        'Access-Control-Allow-Methods',
        'PUT',
        'Access-Control-Allow-Headers',
        'content-type, x-app-version',
        'Access-Control-Max-Age',
        '600',
        'Vary',
        'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      ],
    });
  });

  const refusals: readonly (readonly [string, Partial<CorsRequest>, string])[] = [
    ['another origin', { origin: 'https://evil.example' }, 'cors-origin-unauthorized'],
    ['an origin with another port', { origin: `${PORTAL}:444` }, 'cors-origin-unauthorized'],
    ['an origin in capitals', { origin: PORTAL.toUpperCase() }, 'cors-origin-unauthorized'],
    ['an origin that ends like an allowed one', { origin: 'https://x.portal.example.com' }, 'cors-origin-unauthorized'],
    ['the origin null', { origin: 'null' }, 'cors-origin-unauthorized'],
    ['another method', { requestMethod: 'DELETE' }, 'cors-method-unauthorized'],
    ['a method in small letters', { requestMethod: 'put' }, 'cors-method-unauthorized'],
    ['another header', { requestHeaders: 'content-type, x-other' }, 'cors-header-unauthorized'],
    ['an empty header name', { requestHeaders: 'content-type,,' }, 'cors-header-unauthorized'],
  ];
  for (const [title, changes, reason] of refusals)
    it(`refuse a preflight for ${title}, and allow nothing`, () => {
      const decision = decide([rule()], preflight(changes));
      expect(decision).to.include({ kind: 'refused', reason });
      expect(fieldOf(decision, 'Access-Control-Allow-Origin')).to.equal(undefined);
      expect(fieldOf(decision, 'Vary')).to.match(/^Origin/);
    });

  it('need not name the methods that every form can use', () => {
    for (const requestMethod of ['GET', 'HEAD', 'POST'])
      expect(decide([rule({ allowedMethods: [] })], preflight({ requestMethod })).kind).to.equal('preflight');
  });

  it('may allow every method and header, but Authorization only by name', () => {
    const open = rule({ allowedMethods: ['*'], allowedHeaders: ['*'] });
    const decision = decide([open], preflight({ requestMethod: 'PATCH', requestHeaders: 'x-a' }));
    expect(fieldOf(decision, 'Access-Control-Allow-Methods')).to.equal('PATCH');
    expect(decide([open], preflight({ requestHeaders: 'authorization' })).kind).to.equal('refused');
    const named = rule({ allowedHeaders: ['*', 'authorization'] });
    expect(decide([named], preflight({ requestHeaders: 'Authorization' })).kind).to.equal('preflight');
  });

  it('add fields to the answer of an allowed request', () => {
    expect(decide([rule()], request())).to.deep.equal({
      kind: 'fields',
      fields: [
        'Access-Control-Allow-Origin',
        PORTAL,
        'Access-Control-Allow-Credentials',
        'true',
        'Access-Control-Expose-Headers',
        'etag',
        'Vary',
        'Origin',
      ],
    });
  });

  it('take an OPTIONS request that is no preflight for one of the app', () => {
    expect(decide([rule()], request({ method: 'OPTIONS' })).kind).to.equal('fields');
  });

  it('keep caches from mixing answers up, also for a request without an origin or with a wrong one', () => {
    for (const origin of ['', 'https://evil.example'])
      expect(decide([rule()], request({ origin }))).to.deep.equal({ kind: 'fields', fields: ['Vary', 'Origin'] });
  });

  it('open to every origin say so without naming it', () => {
    const open = rule({ allowedOrigins: ['*'], allowCredentials: false });
    expect(fieldOf(decide([open], request({ origin: 'https://any.example' })), 'Access-Control-Allow-Origin')).to.equal(
      '*',
    );
  });

  it('with the longest resource decide, the first of them that allows the origin', () => {
    const rules = [
      rule({ allowedOrigins: ['*'], allowCredentials: false }),
      rule({ resource: '/a/', allowedOrigins: ['https://one.example'], maxAgeSeconds: 1 }),
      rule({ resource: '/a/', maxAgeSeconds: 2 }),
    ];
    expect(fieldOf(decide(rules, preflight()), 'Access-Control-Max-Age')).to.equal('2');
    expect(decide(rules, preflight({ origin: 'https://any.example' })).kind).to.equal('refused');
    expect(decide(rules, preflight({ origin: 'https://any.example', path: '/b' })).kind).to.equal('preflight');
    expect(fieldOf(decide(rules, preflight({ path: '/a' })), 'Access-Control-Max-Age')).to.equal('2');
  });
});
