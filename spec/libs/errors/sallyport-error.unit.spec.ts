import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isSallyportError, SallyportError, toPublicError } from '#libs/errors';

describe('SallyportError', () => {
  it('is recognized by its code', () => {
    const error = new SallyportError('ERR_APP_ABSENT', 'app "a" does not exist');
    expect(isSallyportError(error)).to.equal(true);
    expect(isSallyportError(error, 'ERR_APP_ABSENT')).to.equal(true);
    expect(isSallyportError(error, 'ERR_OTHER')).to.equal(false);
    expect(isSallyportError(new Error('x'))).to.equal(false);
  });

  it('shows nothing but the code unless it is exposed', () => {
    const hidden = new SallyportError('ERR_STORE', 'password is hunter2', { details: { secret: 'x' } });
    expect(toPublicError(hidden)).to.deep.equal({
      code: 'ERR_STORE',
      message: 'internal error',
      retryable: false,
      details: {},
    });
    expect(toPublicError(new TypeError('inside'))).to.deep.include({ code: 'ERR_INTERNAL' });
  });

  it('shows message and details when exposed', () => {
    const shown = new SallyportError('ERR_APP_URL', 'bad url', {
      expose: true,
      retryable: true,
      details: { url: 'x' },
    });
    expect(toPublicError(shown)).to.deep.equal({
      code: 'ERR_APP_URL',
      message: 'bad url',
      retryable: true,
      details: { url: 'x' },
    });
  });
});
