import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { isSallyportError } from '#libs/errors';
import {
  defaultExternalUrl,
  normalizeExternalUrl,
  normalizeInternalUrl,
  slugOf,
} from '../../../../services/routing/src/apps/app-urls.ts';

const policy = { domain: 'sallyport.localhost', externalPort: 8443, reservedHosts: ['login'] };

/** What a parser makes of a text: a URL, or undefined for a refusal that says so; anything else fails the spec. */
function outcomeOf(parse: () => string): string | undefined {
  try {
    return parse();
  } catch (error) {
    if (isSallyportError(error, 'ERR_APP_URL') && error.expose) return undefined;
    throw error;
  }
}

const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.string({ maxLength: 20 }).map((host) => `https://${host}.sallyport.localhost/`),
  fc.string({ maxLength: 20 }).map((path) => `https://a.sallyport.localhost/${path}`),
);

describe('URLs of apps', () => {
  it('are refused or normalized, whatever text comes, and normalizing twice changes nothing', () => {
    const parsers = [(given: string) => normalizeExternalUrl(given, policy), normalizeInternalUrl];
    fc.assert(
      fc.property(text, fc.constantFrom(...parsers), (given, parse) => {
        const url = outcomeOf(() => parse(given));
        if (url === undefined) return;
        expect(url).to.match(/^https?:\/\/[^/@?#]+\/([^?#]*\/)?$/);
        expect(parse(url)).to.equal(url);
      }),
      { numRuns: 2_000 },
    );
  });

  it('made from any name lie under the domain, or the name is refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 130 }), (name) => {
        expect(slugOf(name)).to.match(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$/);
        const url = outcomeOf(() => defaultExternalUrl(name, policy));
        if (url !== undefined) expect(url).to.match(/^https:\/\/[a-z0-9-]{1,63}\.sallyport\.localhost:8443\/$/);
      }),
      { numRuns: 2_000 },
    );
  });
});
