import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { charsetOf } from '../../../../services/ingress/src/translation/charset.ts';
import { HtmlTranslator } from '../../../../services/ingress/src/translation/html-translator.ts';
import { characters, inPieces, linksAt, seedParts, seedText } from './published.ts';

/** The app is inside at http://wiki.internal:8080/base/ and outside at https://wiki.example/. */
function translate(pieces: readonly string[], options: { charset?: string; page?: string } = {}): string {
  const translator = new HtmlTranslator({
    links: linksAt(options.page ?? 'https://wiki.example/'),
    charset: charsetOf(options.charset ?? ''),
    isCharsetKnown: options.charset !== undefined,
  });
  return pieces.map((piece) => translator.write(piece)).join('') + translator.end();
}

const IN = 'http://wiki.internal:8080/base/';
const OUT = 'https://wiki.example/';

describe('html translator: what is translated', () => {
  // The attributes of the contract, then those HTML has besides.
  for (const [element, ...attributes] of [
    ['a', 'href'],
    ['audio', 'src'],
    ['base', 'href'],
    ['button', 'formaction'],
    ['div', 'data-background', 'data-src'],
    ['embed', 'src'],
    ['form', 'action'],
    ['frame', 'src'],
    ['head', 'profile'],
    ['html', 'manifest'],
    ['iframe', 'longdesc', 'src'],
    ['img', 'longdesc', 'src', 'srcset', 'data-src', 'data-srcset'],
    ['input', 'formaction', 'src', 'value'],
    ['link', 'href', 'imagesrcset'],
    ['menuitem', 'icon'],
    ['meta', 'content'],
    ['object', 'archive', 'data', 'codebase'],
    ['script', 'src'],
    ['source', 'src', 'srcset'],
    ['track', 'src'],
    ['video', 'src', 'poster'],
    ['a', 'ping'],
    ['area', 'href', 'ping'],
    ['blockquote', 'cite'],
    ['body', 'background'],
    ['image', 'xlink:href'],
    ['use', 'href'],
    ['x-card', 'href', 'src'],
  ] as const) {
    for (const attribute of attributes) {
      it(`<${element} ${attribute}>`, () => {
        expect(translate([`<${element} ${attribute}="${IN}a?b=1&amp;c#d">`])).to.equal(
          `<${element} ${attribute}="${OUT}a?b=1&amp;c#d">`,
        );
      });
    }
  }

  for (const [what, html, expected] of [
    ['any spelling', `<A\n\tHREF = ${IN}a\tx><IMG/SRC='${IN}b'/>`, `<A\n\tHREF = ${OUT}a\tx><IMG/SRC='${OUT}b'/>`],
    ['white space around a URL', `<a href=" \n${IN}a ">`, `<a href=" \n${OUT}a ">`],
    ['paths', '<a href="/base/a"><a href=/base>', '<a href="/a"><a href=/>'],
    ['links to other apps', '<a href="http://hr.internal/x">', '<a href="https://shared.example/hr/x">'],
    ['WebSocket addresses', '<div data-src="ws://hr.internal/x">', '<div data-src="wss://shared.example/hr/x">'],
    [
      'references',
      '<a href="http:&#x2F;&#47;wiki.internal&colon;8080&sol;base/a&amp;b&quot;&lt;">',
      `<a href="${OUT}a&amp;b&quot;&lt;">`,
    ],
    ['the first and the second of one name', `<a href="${IN}" href="${IN}">`, `<a href="${OUT}" href="${OUT}">`],
    [
      'refresh',
      `<meta content="5; url=${IN}a" http-equiv=Refresh>`,
      `<meta content="5; url=${OUT}a" http-equiv=Refresh>`,
    ],
    [
      'refresh without a name',
      `<meta http-equiv=refresh content="0;/base/a">`,
      '<meta http-equiv=refresh content="0;/a">',
    ],
    [
      'refresh in quotes',
      `<meta http-equiv=refresh content="0; URL = '${IN}a' x">`,
      `<meta http-equiv=refresh content="0; URL = '${OUT}a' x">`,
    ],
    [
      'a policy',
      `<meta http-equiv="Content-Security-Policy" content="img-src 'self' ${IN} http://hr.internal; script-src x.example">`,
      `<meta http-equiv="Content-Security-Policy" content="img-src 'self' ${OUT} https://shared.example/hr/; script-src x.example">`,
    ],
    [
      'image candidates',
      `<img srcset="${IN}a,b.png 1x,/base/c.png 2x , data:image/png;base64,/base/ 3x">`,
      `<img srcset="${OUT}a,b.png 1x,/c.png 2x , data:image/png;base64,/base/ 3x">`,
    ],
    ['lists', `<a ping="${IN}a /base/b c">`, `<a ping="${OUT}a /b c">`],
    [
      'style attributes',
      `<p style="background:url(&quot;${IN}a.png&quot;), URL( /base/b.png ); color:red">`,
      `<p style="background:url(&quot;${OUT}a.png&quot;), URL( /b.png ); color:red">`,
    ],
    [
      'style elements',
      `<style media=x>@import "${IN}a.css"; b{c:url(/base/d)}</style><a href=/base/e>`,
      `<style media=x>@import "${OUT}a.css"; b{c:url(/d)}</style><a href=/e>`,
    ],
    ['a style element that is cut off', `<style>b{c:url(${IN}d`, `<style>b{c:url(${OUT}d`],
    [
      'what follows a base of another place',
      '<base href="http://hr.internal/x/"><a href="/a"><base href="/">',
      '<base href="https://shared.example/hr/x/"><a href="https://shared.example/hr/a"><base href="https://shared.example/hr/">',
    ],
    [
      'a page for readers without scripts',
      '<noscript><img src=/base/a></noscript>',
      '<noscript><img src=/a></noscript>',
    ],
  ] as const) {
    it(what, () => {
      expect(translate([html])).to.equal(expected);
      expect(translate(characters(html))).to.equal(expected);
    });
  }

  it('writes what is outside of ASCII marks so that it cannot end the attribute', () => {
    // An external path may hold an apostrophe and an ampersand.
    const translator = new HtmlTranslator({
      links: { edit: () => ({ length: 1, text: `/a'b&c"d e` }), setBase: () => undefined },
      charset: charsetOf('utf-8'),
      isCharsetKnown: true,
    });
    expect(translator.write("<a href='/x'>")).to.equal("<a href='/a&#39;b&#38;c&#34;d&#32;ex'>");
  });
});

