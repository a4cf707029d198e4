import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { type GssStep, refusedAbout } from '../../../../services/connector/src/origins/kerberos/gss-failure.ts';
import { serviceNameOf, userNameOf } from '../../../../services/connector/src/origins/kerberos/kerberos-names.ts';
import { wrapInSpnego } from '../../../../services/connector/src/origins/kerberos/spnego-token.ts';
import { createTarget } from '../../../../services/connector/src/origins/origin-target.ts';
import { originConfig } from '../origin-world.ts';

describe('names of Kerberos', () => {
  const names: readonly (readonly [string, string | null, ReturnType<typeof userNameOf>])[] = [
    ['alice', null, { text: 'alice', kind: 'account' }],
    ['alice', 'CORP.EXAMPLE', { text: 'alice@CORP.EXAMPLE', kind: 'account' }],
    ['a.smith@corp.example', null, { text: 'a.smith@corp.example', kind: 'enterprise' }],
    ['a.smith@corp.example', 'CORP.EXAMPLE', { text: 'a.smith@corp.example@CORP.EXAMPLE', kind: 'enterprise' }],
    ['zoë', null, { text: 'zoë', kind: 'account' }],
    ['g_b.test#EXT#@corp.example', null, { text: 'g_b.test#EXT#@corp.example', kind: 'enterprise' }],
  ];
  for (const [login, realm, name] of names)
    it(`reads ${login} in ${realm ?? 'the default realm'}`, () => {
      expect(userNameOf(login, realm)).to.deep.equal(name);
    });

  const none = [
    '',
    '@',
    'alice@',
    '@corp',
    'a@b@C',
    'alice/admin',
    'alice\\@x',
    'al ice',
    'alice\n',
    'a\u0000',
    'a\u202e',
    'a"',
    'adm\uff49nistrator',
    '\u212aevin',
    'zoe\u0308',
    'a\uff20corp',
  ];
  for (const login of [...none, 'a'.repeat(257)])
    it(`reads no name in ${JSON.stringify(login.slice(0, 20))}`, () => {
      expect(userNameOf(login, null)).to.equal(undefined);
    });

  it('tells a service by its account from one by its host', () => {
    expect(serviceNameOf('HTTP/wiki.corp.example@CORP.EXAMPLE').kind).to.equal('account');
    expect(serviceNameOf('HTTP@wiki.corp.example').kind).to.equal('host-service');
  });
});

describe('a ticket wrapped for SPNEGO', () => {
  it('is the NegTokenInit of RFC 4178 with Kerberos alone', () => {
    const expected =
      '6023' +
      '06062b0601050502' +
      'a019' +
      '3017' +
      'a00d' +
      '300b' +
      '06092a864886f712010202' +
      'a206' +
      '0404' +
      '01020304';
    expect(wrapInSpnego(Buffer.from([1, 2, 3, 4])).toString('hex')).to.equal(expected);
  });

  it('tells every length in its shortest form', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70_000 }), (length) => {
        const wrapped = wrapInSpnego(Buffer.alloc(length, 7));
        const [tag, first = 0] = wrapped;
        const bytes = first < 0x80 ? 0 : first - 0x80;
        const told = bytes === 0 ? first : wrapped.readUIntBE(2, bytes);
        expect([tag, told]).to.deep.equal([0x60, wrapped.length - 2 - bytes]);
        if (bytes > 0) expect(told).to.be.at.least(bytes === 1 ? 0x80 : 256 ** (bytes - 1));
        expect(wrapped.subarray(wrapped.length - length).every((byte) => byte === 7)).to.equal(true);
      }),
    );
  });
});

describe('a refusal of the Kerberos library', () => {
  const base = -1765328384;
  const rows: readonly (readonly [string, GssStep, number, string])[] = [
    ['client unknown, asking for the user', 'impersonate', base + 6, 'user'],
    ['client revoked, asking for the user', 'impersonate', base + 18, 'user'],
    ['password expired, asking for the user', 'impersonate', base + 23, 'user'],
    ['realm of the user unknown', 'impersonate', base + 7, 'user'],
    ['option refused, asking for the user', 'impersonate', base + 13, 'domain'],
    ['no KDC, asking for the user', 'impersonate', -1765328228, 'domain'],
    ['service unknown', 'delegate', base + 7, 'delegation'],
    ['delegation not allowed', 'delegate', base + 13, 'delegation'],
    ['policy', 'delegate', base + 12, 'delegation'],
    ['user revoked since', 'delegate', base + 18, 'user'],
    ['no KDC, asking for the service', 'delegate', -1765328228, 'domain'],
    ["the connector's own account unknown", 'acquire', base + 6, 'domain'],
    ['clocks apart', 'acquire', base + 37, 'domain'],
    ['something unknown', 'delegate', 0, 'domain'],
  ];
  for (const [what, step, minor, about] of rows)
    it(`is about the ${about}: ${what}`, () => {
      expect(refusedAbout({ step, minor })).to.equal(about);
    });
});

describe('an origin with Kerberos', () => {
  const kerberos = { servicePrincipalName: 'HTTP/wiki', realm: null, mechanism: 'spnego' } as const;
  const address = { externalUrl: 'https://one.sallyport.localhost:8443/a/', internalUrl: 'https://wiki.corp.example/' };

  it('is spoken to in HTTP/1.1, whatever it offers, on connections of its own', () => {
    const app = originConfig('https://wiki.corp.example/', { kerberos, externalUrl: address.externalUrl });
    const target = createTarget(app, address);
    expect(target?.protocol).to.equal('http1');
    expect(target?.kerberos).to.deep.equal({ ...kerberos, audience: 'https://one.sallyport.localhost:8443' });
    expect(target?.poolKey).not.to.equal(createTarget({ ...app, kerberos: null }, address)?.poolKey);
  });
});
