import { expect } from 'chai';
import { describe, it } from 'mocha';
import { planBody } from '../../../../services/ingress/src/translation/body-plan.ts';
import { charsetOf } from '../../../../services/ingress/src/translation/charset.ts';
import { narrowAcceptEncoding, OFFERED_CODINGS } from '../../../../services/ingress/src/translation/content-coding.ts';
import { appView } from '../support/ingress-rig.ts';

const WANTED = appView('wiki', { translateBodyLinks: true });
const HTML = ['Content-Type', 'text/html; charset=utf-8'] as const;

describe('body plan', () => {
  for (const [what, fields, type] of [
    ['HTML', HTML, 'html'],
    ['CSS', ['content-type', 'Text/CSS'], 'css'],
    ['what says its type twice, the same', [...HTML, ...HTML], 'html'],
    ['what is coded with gzip', [...HTML, 'Content-Encoding', 'gzip'], 'html'],
    ['what is coded with x-gzip', [...HTML, 'Content-Encoding', 'X-GZIP'], 'html'],
    ['what is coded with deflate', [...HTML, 'Content-Encoding', 'deflate'], 'html'],
    ['what is coded with br', [...HTML, 'Content-Encoding', 'br'], 'html'],
    ['what is not coded and says so', [...HTML, 'Content-Encoding', 'identity'], 'html'],
  ] as const) {
    it(`translates ${what}`, () => {
      expect(planBody(WANTED, 200, fields)).to.include({ type });
      expect(planBody(WANTED, 404, fields), 'error pages too').to.include({ type });
      expect(planBody(appView('wiki', { translateBodyLinks: false }), 200, fields), 'only when asked').to.equal(
        undefined,
      );
    });
  }

  for (const [what, status, fields] of [
    ['other types', 200, ['Content-Type', 'application/json']],
    ['types that only begin alike', 200, ['Content-Type', 'text/html5']],
    ['XHTML, which is XML', 200, ['Content-Type', 'application/xhtml+xml']],
    ['no type', 200, []],
    ['two types', 200, [...HTML, 'Content-Type', 'text/plain']],
    ['unknown codings', 200, [...HTML, 'Content-Encoding', 'compress']],
    ['several codings', 200, [...HTML, 'Content-Encoding', 'gzip, br']],
    ['several codings in two fields', 200, [...HTML, 'Content-Encoding', 'gzip', 'Content-Encoding', 'br']],
    ['parts', 206, HTML],
    ['parts under another status', 200, [...HTML, 'Content-Range', 'bytes 0-1/2']],
    ['answers without a body', 204, HTML],
    ['answers to what is known', 304, HTML],
    ['interim answers', 103, HTML],
    ['what the origin forbids to change', 200, [...HTML, 'Cache-Control', 'private, no-transform']],
    ['UTF-16', 200, ['Content-Type', 'text/html; charset="UTF-16LE"']],
    ['ISO-2022-JP', 200, ['Content-Type', 'text/html;charset=iso-2022-jp']],
  ] as const) {
    it(`leaves ${what} alone`, () => {
      expect(planBody(WANTED, status, fields)).to.equal(undefined);
    });
  }

  it('leaves zstd alone where Node does not offer it', () => {
    const plan = planBody(WANTED, 200, [...HTML, 'Content-Encoding', 'zstd']);
    expect(plan !== undefined).to.equal(OFFERED_CODINGS.has('zstd'));
  });

  it('knows whether the text itself may name its charset', () => {
    expect(planBody(WANTED, 200, HTML)?.isCharsetKnown).to.equal(true);
    expect(planBody(WANTED, 200, ['Content-Type', 'text/html; x=charset'])?.isCharsetKnown).to.equal(false);
  });
});

describe('Accept-Encoding for an origin whose bodies are translated', () => {
  const zstd = OFFERED_CODINGS.has('zstd') ? ', zstd' : '';
  for (const [value, expected] of [
    ['gzip, deflate, br, zstd', `gzip, deflate, br${zstd}`],
    ['gzip;q=0.5, dcb, dcz, BR ; q=1', 'gzip;q=0.5, BR ; q=1'],
    ['*', 'identity'],
    ['compress', 'identity'],
    ['identity;q=0, gzip', 'identity;q=0, gzip'],
    ['', 'identity'],
  ] as const) {
    it(`${value} becomes ${expected}`, () => {
      expect(narrowAcceptEncoding(value)).to.equal(expected);
    });
  }
});

describe('charset', () => {
  for (const label of ['utf-8', 'UTF8', 'iso-8859-1', 'windows-1252', 'koi8-r', 'euc-jp', 'x-unknown', ''])
    it(`${label}: read as ASCII and other bytes`, () => {
      expect(charsetOf(label)).to.deep.equal({ isReadable: true, isLeadByte: undefined });
    });
  for (const [label, lead, single] of [
    ['Shift_JIS', 0x95, 0xb1],
    ['gbk', 0x95, 0x80],
    ['GB18030', 0xfe, 0xff],
    ['Big5-HKSCS', 0x87, 0x7f],
    ['ks_c_5601-1987', 0x95, 0x80],
  ] as const)
    it(`${label}: characters of two bytes`, () => {
      const { isReadable, isLeadByte } = charsetOf(label);
      expect(isReadable).to.equal(true);
      expect([isLeadByte?.(lead), isLeadByte?.(single)]).to.deep.equal([true, false]);
    });
  for (const label of ['utf-16', 'UTF-16BE', 'utf-32', 'utf-7', 'iso-2022-jp', 'ISO-2022-KR', 'hz-gb-2312'])
    it(`${label}: not read`, () => {
      expect(charsetOf(label).isReadable).to.equal(false);
    });
});