describe('html translator: what stays byte by byte', () => {
  for (const [what, html] of [
    ['text', `${IN} &amp; ${IN}`],
    ['comments', `<!-- <a href="${IN}"> -->`],
    ['scripts', `<script>var a = '<a href="${IN}">';</script>`],
    ['JSON', `<script type="application/json">{"a":"${IN}"}</script>`],
    ['text areas and titles', `<textarea><a href="${IN}"></textarea><title><a href="${IN}"></title>`],
    ['other languages of style', `<style type="text/less">a{b:url(${IN})}</style>`],
    ['other attributes', `<a title="${IN}" data-x="${IN}" class='${IN}' onclick="go('${IN}')">`],
    ['end tags', `</a href="${IN}">`],
    ['form values and meta texts that are paths', '<input value="/base/a"><meta name=x content="/base/a">'],
    ['values of elements that have none', `<li value="${IN}"><p content="${IN}"><a data="${IN}">`],
    ['relative links', '<a href="a"><a href="../b"><a href="?c"><a href="#d"><a href>'],
    ['other schemes', '<a href="mailto:x"><a href="javascript:void(0)"><img src="data:,/base/">'],
    ['tags that do not end', `<a href="${IN}" x="`],
    ['tags that begin in tags', `<a <b href=x ${IN}>`],
    ['a tag of more than 64 KiB', `<a href="${IN}" x="${'y'.repeat(66_000)}">`],
    ['bytes beyond ASCII', `<p title="\u00ff\u00fe\u0080">\u00e4\0</p>`],
  ] as const) {
    it(what, () => {
      expect(translate([html]) === html).to.equal(true);
      expect(translate(characters(html)) === html).to.equal(true);
    });
  }

  it('what is said in a charset that cannot be read, from where it is named', () => {
    const meta = '<meta charset="iso-2022-jp">';
    expect(translate([`${meta}<a href="${IN}">`])).to.equal(`${meta}<a href="${IN}">`);
    const old = '<meta http-equiv="Content-Type" content="text/html; charset=hz-gb-2312">';
    expect(translate([`${old}<a href="${IN}">`])).to.equal(`${old}<a href="${IN}">`);
    expect(translate([`${meta}<a href="${IN}">`], { charset: 'utf-8' }), 'outweighed by the head').to.contain(OUT);
    expect(translate([`${' '.repeat(1100)}${meta}<a href="${IN}">`]), 'too late to count').to.contain(OUT);
    expect(translate([`<meta charset=utf-16><a href="${IN}">`]), 'means UTF-8').to.contain(OUT);
  });
});

describe('html translator: in any pieces', () => {
  it('a document that is wrong in every way we know: links that browsers follow, and nothing else', () => {
    const whole = translate([seedText('broken.html')]);
    expect(whole).to.equal(seedText('broken.translated.html'));
    for (const size of [1, 2, 3, 7, 64]) {
      const pieces = seedText('broken.html').match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
      expect(translate(pieces)).to.equal(whole);
    }
  });

  const parts = seedParts('html');
  const html = fc.array(parts, { maxLength: 40 }).map((texts) => texts.join(''));
  const cuts = fc.array(fc.nat(), { maxLength: 10 });

  it('gives the same', () => {
    fc.assert(
      fc.property(html, cuts, (text, at) => {
        const whole = translate([text]);
        expect(translate(inPieces(text, at))).to.equal(whole);
        expect(translate(characters(text))).to.equal(whole);
      }),
      { numRuns: 2_000 },
    );
  });

  it('changes nothing but links: where none leads to an app, every byte is the same', () => {
    const foreign = html.map((text) => text.replaceAll('internal', 'foreign').replaceAll('/base/', '/bas/'));
    fc.assert(
      fc.property(foreign, cuts, (text, at) => {
        expect(translate(inPieces(text, at))).to.equal(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('changes nothing but links: what is left is the same without them', () => {
    const withoutLinks = (text: string) =>
      text.replace(/http:\/\/wiki\.internal:8080\/base\/|https:\/\/wiki\.example\//g, '@');
    const onlyOwn = html.map((text) => text.replace(/http:\/\/hr\.internal\/x|\/\/docs\.internal\/admin\//g, IN));
    const noPaths = onlyOwn.map((text) =>
      text.replaceAll(IN, '@').replaceAll('/base/', 'x').replaceAll('@', IN).replaceAll('\\', ''),
    );
    fc.assert(
      fc.property(noPaths, (text) => {
        expect(withoutLinks(translate([text]))).to.equal(withoutLinks(text));
      }),
      { numRuns: 2_000 },
    );
  });
});
