import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  buildResponseFields,
  type ResponseFields,
} from '../../../../services/ingress/src/translation/rewrite-headers.ts';
import { appAt, publishedApps } from './published.ts';

type Options = {
  readonly page?: string;
  readonly status?: number;
  readonly view?: { readonly translateHeaders?: boolean; readonly translateBodyLinks?: boolean };
  readonly request?: readonly string[];
};

const directory = publishedApps();

function build(fields: readonly string[], options: Options = {}): ResponseFields {
  const app = appAt(directory, options.page ?? 'https://wiki.example/');
  const built = buildResponseFields(
    {
      app: { ...app, view: { ...app.view, ...options.view } },
      requestId: 'req_1',
      corsFields: undefined,
      req: { fields: [...(options.request ?? [])] },
      tenant: { directory },
    },
    [...fields],
    options.status,
  );
  return built ?? expect.fail('the head must be taken');
}

const ID = ['X-Request-Id', 'req_1'];
const IN = 'http://wiki.internal:8080/base/';
const OUT = 'https://wiki.example/';

describe('response head: links', () => {
  for (const [name, value, expected] of [
    ['Location', `${IN}a`, `${OUT}a`],
    ['Location', 'https://docs.internal/admin/', 'https://admin.example/'],
    ['Location', 'http://hr.internal', 'https://shared.example/hr/'],
    ['Location', 'http://two.lab.internal/x', 'https://two.lab.example/x'],
    ['Content-Location', '/base/a', '/a'],
    ['Refresh', `1; url="${IN}a"`, `1; url="${OUT}a"`],
    ['Refresh', `1, ${IN}a`, `1, ${OUT}a`],
    ['Refresh', '0.5;URL=/base/a', '0.5;URL=/a'],
    ['Link', `< ${IN}a >; rel=next, <b>; rel=x`, `<${OUT}a>; rel=next, <b>; rel=x`],
    ['Access-Control-Allow-Origin', 'http://wiki.internal:8080', 'https://wiki.example'],
    ['Access-Control-Allow-Origin', 'http://hr.internal', 'https://shared.example'],
    ['Access-Control-Allow-Origin', '*', '*'],
    ['Access-Control-Allow-Origin', 'null', 'null'],
    [
      'Content-Security-Policy',
      `default-src 'self'; img-src ${IN} ws://hr.internal`,
      `default-src 'self'; img-src ${OUT} wss://shared.example/hr/`,
    ],
    ['X-Other', IN, IN],
  ] as const) {
    it(`${name}: ${value} becomes ${expected}`, () => {
      expect(build([name, value]).fields).to.deep.equal([name, expected, ...ID]);
      expect(build([name, value], { view: { translateHeaders: false } }).fields).to.deep.equal([name, value, ...ID]);
    });
  }

  it('takes no longer for a field an origin made for that', () => {
    const many = 60_000;
    for (const [name, value] of [
      ['Refresh', `0;url=${' '.repeat(many)}'"x`],
      ['Refresh', `${'1'.repeat(many)}x`],
      ['Refresh', `${' '.repeat(many)}x`],
      ['Link', '<'.repeat(many)],
      ['Link', `<${' '.repeat(many)}`],
      ['Location', `http://${'@'.repeat(many)}`],
      ['Location', `/base${'/..'.repeat(many / 3)}`],
      ['Content-Security-Policy', 'http://'.repeat(many / 7)],
      ['Access-Control-Allow-Origin', `https://${'/'.repeat(many)}`],
      ['Set-Cookie', `a${' ;'.repeat(many / 2)}`],
      ['Content-Type', `text/html;${' charset'.repeat(many / 8)}`],
    ] as const) {
      const startedAt = performance.now();
      build([name, value], { view: { translateBodyLinks: true } });
      expect(performance.now() - startedAt, `${name}: ${value.slice(0, 20)}`).to.be.lessThan(500);
    }
  });
});

describe('response head: of a translated body', () => {
  const view = { translateBodyLinks: true };
  const HTML = ['Content-Type', 'text/html'];
  const NEVER_TRUE_AGAIN = ['Accept-Ranges', 'Content-MD5', 'Digest', 'Content-Digest', 'Repr-Digest'];

  it('says nothing of the bytes that is not true of the translated ones', () => {
    const stale = NEVER_TRUE_AGAIN.flatMap((name) => [name, 'x']);
    const built = build([...HTML, 'Content-Length', '5', 'ETag', '"a"', ...stale], { view });
    expect(built.fields).to.deep.equal([...HTML, 'ETag', 'W/"a"', ...ID]);
    expect(built).to.deep.include({ contentLength: -1, originLength: 5 });
    expect(built.body).to.include({ type: 'html', coding: 'identity' });
  });

  it('stays as it is for every other body', () => {
    const fields = ['Content-Type', 'image/png', 'ETag', '"a"', ...NEVER_TRUE_AGAIN.flatMap((name) => [name, 'x'])];
    const built = build([...fields, 'Content-Length', '5'], { view });
    expect(built).to.deep.include({ fields: [...fields, ...ID], contentLength: 5, originLength: 5, body: undefined });
  });

  it('leaves an empty body alone', () => {
    expect(build([...HTML, 'Content-Length', '0'], { view })).to.include({ contentLength: 0, body: undefined });
  });

  it('keeps a weak entity tag, and answers 304 with the tag the user has', () => {
    expect(build([...HTML, 'ETag', 'W/"a"'], { view }).fields).to.include('W/"a"');
    const request = ['If-None-Match', '"b", W/"a"'];
    expect(build(['ETag', '"a"'], { view, status: 304, request }).fields).to.include('W/"a"');
    expect(build(['ETag', '"b"'], { view, status: 304, request }).fields).to.include('"b"');
    expect(build(['ETag', '"a"'], { status: 304, request }).fields).to.include('"a"');
  });
});
