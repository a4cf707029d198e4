import { expect } from 'chai';
import { describe, it } from 'mocha';
import { accessPolicy, POLICY_SET_ID, type PolicySetFact, policySetAggregate } from '#libs/contracts';
import { type EventStore, type FollowOptions, InMemoryEventStore } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { createLogger } from '#libs/telemetry';
import {
  type CurrentPolicySet,
  startPolicySet,
} from '../../../../services/auth/src/conditional-access/policy-set-view.ts';
import { until } from '../../../support/until.ts';

const TENANT = 'default';
const logger = createLogger({ service: 'spec', write: () => undefined });
const put = (id: string): PolicySetFact => ({
  type: 'AccessPolicyPut',
  data: {
    isForced: false,
    policy: accessPolicy.parse({
      id,
      name: id,
      state: 'on',
      assignments: { users: { include: 'all' }, apps: { include: 'all' } },
      grant: { kind: 'allow' },
    }),
  },
});
let commands = 0;

describe('policy set in memory', () => {
  const append = async (store: EventStore, ...facts: PolicySetFact[]) => {
    const ref = { tenant: TENANT, type: policySetAggregate, id: POLICY_SET_ID };
    const { revision } = await store.load(ref);
    commands += 1;
    const outcome = await store.append(ref, revision, facts, metadataOf(`cmd-${commands}`));
    if (outcome.status !== 'appended') throw new Error(outcome.status);
    return outcome.revision;
  };
  const idsOf = ({ state }: CurrentPolicySet) => state.policies.map(({ document }) => document.id);

  it('holds history when it has started, and names its revision', async () => {
    const store = new InMemoryEventStore({ types: [policySetAggregate] });
    const none = await startPolicySet({ store, tenant: TENANT, logger });
    expect(none.current()).to.deep.equal({ revision: 0, state: { changes: 0, policies: [], locations: [] } });
    await append(store, put('a'), put('b'));
    const revision = await append(store, put('c'));
    const live = await startPolicySet({ store, tenant: TENANT, logger });
    expect(live.current().revision).to.equal(revision);
    expect(idsOf(live.current())).to.deep.equal(['a', 'b', 'c']);
    await Promise.all([none.stop(), live.stop()]);
    await live.stop();
  });

  it('tells each change once, when it is current, and none of before the start', async () => {
    const store = new InMemoryEventStore({ types: [policySetAggregate] });
    await append(store, put('old'));
    const told: unknown[] = [];
    const live = await startPolicySet({
      store,
      tenant: TENANT,
      logger,
      onChange: (current) => told.push([current.revision, idsOf(current), live.current() === current]),
    });
    const first = await append(store, put('a'), put('b'));
    const second = await append(store, put('c'));
    await live.waitFor(second, 2000);
    await until(() => told.length >= 2);
    expect(told).to.deep.equal([
      [first, ['old', 'a', 'b'], true],
      [second, ['old', 'a', 'b', 'c'], true],
    ]);
    await live.stop();
  });

  describe('once the stream cannot be read', () => {
    const brokenStore = (inner: EventStore) => {
      const broken = { isBroken: false, follows: 0, fail: (_error: Error) => {} };
      const store: EventStore = Object.assign(Object.create(inner) as EventStore, {
        follow: (options: FollowOptions) => {
          broken.follows += 1;
          broken.fail = (error) => options.onError?.(error);
          if (!broken.isBroken) return inner.follow(options);
          const caughtUp = Promise.reject(new Error('still unreadable'));
          caughtUp.catch(() => options.onError?.(new Error('still unreadable')));
          return { caughtUp, stop: async () => undefined };
        },
      });
      return { store, broken };
    };

    it('gives nothing any more, until all of it can be read again', async () => {
      const inner = new InMemoryEventStore({ types: [policySetAggregate] });
      const { store, broken } = brokenStore(inner);
      await append(inner, put('a'));
      const told: unknown[] = [];
      const live = await startPolicySet({
        store,
        tenant: TENANT,
        logger,
        readAgainMs: 5,
        onChange: ({ revision }) => told.push(revision),
      });
      broken.isBroken = true;
      broken.fail(new Error('unreadable'));
      expect(() => live.current()).to.throw('unreadable');
      const revision = await append(inner, put('b'));
      await until(() => broken.follows >= 4, { what: 'attempts to read it anew' });
      expect(() => live.current(), 'while attempts fail').to.throw('unreadable');
      expect(told).to.deep.equal([]);
      broken.isBroken = false;
      await until(() => told.length > 0, { what: 'the set that was read again' });
      expect(told).to.deep.equal([revision]);
      expect(idsOf(live.current())).to.deep.equal(['a', 'b']);
      const next = await append(inner, put('c'));
      await live.waitFor(next, 2000);
      expect(idsOf(live.current())).to.deep.equal(['a', 'b', 'c']);
      await live.stop();
    });

    it('does not start, and does not try again after it is stopped', async () => {
      const { store, broken } = brokenStore(new InMemoryEventStore({ types: [policySetAggregate] }));
      const live = await startPolicySet({ store, tenant: TENANT, logger, readAgainMs: 1 });
      broken.isBroken = true;
      const failure = await startPolicySet({ store, tenant: TENANT, logger, readAgainMs: 1 }).catch(
        (error: Error) => error,
      );
      expect(failure).to.be.an('error');
      broken.fail(new Error('unreadable'));
      await live.stop();
      const { follows } = broken;
      await new Promise((resolve) => setImmediate(resolve));
      expect(broken.follows).to.equal(follows);
    });
  });
});
