import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { charsetOf } from '../../../../services/ingress/src/translation/charset.ts';
import { CssTranslator, MAX_CSS_URL_LENGTH } from '../../../../services/ingress/src/translation/css-translator.ts';
import { characters, inPieces, linksAt, seedParts } from './published.ts';

function translate(pieces: readonly string[], charset = 'utf-8'): string {
  const { isLeadByte } = charsetOf(charset);
  const translator = new CssTranslator({ links: linksAt('https://wiki.example/'), isLeadByte });
  return pieces.map((piece) => translator.write(piece)).join('') + translator.end();
}

const IN = 'http://wiki.internal:8080/base/';
const OUT = 'https://wiki.example/';

describe('css translator', () => {
  for (const [what, css, expected] of [
    ['url() in every spelling', `a{b:url(${IN}x)}`, `a{b:url(${OUT}x)}`],
    ['upper case and white space', `a{b:URL( \n${IN}x\t)}`, `a{b:URL( \n${OUT}x\t)}`],
    ['both quotes', `a{b:url("${IN}x") url( '${IN}y' )}`, `a{b:url("${OUT}x") url( '${OUT}y' )}`],
    ['paths', 'a{b:url(/base/x),url("/base/y")}', 'a{b:url(/x),url("/y")}'],
    ['a name that is escaped', 'a{b:\\url(/base/a)}', 'a{b:\\url(/a)}'],
    ['escapes', `a{b:u\\72l("http:\\2f\\2F wiki.internal:8080/base/x")}`, `a{b:u\\72l("${OUT}x")}`],
    ['lines that go on', `a{b:url("http://wiki.inter\\\nnal:8080/base/x")}`, `a{b:url("${OUT}x")}`],
    ['imports', `@import "${IN}a";@IMPORT '/base/b' screen;`, `@import "${OUT}a";@IMPORT '/b' screen;`],
    ['imports by url()', `@import url(${IN}a) layer(x);`, `@import url(${OUT}a) layer(x);`],
    ['imports after a comment', `@import/*"x"*/"${IN}a"`, `@import/*"x"*/"${OUT}a"`],
    ['image sets', `a{b:image-set("${IN}x" 1x, url(/base/y) 2x)}`, `a{b:image-set("${OUT}x" 1x, url(/y) 2x)}`],
    ['old image sets', `a{b:-webkit-image-set('${IN}x' 1x)}`, `a{b:-webkit-image-set('${OUT}x' 1x)}`],
    ['src()', `@font-face{src:src("${IN}x")}`, `@font-face{src:src("${OUT}x")}`],
    ['an url() the end closes', `a{b:url(${IN}x`, `a{b:url(${OUT}x`],
    ['a string the end closes', `@import "${IN}x`, `@import "${OUT}x`],
    ['url() after what is broken', `a{b:url(x y) url(/base/z)}`, `a{b:url(x y) url(/z)}`],
  ] as const) {
    it(`translates ${what}`, () => {
      expect(translate([css])).to.equal(expected);
      expect(translate(characters(css))).to.equal(expected);
    });
  }

  for (const [what, css] of [
    ['comments', `/* url(${IN}) @import "${IN}" **/`],
    ['strings', `a{content:"${IN}" 'url(${IN})'}`],
    ['strings in other functions', `a{b:attr("${IN}") format('${IN}')}`],
    ['strings in functions in URL functions', `a{b:image-set(type("${IN}"))}`],
    ['names that end in url', `a{b:myurl(${IN}) -url(${IN}) #url(${IN}) @url(${IN}) 1url(${IN})}`],
    ['names of name spaces', `@namespace x url(${IN});@namespace "${IN}";`],
    ['broken url()', `a{b:url(${IN} x) url(${IN}"x") url(${IN}(x))}`],
    ['broken strings', `@import "${IN}\n";`],
    ['a statement that has ended', `@import; "${IN}"`],
    ['fragments, relative and data URLs', `a{b:url(#x) url(../x) url(data:,${IN})}`],
    ['a URL of more than 64 KiB', `a{b:url(/base/${'x'.repeat(MAX_CSS_URL_LENGTH)})}`],
    ['parentheses without end', `a{b:${'('.repeat(500)}"${IN}"`],
  ] as const) {
    it(`leaves ${what} alone`, () => {
      expect(translate([css]) === css).to.equal(true);
      expect(translate(characters(css)) === css).to.equal(true);
    });
  }

  it('translates again after a URL that was too long', () => {
    const css = `a{b:url(/base/${'x'.repeat(MAX_CSS_URL_LENGTH)});c:url(/base/d)}`;
    for (const pieces of [[css], css.match(/[\s\S]{1,1000}/g) ?? []])
      expect(translate(pieces).slice(-16)).to.equal(`xxx);c:url(/d)}`.padStart(16, 'x'));
  });

  it('is not misled by a second byte that looks like a backslash', () => {
    // In Shift_JIS this character is 95 5C: read as ASCII, it would escape the quote behind it.
    const css = 'a{content:"\u0095\\";b:url(/base/x)}';
    expect(translate([css], 'shift_jis')).to.equal('a{content:"\u0095\\";b:url(/x)}');
    expect(translate(characters(css), 'shift_jis')).to.equal('a{content:"\u0095\\";b:url(/x)}');
    expect(translate([css], 'utf-8')).to.equal(css);
  });

  it('writes what could end the URL as an escape', () => {
    const links = { edit: () => ({ length: 1, text: `/a'b(c) d\\` }) };
    expect(new CssTranslator({ links }).write('a{b:url(/x)}')).to.equal('a{b:url(/a\\27 b\\28 c\\29 \\20 d\\5c x)}');
  });

  const parts = seedParts('css');
  const css = fc.array(parts, { maxLength: 40 }).map((texts) => texts.join(''));
  const cuts = fc.array(fc.nat(), { maxLength: 10 });

  it('gives the same in any pieces', () => {
    fc.assert(
      fc.property(css, cuts, fc.constantFrom('utf-8', 'shift_jis', 'gbk'), (text, at, charset) => {
        const whole = translate([text], charset);
        expect(translate(inPieces(text, at), charset)).to.equal(whole);
        expect(translate(characters(text), charset)).to.equal(whole);
      }),
      { numRuns: 3_000 },
    );
  });

  it('changes nothing where no link leads to an app', () => {
    const foreign = css.map((text) => text.replaceAll('internal', 'foreign').replaceAll('/base/', '/bas/'));
    fc.assert(
      fc.property(foreign, cuts, (text, at) => {
        expect(translate(inPieces(text, at))).to.equal(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
