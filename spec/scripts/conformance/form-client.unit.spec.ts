import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Module = { readonly hiddenFieldsOf: (html: string, marker: RegExp) => Readonly<Record<string, string>> };
const { hiddenFieldsOf } = await loadScript<Module>('conformance/form-client.mjs');

const PAGE = `<form id="search"><input type="hidden" name="title" value="Search"></form>
<form id="edit" method="post"><input name="shown" value="x"/><input type="hidden" value="a+\\" name="token"/>
<input type="hidden" name="from" value="a&amp;b"><input type="hidden" name="section"/></form>`;

describe('conformance: forms', () => {
  it('reads the hidden fields of the form that is meant', () => {
    expect(hiddenFieldsOf(PAGE, /id="edit"/)).to.deep.equal({ token: 'a+\\', from: 'a&b', section: '' });
    expect(hiddenFieldsOf(PAGE, /id="search"/)).to.deep.equal({ title: 'Search' });
  });

  it('says that there is no such form', () => {
    expect(() => hiddenFieldsOf(PAGE, /id="login"/)).to.throw('no form');
  });
});
