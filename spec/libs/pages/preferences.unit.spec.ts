import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { chooseLanguage, LANGUAGES, parsePreferences } from '#libs/pages';

describe('preferences', () => {
  it('reads values and weights in the order they were written', () => {
    expect(parsePreferences('text/html, application/JSON;q=0.5, */*; q=0.25')).to.deep.equal([
      { value: 'text/html', weight: 1 },
      { value: 'application/json', weight: 0.5 },
      { value: '*/*', weight: 0.25 },
    ]);
  });

  for (const [what, field, expected] of [
    ['nothing', '', []],
    ['empty entries', ' , ,, ', []],
    ['a weight of zero', 'a;q=0', [{ value: 'a', weight: 0 }]],
    ['other parameters', 'a;level=1;Q=0.3;x', [{ value: 'a', weight: 0.3 }]],
    ['a comma inside quotes', 'a;b="x,y";q=0.2', [{ value: 'a', weight: 0.2 }]],
    ['a weight above one', 'a;q=2', [{ value: 'a', weight: 0 }]],
    ['a weight that is none', 'a;q=high', [{ value: 'a', weight: 0 }]],
    ['a negative weight', 'a;q=-1', [{ value: 'a', weight: 0 }]],
  ] as const) {
    it(`reads ${what}`, () => expect(parsePreferences(field)).to.deep.equal(expected));
  }

  it('reads no more than 32 entries', () => {
    expect(parsePreferences(Array.from({ length: 100 }, (_, i) => `l${i}`).join(','))).to.have.length(32);
  });

  it('takes any text, and quickly', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (text) => {
        for (const { value, weight } of parsePreferences(text))
          if (value === '' || !(weight >= 0 && weight <= 1)) throw new Error(`${value} ${weight}`);
      }),
    );
    const began = performance.now();
    parsePreferences('"'.repeat(100_001));
    parsePreferences('"\\'.repeat(50_000));
    expect(performance.now() - began).to.be.lessThan(1_000);
  });
});

describe('language of a page', () => {
  for (const [field, language] of [
    ['', 'en'],
    ['it', 'it'],
    ['it-CH, en;q=0.5', 'it'],
    ['IT', 'it'],
    ['en, it', 'en'],
    ['it, en', 'it'],
    ['en;q=0.4, it;q=0.6', 'it'],
    ['de, fr;q=0.9, it;q=0.1', 'it'],
    ['de, fr', 'en'],
    ['*', 'en'],
    ['en;q=0, *;q=0.5', 'it'],
    ['it;q=0, *', 'en'],
    ['it;q=0', 'en'],
    ['en;q=0, it;q=0', 'en'],
    ['de, *;q=0.1, it;q=0.5', 'it'],
    ['iTa', 'en'],
    ['it;q=banana', 'en'],
  ] as const) {
    it(`is ${language} for "${field}"`, () => expect(chooseLanguage(field)).to.equal(language));
  }

  it('has at least English and Italian', () => expect(LANGUAGES).to.include.members(['en', 'it']));
});
