import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  type CountryDatabase,
  readCountryDatabase,
} from '../../../../../services/auth/src/conditional-access/countries/country-database.ts';
import { bitsOf, control, encode, type MmdbContent, type MmdbValue, writeMmdb } from '../../support/mmdb-writer.ts';

const iso = (code: string): MmdbValue => ({
  continent: { code: 'EU' },
  country: { iso_code: code, names: { en: 'Name' }, geoname_id: 1 },
});
const NETWORKS: MmdbContent['networks'] = [
  [bitsOf('192.0.2.0/24'), iso('IT')],
  [bitsOf('198.51.100.0/25'), iso('DE')],
  [bitsOf('198.51.100.128/25'), iso('IT')],
  [bitsOf('203.0.113.0/24'), { registered_country: { iso_code: 'US' } }],
  [bitsOf('2001:db8:10::/48'), iso('NO')],
];
const ADDRESSES = ['192.0.2.1', '198.51.100.1', '198.51.100.200', '203.0.113.9', '2001:db8:10::1', '10.0.0.1', '::'];
const whole = writeMmdb({ networks: NETWORKS });

async function problemOf(bytes: Buffer): Promise<string> {
  const outcome = await readCountryDatabase(bytes).catch((error: unknown) => error);
  return outcome instanceof Error ? outcome.message : 'none';
}
const recordOf = (record: Buffer) => {
  const plain = writeMmdb({ networks: [[bitsOf('192.0.2.0/24'), 'HERE']] });
  const at = plain.indexOf(encode('HERE'));
  return Buffer.concat([plain.subarray(0, at), record, plain.subarray(at + encode('HERE').length)]);
};
/** A pointer of two bytes into the data. */
const pointer = (target: number) => Buffer.from([0x20 | (target >> 8), target & 0xff]);

