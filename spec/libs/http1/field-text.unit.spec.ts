import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { fieldListText, fieldText } from '#libs/http1';

/** As RFC 8187, 3.2.1 has it: charset names know no case, and a language may stand between. */
function decode(text: string): string {
  const [, encoded] = /^utf-8'[^']*'(.*)$/is.exec(text) ?? [];
  return encoded === undefined ? text : decodeURIComponent(encoded);
}
const wellFormed = (text: string) => Buffer.from(text, 'utf8').toString('utf8');
const anything = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .tuple(fc.constantFrom('utf-8', 'UTF-8', 'Utf-8', 'uTF-8'), fc.constantFrom("''", "'en'", "'"), fc.string())
    .map((it) => it.join('')),
);

describe('text in header fields', () => {
  it('is never read as another by who decodes it in any case', () => {
    for (const text of ["utf-8''%61dmin", "Utf-8'en'%61dmin"]) {
      expect(fieldText(text)).not.to.equal(text);
      expect(fieldListText([text]).text).not.to.equal(text);
      expect([decode(fieldText(text)), decode(fieldListText([text]).text)]).to.deep.equal([text, text]);
    }
  });

  it('comes back as it was, whatever it is, alone and in a list', () => {
    fc.assert(
      fc.property(fc.array(anything, { minLength: 1, maxLength: 4 }), (texts) => {
        const whole = texts.map(wellFormed);
        expect(texts.map((text) => decode(fieldText(text)))).to.deep.equal(whole);
        const { text, isCut } = fieldListText(texts);
        expect(isCut).to.equal(false);
        expect(text.split(',').map(decode)).to.deep.equal(whole);
      }),
      { numRuns: 2_000 },
    );
  });
});
