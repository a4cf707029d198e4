import { expect } from 'chai';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { Roster } from '#libs/roster';

describe('roster', () => {
  it('does what a Set does, whatever comes and goes', () => {
    const step = fc.tuple(fc.constantFrom('add', 'delete', 'clear', 'add', 'delete'), fc.integer({ min: 0, max: 9 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const members = Array.from({ length: 10 }, (_, id) => ({ id }));
        const [roster, other, model] = [new Roster<object>(), new Roster<object>(), new Set<object>()];
        for (const member of members) other.add(member);
        for (const [kind, index] of steps) {
          const member = members[index] ?? {};
          if (kind === 'add') roster.add(member);
          if (kind === 'add') model.add(member);
          if (kind === 'delete') expect(roster.delete(member)).to.equal(model.delete(member));
          if (kind === 'clear') roster.clear();
          if (kind === 'clear') model.clear();
          expect(roster.has(member)).to.equal(model.has(member));
          expect(roster.size).to.equal(model.size);
        }
        expect([...roster]).to.have.members([...model]);
        expect([...other]).to.deep.equal(members);
      }),
    );
  });

  it('visits those who were there when the walk began', () => {
    const members = [{ id: 1 }, { id: 2 }, { id: 3 }];
    const roster = new Roster<{ id: number }>();
    for (const member of members) roster.add(member);
    const seen: number[] = [];
    for (const member of roster) {
      seen.push(member.id);
      for (const each of members) roster.delete(each);
    }
    expect([seen, roster.size]).to.deep.equal([[1, 2, 3], 0]);
  });
});
