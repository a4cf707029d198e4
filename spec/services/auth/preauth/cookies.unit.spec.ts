import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  accessCookie,
  clearAll,
  clearStale,
  createBinding,
  deviceOf,
  hasBinding,
  MAX_PARALLEL_SIGN_INS,
} from '../../../../services/auth/src/preauth/cookies.ts';

describe('cookies', () => {
  it('carry the flags of the app, and are always host-only and secure', () => {
    const flags = { httpOnly: false, persistent: true, sameSite: 'none' } as const;
    expect(accessCookie('v', flags, 120)).to.equal(
      '__Host-sallyport-access=v; Path=/; Secure; SameSite=None; Max-Age=120',
    );
    const usual = { httpOnly: true, persistent: false, sameSite: 'lax' } as const;
    expect(accessCookie('v', usual, 120)).to.equal('__Host-sallyport-access=v; Path=/; Secure; SameSite=Lax; HttpOnly');
  });

  it('bind to the browser that holds the secret, and to no other', () => {
    const { suffix, hash, setCookie } = createBinding();
    const [pair = ''] = setCookie.split(';');
    const [name = '', secret = ''] = pair.split('=');
    expect(hasBinding({ [name]: secret }, { suffix, hash })).to.equal(true);
    expect(hasBinding({ [name]: `${secret}x` }, { suffix, hash })).to.equal(false);
    expect(hasBinding({ [name]: secret }, { suffix, hash: '' })).to.equal(false);
    expect(hasBinding({ [name]: secret }, { suffix: 'other', hash })).to.equal(false);
    expect(hasBinding({}, { suffix, hash })).to.equal(false);
  });

  it('of unfinished sign-ins are cleared at the bound', () => {
    const unfinished = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`__Host-sallyport-bind-${index}`, 'x']));
    expect(clearStale(unfinished(MAX_PARALLEL_SIGN_INS - 1), 'bind')).to.deep.equal([]);
    expect(clearStale(unfinished(MAX_PARALLEL_SIGN_INS), 'bind')).to.have.length(MAX_PARALLEL_SIGN_INS);
    expect(clearStale(unfinished(MAX_PARALLEL_SIGN_INS), 'tx')).to.deep.equal([]);
  });

  it('are cleared by name only when the name is ours and harmless', () => {
    const names = [
      '__Host-sallyport-access',
      'other',
      '__Host-sallyport-x;y',
      '__Host-sallyport-a\r\nb',
      '__host-sallyport-x',
    ];
    const cleared = clearAll(Object.fromEntries(names.map((name) => [name, 'v'])));
    expect(cleared).to.deep.equal(['__Host-sallyport-access=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0']);
  });

  it('know a browser again for 400 days after its last sign-in, also when it signed out', () => {
    const { deviceId, setCookies } = deviceOf({});
    expect(deviceId).to.match(/^dev_[a-z2-7]{24}$/);
    const set = `__Host-sallyport-device=${deviceId}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=34560000`;
    expect(setCookies).to.deep.equal([set]);
    expect(deviceOf({ '__Host-sallyport-device': deviceId })).to.deep.equal({ deviceId, setCookies: [set] });
    expect(deviceOf({}).deviceId).to.not.equal(deviceId);
    expect(clearAll({ '__Host-sallyport-device': deviceId })).to.deep.equal([]);
  });

  for (const forged of ['', 'dev_', 'x'.repeat(8192), `dev_${'A'.repeat(24)}`, `dev_${'a'.repeat(24)}; Domain=x`])
    it(`replace a device that is no id of ours: ${forged.slice(0, 40)}`, () => {
      const { deviceId } = deviceOf({ '__Host-sallyport-device': forged });
      expect(deviceId).to.match(/^dev_[a-z2-7]{24}$/);
      expect(deviceId).to.not.equal(forged);
    });
});
