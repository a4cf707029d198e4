import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { z } from 'zod';
import {
  type AggregateType,
  type CommitFilter,
  factsOf,
  InMemoryEventStore,
  isSubjectToken,
  recordedFactsOf,
} from '#libs/events';
import { commitOf, deciderSpec, metadataOf } from '#libs/events/testing';
import { decodeCommit, encodeCommit, typeLookup } from '../../../libs/events/src/commit-codec.ts';
import { matchesFilters, subjectFiltersOf } from '../../../libs/events/src/commit-filter.ts';
import { by, codeOf, counter, counterAggregate, freshRef, named } from '../../contracts/event-store/counter.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 });
const lookup = typeLookup([counterAggregate]);

describe('commit codec', () => {
  it('gives back every well-formed commit as it was', () => {
    const facts = fc.array(fc.oneof(fc.integer().map(by), text.map(named)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(facts, text, text, text, (given, id, name, causationId) => {
        const metadata = metadataOf('cmd', { actor: { kind: 'user', id, name }, correlationId: id, causationId });
        const ref = freshRef();
        const { subject, headers, data } = encodeCommit(ref, given, metadata);
        for (const [, value] of headers) expect(value).to.match(/^[\x21-\x7e]*$/);
        const byName = new Map(headers);
        const commit = decodeCommit(lookup, { subject, position: 3, data, header: (header) => byName.get(header) });
        expect(commit).to.deep.equal(commitOf(ref, given, { position: 3, metadata }));
      }),
    );
  });

  it('answers any bytes and any headers with a commit or ERR_EVENTS_UNREADABLE', async () => {
    const header = fc.option(fc.string({ unit: 'binary', maxLength: 40 }), { nil: undefined });
    const data = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((json) => new TextEncoder().encode(`{"facts":[${json}]}`)),
    );
    await fc.assert(
      fc.asyncProperty(data, header, async (bytes, value) => {
        const stored = { subject: 'evt.t.testing.counter.c', position: 1, data: bytes, header: () => value };
        const code = await codeOf((async () => decodeCommit(lookup, stored))());
        expect(code).to.equal('ERR_EVENTS_UNREADABLE');
      }),
    );
  });

  it('does not store fields the schema does not know', async () => {
    const [store, ref] = [new InMemoryEventStore(), freshRef()];
    const withSecret = { type: 'CounterNamed', data: { name: 'n', password: 'p' } } as const;
    await store.append(ref, 0, [withSecret], metadataOf('cmd'));
    expect((await store.load(ref)).facts).to.deep.equal([named('n')]);
  });

  it('says so when an older version has no upcaster', async () => {
    const [store, ref] = [new InMemoryEventStore(), freshRef()];
    await store.append(ref, 0, [by(1)], metadataOf('cmd'));
    const facts = { CounterIncremented: { version: 2, schema: z.object({ by: z.number() }) } };
    const today: AggregateType = { context: 'testing', thing: 'counter', facts };
    expect(await codeOf(store.load({ ...ref, type: today }))).to.equal('ERR_EVENTS_UNREADABLE');
  });

  it('names facts and their kind', () => {
    const commit = commitOf(freshRef(), [by(1), named('n')], { metadata: { commandId: 'c' } });
    const ids = recordedFactsOf(counterAggregate, commit).map(({ factId, version }) => `${factId} v${version}`);
    expect(ids).to.deep.equal(['c.0 v1', 'c.1 v1']);
    expect(factsOf({ ...counterAggregate, thing: 'other' }, commit)).to.deep.equal([]);
  });
});

describe('commit filters', () => {
  const part = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined });
  const filter: fc.Arbitrary<CommitFilter> = fc
    .record({ tenant: part, context: part, thing: part, id: part })
    .map((parts) => Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)));
  const one = fc.constantFrom('a', 'b', 'c');
  const address = fc.record({ tenant: one, context: one, thing: one, id: one });
  const lets = (subject: string, name: string) =>
    subject.split('.').every((token, index) => token === '*' || token === name.split('.')[index]);

  it('become subjects that let through all that is asked and never overlap', () => {
    fc.assert(
      fc.property(fc.array(filter, { minLength: 1, maxLength: 8 }), address, (filters, at) => {
        const subjects = subjectFiltersOf(filters);
        const through = subjects.filter((subject) =>
          lets(subject, `evt.${at.tenant}.${at.context}.${at.thing}.${at.id}`),
        );
        expect(through.length).to.be.at.most(1);
        if (matchesFilters(filters, at)) expect(through).to.have.length(1);
      }),
      { numRuns: 1000 },
    );
  });

  it('stay exact when they do not overlap', () => {
    expect(
      subjectFiltersOf([
        { tenant: 't', thing: 'app' },
        { tenant: 't', thing: 'connector' },
      ]),
    ).to.deep.equal(['evt.t.*.app.*', 'evt.t.*.connector.*']);
    expect(subjectFiltersOf([{}])).to.deep.equal(['evt.*.*.*.*']);
  });
});

describe('isSubjectToken', () => {
  it('takes 1 to 128 characters of a-z, 0-9, _ and -', () => {
    expect(['a', '0_-z', 'x'.repeat(128)].every(isSubjectToken)).to.equal(true);
    expect(['', 'A', 'a.b', '*', '>', 'a\n', 'x'.repeat(129)].some(isSubjectToken)).to.equal(false);
  });
});

describe('deciderSpec', () => {
  const check = deciderSpec(counter);

  it('compares facts and codes', () => {
    check({ given: [by(1)], when: 'increment', facts: [by(1)] });
    check({ when: 'nothing', facts: [] });
    expect(() => check({ when: 'increment', facts: [by(2)] })).to.throw('deeply equal');
    expect(() => check({ when: 'increment', error: 'ERR_COUNTER_FULL' })).to.throw('error code');
  });
});
