import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  accessCookie,
  clearAll,
  clearStale,
  createBinding,
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
});
