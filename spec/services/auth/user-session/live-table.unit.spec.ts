import { expect } from 'chai';
import { describe, it } from 'mocha';
import { evolveUser, initialUserState, type UserFact, type UserState, userAggregate } from '#libs/contracts';
import { InMemoryEventStore } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { LiveTable } from '../../../../services/auth/src/user-session/live-table.ts';

const TENANT = 'default';
const disabled: UserFact = { type: 'UserDisabled', data: { subject: 's', directoryTenant: 't', detail: '' } };
const risky: UserFact = {
  type: 'UserRiskChanged',
  data: { subject: 's', directoryTenant: 't', detail: '', level: 'high' },
};

describe('table of live states', () => {
  const given = (max: number) => {
    const inner = new InMemoryEventStore({ types: [userAggregate] });
    const table = new LiveTable<UserFact, UserState>({
      type: userAggregate,
      evolve: evolveUser,
      initial: initialUserState,
      max,
      isInitialTrusted: true,
    });
    let loads = 0;
    let commands = 0;
    const store: typeof inner = Object.create(inner, {
      load: {
        value: (ref: Parameters<typeof inner.load>[0]) => {
          loads += 1;
          return inner.load(ref);
        },
      },
    });
    const append = async (id: string, fact: UserFact) => {
      const ref = { tenant: TENANT, type: userAggregate, id };
      const { revision } = await inner.load(ref);
      commands += 1;
      await inner.append(ref, revision, [fact], metadataOf(`cmd-${commands}`));
      const { commits } = await inner.load(ref);
      const last = commits.at(-1);
      if (last === undefined) throw new Error('nothing was appended');
      table.take(last);
    };
    const find = (id: string) => table.find(id, { store, tenant: TENANT, isLive: true });
    return { append, find, loads: () => loads };
  };

  it('asks nobody about people of whom nothing is recorded', async () => {
    const { append, find, loads } = given(2);
    await append('usr_a', disabled);
    expect((await find('usr_never')).state).to.deep.equal(initialUserState);
    expect((await find('usr_a')).state.status).to.equal('disabled');
    expect(loads()).to.equal(0);
  });

  it('reads from the store what had to go, and never takes a later fact for the whole', async () => {
    const { append, find, loads } = given(2);
    await append('usr_a', disabled);
    await append('usr_b', disabled);
    await append('usr_c', disabled);
    await append('usr_a', risky);
    expect((await find('usr_a')).state).to.include({ status: 'disabled', risk: 'high' });
    expect(loads()).to.equal(1);
    expect((await find('usr_a')).state.status).to.equal('disabled');
    expect(loads(), 'kept once it was read').to.equal(1);
    await append('usr_a', { ...disabled, type: 'UserEnabled' });
    expect((await find('usr_a')).state).to.include({ status: 'enabled', risk: 'high' });
    expect((await find('usr_never')).state).to.deep.equal(initialUserState);
  });
});
