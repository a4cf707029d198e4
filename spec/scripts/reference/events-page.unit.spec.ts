import { expect } from 'chai';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { fieldsOf } from '../../../scripts/reference/describe-schema.ts';
import { eventsPage } from '../../../scripts/reference/events-page.ts';

describe('fields of a fact in the reference', () => {
  const rows: readonly (readonly [string, z.ZodType, string])[] = [
    ['text', z.string(), 'text'],
    ['bounded text', z.string().min(1).max(120), 'text, 1 to 120 characters'],
    ['a pattern with a bar', z.string().regex(/^(a|b)$/), 'text like `^(a\\|b)$`'],
    ['an instant', z.iso.datetime(), 'instant, ISO-8601 UTC'],
    ['a choice', z.enum(['oidc', 'passthrough']), '`oidc`, `passthrough`'],
    ['a bounded whole number', z.number().int().min(1).max(3600), 'whole number, 1 to 3600'],
    ['any whole number', z.number().int(), 'whole number'],
    ['a list', z.array(z.string().max(128)).max(200), 'list, at most 200 of: text, at most 128 characters'],
    ['a value that may be null', z.boolean().nullable(), 'boolean or null'],
    ['a value that may be absent', z.boolean().optional(), 'boolean, optional'],
  ];
  for (const [name, schema, expected] of rows) {
    it(`describe ${name}`, () => {
      expect(fieldsOf(z.object({ field: schema }))).to.deep.equal([{ name: 'field', description: expected }]);
    });
  }

  it('of a nested object carry the name of the outer one', () => {
    const schema = z.object({ cookieFlags: z.object({ httpOnly: z.boolean() }) });
    expect(fieldsOf(schema).map(({ name }) => name)).to.deep.equal(['cookieFlags.httpOnly']);
  });

  it('of objects in a list are described in place', () => {
    const schema = z.object({ urls: z.array(z.object({ from: z.string(), to: z.string().optional() })) });
    expect(fieldsOf(schema)[0]?.description).to.equal('list of: object (`from`: text; `to`: text, optional)');
  });

  it('that have no words here stop the generation', () => {
    expect(() => fieldsOf(z.object({ field: z.tuple([z.string()]) }))).to.throw('no words for schema');
    expect(() => fieldsOf(z.string())).to.throw('expected the schema of an object');
  });
});

describe('page of event types', () => {
  const noted = { version: 2, schema: z.object({ text: z.string() }) };

  it('lists owner, noun, fact, version and fields', () => {
    const page = eventsPage([{ context: 'notes', thing: 'note', facts: { NoteTaken: noted } }]);
    expect(page).to.contain('## notes\n\n### note\n');
    expect(page).to.contain('| `NoteTaken` | 2 | `text`: text |');
  });

  it('does not depend on the order of the types', () => {
    const a = { context: 'a', thing: 'x', facts: { NoteTaken: noted } };
    const b = { context: 'b', thing: 'y', facts: { NoteTaken: noted } };
    expect(eventsPage([a, b])).to.equal(eventsPage([b, a]));
  });
});