describe('a country database', () => {
  for (const recordSize of [24, 28, 32] as const)
    it(`with records of ${recordSize} bits tells the country of an address`, async () => {
      const { find, kind, builtAt } = await readCountryDatabase(writeMmdb({ networks: NETWORKS, recordSize }));
      expect(ADDRESSES.map(find)).to.deep.equal(['IT', 'DE', 'IT', 'unknown', 'NO', 'unknown', 'unknown']);
      expect([kind, builtAt]).to.deep.equal(['Spec-Country', '2026-09-21T14:13:20.000Z']);
    });

  it('of IPv4 alone knows nothing of IPv6, whose first bits say something else', async () => {
    const networks = [[bitsOf('32.0.0.0/3', 4), iso('IT')] as const];
    const { find } = await readCountryDatabase(writeMmdb({ networks, ipVersion: 4 }));
    expect(['33.1.2.3', '::ffff:33.1.2.3', '2001:db8::1'].map(find)).to.deep.equal(['IT', 'IT', 'unknown']);
  });

  it('reads an IPv4 address that is written as IPv6, and one with a zone', async () => {
    const { find } = await readCountryDatabase(whole);
    expect(['::ffff:192.0.2.1', '::FFFF:c000:201', '2001:db8:10::1%eth0'].map(find)).to.deep.equal(['IT', 'IT', 'NO']);
  });

  const layouts: readonly (readonly [string, MmdbValue, string])[] = [
    ['country_code', { country_code: 'SE' }, 'SE'],
    ['country as text', { country: 'SE' }, 'SE'],
    ['a name in place of a code', { country: 'Sweden' }, 'unknown'],
    ['small letters', { country_code: 'se' }, 'unknown'],
    ['a number', { country: { iso_code: 46 } }, 'unknown'],
    ['a field of the prototype', { ['__proto__']: { country_code: 'SE' }, country: '' }, 'unknown'],
  ];
  for (const [what, record, expected] of layouts)
    it(`with ${what} says ${expected}`, async () => {
      const { find } = await readCountryDatabase(writeMmdb({ networks: [[bitsOf('192.0.2.0/24'), record]] }));
      expect(find('192.0.2.1')).to.equal(expected);
    });

  it('never throws, whatever the text of the address', async () => {
    const { find } = await readCountryDatabase(whole);
    const texts = ['', '1', '1.2.3', '1.2.3.4.5', '999.1.1.1', ':::', '::g', '1.2.3.4 ', '%', '[::1]', 'x'.repeat(1e6)];
    for (const text of texts) expect(find(text)).to.equal('unknown');
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.string({ unit: 'binary' })), (text) => {
        expect(find(text)).to.match(/^(?:IT|DE|NO|unknown)$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a country database is refused', () => {
  const damaged: readonly (readonly [string, Buffer, RegExp])[] = [
    ['empty', Buffer.alloc(0), /^is cut short or no .mmdb file$/],
    ['something else', Buffer.from('{"countries": []}'), /^is cut short or no .mmdb file$/],
    ['without its first half', whole.subarray(whole.length / 2), /cut short/],
    ['of addresses and networks', writeMmdb({ networks: [[bitsOf('192.0.2.0/24'), { asn: 64_500 }]] }), /no countries/],
    ['of version 3', writeMmdb({ networks: NETWORKS, metadata: { binary_format_major_version: 3 } }), /version 3/],
    ['for IP version 5', writeMmdb({ networks: NETWORKS, metadata: { ip_version: 5 } }), /version of IP/],
    [
      'with a tree beyond its end',
      writeMmdb({ networks: NETWORKS, metadata: { node_count: 4e9 } }),
      /cut short|size|out of range/,
    ],
    ['with a tree of no size', writeMmdb({ networks: NETWORKS, metadata: { node_count: 'many' } }), /no search tree/],
    ['with a record that points at itself', recordOf(pointer(0)), /nested too deep/],
    ['with a map that holds itself', recordOf(Buffer.concat([control(7, 1), encode('country'), pointer(0)])), /nested/],
    ['with a list of 16 million', recordOf(Buffer.from([0x1f, 4, 255, 255, 255])), /goes beyond its end|more than/],
    ['with a text beyond its end', recordOf(Buffer.from([0x5f, 255, 255, 255])), /goes beyond its end/],
    ['with a key that is a number', recordOf(Buffer.concat([control(7, 1), encode(1), encode('x')])), /no text/],
    ['with a value of no type', recordOf(Buffer.from([0, 0])), /no known type/],
  ];
  for (const [what, bytes, problem] of damaged)
    it(`when it is ${what}`, async () => expect(await problemOf(bytes)).to.match(problem));

  it('when a few bytes would unfold to many thousands of values', async () => {
    const links = Array.from({ length: 14 }, (_, level) => {
      const next = pointer((level + 1) * 6);
      return Buffer.concat([control(11, 2), next, next]);
    });
    expect(await problemOf(recordOf(Buffer.concat([...links, encode('country')])))).to.match(/more than 2000 values/);
  });

  it('when it is cut anywhere before the last text of its metadata', async () => {
    const end = whole.length - encode('Made by a spec').length;
    for (let length = 0; length <= end; length += 1)
      expect(await problemOf(whole.subarray(0, length)), `${length} bytes`).not.to.equal('none');
  });

  it('or answers in its own terms, when any one bit is turned', async function everyBit() {
    this.timeout(60_000);
    let refused = 0;
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const bytes = Buffer.from(whole);
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const database: CountryDatabase | undefined = await readCountryDatabase(bytes).catch(() => undefined);
      if (database === undefined) refused += 1;
      else
        for (const address of ADDRESSES)
          expect(database.find(address), `bit ${bit}`).to.match(/^(?:[A-Z]{2}|unknown)$/);
    }
    expect(refused).to.be.greaterThan(whole.length);
  });

  it('or answers in its own terms, when many bytes are others', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 }),
        fc.nat(whole.length),
        async (changes, cut) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes.writeUInt8(value, at);
          const kept = cut % 3 === 0 ? bytes.subarray(cut) : bytes;
          const database = await readCountryDatabase(kept).catch(() => undefined);
          for (const address of ADDRESSES)
            expect(database?.find(address) ?? 'unknown').to.match(/^(?:[A-Z]{2}|unknown)$/);
        },
      ),
      { numRuns: 3000 },
    );
  }).timeout(60_000);
});
