import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { CorsRule } from '#libs/contracts';
import { normalizeCorsRules } from '../../../../services/routing/src/apps/cors-rules.ts';

const RULE: CorsRule = {
  resource: '/api/',
  allowedOrigins: ['https://portal.example.com'],
  allowedMethods: ['PUT'],
  allowedHeaders: ['x-*'],
  exposedHeaders: ['etag'],
  allowCredentials: true,
  maxAgeSeconds: 600,
};

describe('CORS rules of an app', () => {
  it('are written in one way: whole segments, origins without a slash, headers in lower case, nothing twice', () => {
    const given: CorsRule = {
      ...RULE,
      resource: '/api',
      allowedOrigins: ['https://portal.example.com/', 'https://portal.example.com', 'http://localhost:3000'],
      allowedHeaders: ['X-App-*', 'Content-Type', 'content-type'],
      allowedMethods: ['PUT', 'PUT'],
    };
    expect(normalizeCorsRules([given])).to.deep.equal([
      {
        ...RULE,
        allowedOrigins: ['https://portal.example.com', 'http://localhost:3000'],
        allowedHeaders: ['x-app-*', 'content-type'],
      },
    ]);
    expect(normalizeCorsRules(normalizeCorsRules([given]))).to.deep.equal(normalizeCorsRules([given]));
  });

  const refused: Readonly<Record<string, Partial<CorsRule>>> = {
    'every web site with cookies': { allowedOrigins: ['*'] },
    'every web site beside others': { allowedOrigins: ['*', 'https://a.example'], allowCredentials: false },
    'an origin with a path': { allowedOrigins: ['https://a.example/b'] },
    'an origin without scheme': { allowedOrigins: ['a.example'] },
    'an origin with a wildcard in a name': { allowedOrigins: ['https://*.example'] },
    'the origin null': { allowedOrigins: ['null'] },
    'an origin of a file': { allowedOrigins: ['file:///etc/passwd'] },
    'a method that is none': { allowedMethods: ['PUT POST'] },
    'a header that is none': { allowedHeaders: ['a*b'] },
    'a header with a line end': { exposedHeaders: ['a\r\nb'] },
    'all headers exposed beside cookies': { exposedHeaders: ['*'] },
    'a resource that is no path': { resource: 'api' },
    'a resource with a dot segment': { resource: '/a/../b/' },
  };
  for (const [title, changes] of Object.entries(refused))
    it(`refuse ${title}`, () =>
      expect(() => normalizeCorsRules([{ ...RULE, ...changes }]))
        .to.throw()
        .with.property('code', 'ERR_APP_CORS'));
});
