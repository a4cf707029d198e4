import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createPageFields, html, renderPage } from '#libs/pages';

describe('pages', () => {
  it('escapes every value, in text and in attributes', () => {
    const evil = `"><script>alert('1')</script>&`;
    const { text } = html`<a title="${evil}">${evil}</a>`;
    expect(text).not.to.match(/<script|alert\('/);
    expect(text.match(/&quot;&gt;&lt;script&gt;/g)).to.have.length(2);
  });

  it('joins lists, keeps markup and leaves out what is not there', () => {
    const items = ['a', '<b>'].map((it) => html`<li>${it}</li>`);
    expect(html`<ul>${items}${undefined}${null}${false}${0}</ul>`.text).to.equal(
      '<ul><li>a</li><li>&lt;b&gt;</li>0</ul>',
    );
  });

  it('allows exactly the style the page carries, and no script', () => {
    const page = renderPage({ title: 'T <1>', body: html`<p>x</p>` });
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    const fields = createPageFields();
    const policy = fields[fields.indexOf('Content-Security-Policy') + 1];
    expect(policy).to.contain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(policy)
      .to.match(/^default-src 'none'/)
      .and.not.to.contain('unsafe');
    expect(page).to.contain('<title>T &lt;1&gt; · Sallyport</title>').and.to.contain('<html lang="en">');
  });
});
