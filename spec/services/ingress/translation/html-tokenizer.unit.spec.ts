import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { decodeAttribute } from '../../../../services/ingress/src/translation/encoded-text.ts';
import {
  HtmlTokenizer,
  MAX_TAG_LENGTH,
  type StartTag,
} from '../../../../services/ingress/src/translation/html-tokenizer.ts';

import { characters, inPieces, seedLines, seedParts } from './published.ts';

type Tag = readonly [name: string, attributes: Record<string, string>];
type Case = { readonly input: string; readonly state?: string; readonly lastStartTag?: string; readonly tags?: Tag[] };

/** Named references that stand for characters beyond ASCII: no published URL begins with one, so they are not known. */
const UNKNOWN_REFERENCE = /&(?!amp|lt|gt|quot|#)[A-Za-z]/;

const CASES = seedLines('html5lib-tokenizer').map((line): Case => JSON.parse(line));

/** The element a tokenizer must be in to be in the state. */
function elementOf({ state, lastStartTag }: Case): string | undefined {
  switch (state) {
    case undefined:
      return undefined;
    case 'PLAINTEXT state':
      return 'plaintext';
    case 'Script data state':
      return 'script';
    default:
      return lastStartTag ?? 'no-such-element';
  }
}

/** As a parser would see it: references decoded, line ends and NUL as the standard wants them, the first name wins. */
function seen(tag: StartTag): Tag {
  const attributes: Record<string, string> = {};
  const clean = (text: string) => text.replace(/\r\n?/g, '\n').replaceAll('\0', '\ufffd');
  for (let i = 0; i < tag.count; i += 1) {
    const name = clean(tag.attributeName(i));
    if (!Object.hasOwn(attributes, name)) attributes[name] = clean(decodeAttribute(tag.attributeValue(i)).text);
  }
  return [clean(tag.name), attributes];
}

function read(pieces: readonly string[], element?: string): { tags: Tag[]; out: string } {
  const tags: Tag[] = [];
  const tokenizer = new HtmlTokenizer(
    {
      onStartTag: (tag) => {
        tags.push(seen(tag));
        return undefined;
      },
      onStyleText: (text) => text,
      onStyleEnd: () => '',
    },
    element,
  );
  let out = '';
  for (const piece of pieces) out += tokenizer.write(piece);
  return { tags, out: out + tokenizer.end() };
}

describe('html tokenizer', () => {
  it(`finds the start tags that the ${CASES.length} cases of html5lib-tests expect, and changes nothing`, () => {
    expect(CASES.length).to.be.greaterThan(1_500);
    const wrong: unknown[] = [];
    for (const one of CASES) {
      for (const pieces of [[one.input], characters(one.input)]) {
        const { tags, out } = read(pieces, elementOf(one));
        const expected = UNKNOWN_REFERENCE.test(one.input) ? (one.tags ?? []).map(([name]) => name) : (one.tags ?? []);
        const found = UNKNOWN_REFERENCE.test(one.input) ? tags.map(([name]) => name) : tags;
        if (out !== one.input || JSON.stringify(found) !== JSON.stringify(expected)) wrong.push({ one, found, out });
      }
    }
    expect(wrong).to.deep.equal([]);
  });

  for (const [what, html, names] of [
    ['text that looks like a tag', 'a < b <3 <', []],
    ['comments of every form', '<!--<a>--><b><!--><c><!---><d><!--<a>--!><e><!-- <a>', ['b', 'c', 'd', 'e']],
    ['declarations', '<!DOCTYPE html "<a"><b><?php <a ?><c><!x <a><d></ <a><e>', ['b', 'c', 'd', 'e']],
    ['raw text', '<textarea><a></textareas><a></textarea ><b><title><a></TITLE/><c>', ['textarea', 'b', 'title', 'c']],
    ['scripts', '<script>"<a>"</scrip><a></script\n><b>', ['script', 'b']],
    ['escaped scripts', '<script><!--<script></script><a>--></script><b>', ['script', 'b']],
    ['escaped scripts that end', '<script><!--<a></script><b>', ['script', 'b']],
    ['text for ever', '<plaintext></plaintext><a>', ['plaintext']],
    ['CDATA where it is text', '<![CDATA[<a>]]>', []],
    ['CDATA of SVG', '<svg><![CDATA[<a>]] ><a>]]><b></svg><i>', ['svg', 'b', 'i']],
    ['scripts of SVG that close themselves', '<svg><script href="x"/><a></svg><b>', ['svg', 'script', 'a', 'b']],
    ['titles of SVG, which hold markup', '<svg><title><a></title></svg>', ['svg', 'title', 'a']],
    [
      'HTML inside of SVG',
      '<svg><foreignObject><style><a></style></foreignObject><style><b>',
      ['svg', 'foreignobject', 'style', 'style', 'b'],
    ],
    ['SVG that HTML breaks out of', '<svg><p><script><a></script><b>', ['svg', 'p', 'script', 'b']],
    ['noscript, as a page without scripts shows it', '<noscript><a></noscript>', ['noscript', 'a']],
  ] as const) {
    it(`knows ${what}`, () => {
      expect(read([html]).tags.map(([name]) => name)).to.deep.equal(names);
    });
  }

  it('gives tags up to 64 KiB to the handler and lets longer ones pass, however they come', () => {
    const tagOf = (length: number) => `<a x="${'y'.repeat(length - 8)}">`;
    for (const [length, expected] of [
      [MAX_TAG_LENGTH, 2],
      [MAX_TAG_LENGTH + 1, 1],
    ] as const) {
      const html = `${tagOf(length)}<b>`;
      expect(tagOf(length)).to.have.length(length);
      for (const size of [html.length, 1000, 65_536, 65_537]) {
        const { tags, out } = read(html.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? []);
        expect(tags.length, `pieces of ${size}`).to.equal(expected);
        expect(out === html).to.equal(true);
      }
    }
  });

  it('sees the same in any pieces and gives every byte back', () => {
    const parts = seedParts('html');
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 40 }), fc.array(fc.nat(), { maxLength: 10 }), (texts, cuts) => {
        const html = texts.join('');
        const whole = read([html]);
        expect(whole.out).to.equal(html);
        expect(read(inPieces(html, cuts))).to.deep.equal(whole);
        expect(read(characters(html))).to.deep.equal(whole);
      }),
      { numRuns: 2_000 },
    );
  });
});
