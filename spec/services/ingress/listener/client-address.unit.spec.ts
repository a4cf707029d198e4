import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createClientAddressReader } from '../../../../services/ingress/src/listener/client-address.ts';

describe('client address', () => {
  for (const [trusted, remote, header, address, forwardedFor] of [
    [[], '203.0.113.1', '6.6.6.6', '203.0.113.1', '203.0.113.1'],
    [[], '::ffff:203.0.113.1', '', '203.0.113.1', '203.0.113.1'],
    [[], undefined, '', 'unknown', 'unknown'],
    [['10.0.0.0/8'], '203.0.113.1', '6.6.6.6', '203.0.113.1', '203.0.113.1'],
    [['10.0.0.0/8'], '10.1.1.1', '', '10.1.1.1', '10.1.1.1'],
    [['10.0.0.0/8'], '10.1.1.1', '203.0.113.9', '203.0.113.9', '203.0.113.9, 10.1.1.1'],
    [
      ['10.0.0.0/8'],
      '10.1.1.1',
      '6.6.6.6, 203.0.113.9, 10.2.2.2',
      '203.0.113.9',
      '6.6.6.6, 203.0.113.9, 10.2.2.2, 10.1.1.1',
    ],
    [['10.0.0.0/8'], '10.1.1.1', '10.9.9.9', '10.9.9.9', '10.9.9.9, 10.1.1.1'],
    [['10.0.0.0/8'], '10.1.1.1', '6.6.6.6, <script>, 203.0.113.9', '203.0.113.9', '203.0.113.9, 10.1.1.1'],
    [['10.0.0.0/8'], '10.1.1.1', 'nonsense', '10.1.1.1', '10.1.1.1'],
    [['2001:db8::/32'], '2001:db8::1', '2001:db9::7', '2001:db9::7', '2001:db9::7, 2001:db8::1'],
    [['192.0.2.1'], '192.0.2.1', '203.0.113.9', '203.0.113.9', '203.0.113.9, 192.0.2.1'],
  ] as const) {
    it(`is ${address} for ${remote}, "${header}", trusting ${trusted.join() || 'nobody'}`, () => {
      expect(createClientAddressReader(trusted)(remote, header)).to.deep.equal({ address, forwardedFor });
    });
  }

  for (const entry of ['example.com', '10.0.0.0/33', '10.0.0.0/x', ''])
    it(`refuses ${JSON.stringify(entry)} as a trusted proxy`, () => {
      expect(() => createClientAddressReader([entry]))
        .to.throw()
        .with.property('code', 'ERR_INGRESS_TRUSTED_PROXY');
    });
});
