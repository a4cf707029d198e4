import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { readForm } from '#libs/identity';

describe('form of a page', () => {
  const url = 'https://idp.example/login/1';

  it('has an absolute action and the values of its named inputs', () => {
    const html = `<p><form method=post action="/go?a=1&amp;b=2"><input name="x" value="&lt;1&gt;"><input type=hidden name='y' value='2'>
      <input name=z value=3><input type="submit"></form><form action=/other></form>`;
    expect(readForm(html, url)).to.deep.equal({
      action: 'https://idp.example/go?a=1&b=2',
      fields: { x: '<1>', y: '2', z: '3' },
    });
  });

  it('goes back to the page without an action', () => {
    expect(readForm('<form><input name=a></form>', url)).to.deep.equal({ action: url, fields: { a: '' } });
  });

  it('is none on a page without a form', () => expect(readForm('<p>no</p>', url)).to.equal(null));

  it('is none when its action is no address', () => {
    expect(readForm('<form action="https://["></form>', url)).to.equal(null);
  });

  it('is read or not, but never throws on text of any kind', () => {
    const markup = fc.constantFrom(
      '<form',
      ' action=',
      '"',
      '>',
      '<input',
      ' name=',
      ' value=',
      '</form>',
      '&amp;',
      'https://[',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(markup, fc.string({ unit: 'binary' }))), (parts) => {
        readForm(parts.join(''), url);
      }),
    );
  });
});
