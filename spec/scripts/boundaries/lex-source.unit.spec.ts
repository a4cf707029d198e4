import { expect } from 'chai';
import { describe, it } from 'mocha';
import { lexSource } from '../../../scripts/boundaries/lex-source.ts';
import { readSource } from '../../../scripts/boundaries/source-file.ts';

describe('lexing a source', () => {
  it('keeps every index and line, also behind characters of two units', () => {
    const text = "const a = '😀';\n/* 😀 */ let b;";
    const { code } = lexSource(text);
    expect(code.length).to.equal(text.length);
    expect(code.indexOf('let b')).to.equal(text.indexOf('let b'));
  });

  it('blanks comments and the inside of literals', () => {
    const { code } = lexSource('a; // b\n/* c */ d("e", \'f\', `g`); /h"/.test(x);');
    expect(code.replace(/\s+/g, ' ')).to.equal('a; d(" ", \' \', ` `); .test(x);');
  });

  it('keeps the code inside of templates, however deep', () => {
    const { code, literals } = lexSource('`a${{ b: `c${d}e` }.b}f` + g');
    expect(code.replace(/\s+/g, '')).to.equal('`{b:`d`}.b`+g');
    expect(literals.map(({ head, hasExpression }) => [head, hasExpression])).to.deep.equal([
      ['a', true],
      ['c', true],
    ]);
  });

  it('tells a regular expression from a division', () => {
    expect(lexSource('a / b / "c"').literals).to.have.length(1);
    expect(lexSource('x = /["/]"/; "c"').literals).to.have.length(1);
    expect(lexSource('return /"/.test(a)').literals).to.have.length(0);
  });

  it('is not led astray by escapes', () => {
    expect(lexSource("'a\\'b' + 'c'").literals.map(({ head }) => head)).to.deep.equal(["a\\'b", 'c']);
    expect(lexSource('`\\`\\${a}` + 1').literals).to.have.length(1);
  });
});

describe('imports of a source', () => {
  it('are found in all their forms', () => {
    const text = `
import a from './a.ts';
import type { B } from './b.ts';
import { c,
  d } from "./c.ts";
import './e.ts';
export { f } from './f.ts';
export type { G } from './g.ts';
const h = await import('./h.ts');
// import i from './i.ts';
export const j = "from './j.ts'";
`;
    const { imports } = readSource('libs/x/src/a.ts', text);
    const found = imports.map(({ specifier, isTypeOnly, line }) => `${specifier} ${line}${isTypeOnly ? ' type' : ''}`);
    expect(found.sort()).to.deep.equal([
      './a.ts 2',
      './b.ts 3 type',
      './c.ts 4',
      './e.ts 6',
      './f.ts 7',
      './g.ts 8 type',
      './h.ts 9',
    ]);
  });
});
