import { expect } from 'chai';
import { describe, it } from 'mocha';
import { errorsPage } from '../../../scripts/reference/errors-page.ts';

const page = (text: string) => errorsPage([{ path: 'services/notes/src/note.ts', text }]);

describe('page of errors', () => {
  it('lists a code with who uses it and its text, what differs left open', () => {
    const text = "throw new SallyportError('ERR_NOTE_TOO_LONG', `note $" + '{name.slice(0, 3)} is longer`, {});';
    expect(page(text)).to.contain('| `ERR_NOTE_TOO_LONG` | services/notes | note … is longer |');
  });

  it('lists a code whose text is made elsewhere', () => {
    expect(page("refuse('ERR_NOTE_ABSENT', id)")).to.contain('| `ERR_NOTE_ABSENT` | services/notes |  |');
  });

  it('keeps markup of a text from breaking the table', () => {
    expect(page("fail('ERR_NOTE_WORD', 'a | b <c>')")).to.contain('a \\| b &lt;c>');
  });

  it('lists every number of the ingress once, in order', () => {
    const numbers = [...page('').matchAll(/^\| \[(SP-\d+)\]/gm)].map(([, number = '']) => number);
    expect(numbers.length).to.be.greaterThan(20);
    expect(numbers).to.deep.equal([...new Set(numbers)].sort((a, b) => a.localeCompare(b)));
  });
});
