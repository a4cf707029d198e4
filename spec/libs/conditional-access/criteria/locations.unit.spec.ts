import { expect } from 'chai';
import { describe, it } from 'mocha';
import { type AccessInputs, compilePolicySet, locationsOf } from '#libs/conditional-access';
import { ask, type Expected, location, policySetOf, results } from '../policy-sets.ts';

const reasons = { met: 'location-in-scope', unmet: 'location-out-of-scope', missing: 'location-unknown' };
const locations = [
  location({ id: 'office', isTrusted: true, ranges: ['192.0.2.0/24', '2001:db8:1::/48'] }),
  location({ id: 'lab', ranges: ['192.0.2.128/25'] }),
  location({ id: 'north', ranges: [], countries: ['NO', 'SE'] }),
  location({ id: 'empty', ranges: [] }),
];
const bad = 'not an address';

describe('the criterion locations', () => {
  const table: [unknown, Partial<AccessInputs>, Expected][] = [
    [{ include: ['all'] }, {}, 'met'],
    [{ include: ['all'] }, { address: bad, country: null }, 'met'],
    [{ include: ['office'] }, { address: '192.0.2.7' }, 'met'],
    [{ include: ['office'] }, { address: '::ffff:192.0.2.7' }, 'met'],
    [{ include: ['office'] }, { address: '::FFFF:c000:207' }, 'met'],
    [{ include: ['office'] }, { address: '2001:db8:1:2::3' }, 'met'],
    [{ include: ['office'] }, { address: '2001:db8:2::3' }, 'unmet'],
    [{ include: ['office'] }, { address: '192.0.3.0' }, 'unmet'],
    [{ include: ['office'] }, { address: bad }, 'missing'],
    [{ include: ['office'] }, { country: null }, 'met'],
    [{ include: ['lab'] }, { address: '192.0.2.127' }, 'unmet'],
    [{ include: ['lab'] }, { address: '192.0.2.128' }, 'met'],
    [{ include: ['lab'] }, { address: '192.0.2.127', country: null }, 'unmet'],
    [{ include: ['north'] }, { country: 'NO' }, 'met'],
    [{ include: ['north'] }, { country: 'DE' }, 'unmet'],
    [{ include: ['north'] }, { country: 'unknown' }, 'unmet'],
    [{ include: ['north'] }, { country: null }, 'missing'],
    [{ include: ['north'] }, { address: bad, country: 'NO' }, 'met'],
    [{ include: ['empty'] }, { address: bad, country: null }, 'unmet'],
    [{ include: ['trusted'] }, { address: '192.0.2.7', country: null }, 'met'],
    [{ include: ['trusted'] }, { address: '198.51.100.1' }, 'unmet'],
    [{ include: ['trusted'] }, { address: bad }, 'missing'],
    [{ include: ['all'], exclude: ['trusted'] }, { address: '192.0.2.7' }, 'unmet'],
    [{ include: ['all'], exclude: ['trusted'] }, { address: '198.51.100.1' }, 'met'],
    [{ include: ['all'], exclude: ['trusted'] }, { address: bad }, 'missing'],
    [{ include: ['unknown'] }, { address: '198.51.100.1', country: 'unknown' }, 'met'],
    [{ include: ['unknown'] }, { address: '198.51.100.1', country: 'DE' }, 'unmet'],
    [{ include: ['unknown'] }, { address: '198.51.100.1', country: null }, 'missing'],
    [{ include: ['unknown'] }, { address: '192.0.2.7', country: 'unknown' }, 'unmet'],
    [{ include: ['unknown'] }, { address: '192.0.2.7', country: null }, 'unmet'],
    [{ include: ['unknown'] }, { address: bad, country: 'unknown' }, 'missing'],
    [{ include: ['office', 'north'] }, { address: '198.51.100.1', country: null }, 'missing'],
    [{ include: ['office', 'north'] }, { address: '192.0.2.7', country: null }, 'met'],
    [{ include: ['office'], exclude: ['lab'] }, { address: '192.0.2.200' }, 'unmet'],
    [{ include: ['gone'] }, {}, 'missing'],
    [{ include: ['all'], exclude: ['gone'] }, {}, 'missing'],
    [{ include: ['office', 'gone'] }, {}, 'met'],
  ];
  for (const [wanted, given, expected] of table) {
    it(`is ${expected}: ${JSON.stringify(wanted)} asked of ${JSON.stringify(given)}`, () => {
      const [result, reason] = ask('conditions.locations', { conditions: { locations: wanted } }, given, locations);
      expect(result).to.equal(results[expected]);
      expect(reason).to.equal(reasons[expected]);
    });
  }
});

describe('the locations of an address', () => {
  const compiled = compilePolicySet(
    policySetOf(
      [],
      [
        ...locations,
        location({ id: 'mapped', ranges: ['::ffff:198.51.100.0/120'] }),
        location({ id: 'loose', ranges: ['203.0.113.77/24'] }),
        location({ id: 'all-of-ipv6', ranges: ['::/0'] }),
        location({ id: 'one', ranges: ['203.0.113.5/32', '2001:db8::1/128'] }),
      ],
    ),
  );
  const table: [string, string | null, string[]][] = [
    ['192.0.2.200', 'SE', ['lab', 'north', 'office']],
    ['198.51.100.255', null, ['mapped']],
    ['::ffff:198.51.100.1', null, ['mapped']],
    ['198.51.101.0', null, []],
    ['203.0.113.1', null, ['loose']],
    ['203.0.113.5', null, ['loose', 'one']],
    ['2001:db8::1', null, ['all-of-ipv6', 'one']],
    ['2001:0DB8:0000:0000:0000:0000:0000:0001', null, ['all-of-ipv6', 'one']],
    ['2001:db8::1%eth0', null, ['all-of-ipv6', 'one']],
    ['::', null, ['all-of-ipv6']],
    ['64:ff9b::192.0.2.1', null, ['all-of-ipv6']],
    ['', 'NO', ['north']],
    ['192.0.2.1/32', null, []],
    ['0300.0.2.1', null, []],
    ['192.0.2.1 ', null, []],
    ['1:2:3:4:5:6:7:8:9', null, []],
    ['x'.repeat(100_000), null, []],
    ['[::1]', null, []],
  ];
  for (const [address, country, expected] of table) {
    it(`of ${address.slice(0, 50)} in ${country} are ${expected.join(', ') || 'none'}`, () => {
      expect(locationsOf(compiled, address, country)).to.deep.equal(expected);
    });
  }
});
